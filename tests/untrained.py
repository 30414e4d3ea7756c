"""Runs whose generator was not trained."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.networks import registry
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.model_card import ModelCard

CLASSES = ("sandal", "bag", "7")


def write_run(
    path: Path,
    config: Config,
    *,
    example_shape: tuple[int, ...] = (8, 8, 1),
    class_names: tuple[str, ...] | None = CLASSES,
    digest: str = "digest",
    steps: Sequence[int] = (3,),
) -> RunFolder:
    """A run's folder with a checkpoint a step; each has other variables."""
    folder = RunFolder(str(path))
    folder.write(config, DatasetInfo(example_shape, 10, class_names, digest))
    generator = build_generator(config, example_shape, class_names)
    for step in steps:
        write_checkpoint(folder.checkpoints, generator, step)
    return folder


def build_generator(
    config: Config,
    example_shape: tuple[int, ...] = (8, 8, 1),
    class_names: tuple[str, ...] | None = CLASSES,
) -> keras.Model:
    return registry.build_average_generator(config, DatasetInfo(example_shape, 10, class_names))


def write_checkpoint(directory: str, generator: keras.Model, step: int) -> None:
    for number, variable in enumerate(generator.trainable_variables):
        values = np.random.default_rng([step, number]).normal(size=variable.shape)
        variable.assign(values / np.sqrt(max(1, variable.shape[0])))
    state = tf.train.Checkpoint(average_generator=generator)
    manager = tf.train.CheckpointManager(state, directory, max_to_keep=9, checkpoint_name="step")
    manager.save(checkpoint_number=step)


def card_of(spec: GeneratorSpec) -> ModelCard:
    """What an export of such a generator says of itself."""
    return ModelCard(
        dataset="digits",
        num_examples=10,
        generator=dataclasses.replace(spec, pixel_scale=None),
        step=5,
        metrics={"fid_random": {"step": 4, "value": 12.5}},
        license=None,
        versions={"wgan_tf": "0"},
        config={"steps": 5},
    )
