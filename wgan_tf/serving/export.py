"""Exporting a run's moving-average generator."""

import dataclasses
from collections.abc import Iterator, Sequence

import keras
import numpy as np

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.files import copy_directory, require_writable
from wgan_tf.latents import sample_latents
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.networks import registry
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.formats import build_served_model, check_installed, write_converted
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.model_card import ModelCard
from wgan_tf.serving.saved_model import write_saved_model
from wgan_tf.serving.served_module import ServedModule, build_served_module
from wgan_tf.serving.trained_generator import restore_generator, restore_module
from wgan_tf.training.chosen_checkpoint import Checkpoint

SAVED_MODEL = "saved_model"
# Latents on which a converted model is compared with the original.
PROBES = 64


def export(folder: RunFolder, checkpoint: Checkpoint = "last", license: str | None = None) -> str:
    """Writes a run's checkpoint as the next SavedModel and returns its path.

    Args:
        folder: the run's.
        checkpoint: which one.
        license: under which the model may be used; kept in its model card.

    Raises:
        UserError: no run or checkpoint is there, or the folder cannot be written.
    """
    module, step = restore_module(folder, checkpoint)
    require_writable(folder.exports)
    return write_run_saved_model(folder, module, step, license)


def export_formats(
    folder: RunFolder,
    formats: Sequence[str],
    checkpoint: Checkpoint = "last",
    license: str | None = None,
) -> Iterator[str]:
    """Writes a run's checkpoint in several formats: a SavedModel, and files in `converted`.

    Args:
        folder: the run's.
        formats: saved_model, or those of `serving.formats.FORMATS`.
        checkpoint: which one.
        license: under which the model may be used; kept in the SavedModel's card.

    Yields:
        A line about each format: its path, and how much it differs from the original.

    Raises:
        UserError: a format or its packages, the run or its checkpoint are not there, or the
            folder cannot be written.
        ExportError: a converted model does not do what the original does.
    """
    converted = [name for name in formats if name != SAVED_MODEL]
    for name in converted:
        check_installed(name)
    generator, step = restore_generator(folder, checkpoint)
    config, info = folder.read_config(), folder.read_info()
    module = build_served_module(generator, GeneratorSpec.of_run(config, info))
    require_writable(folder.path)
    if SAVED_MODEL in formats:
        yield write_run_saved_model(folder, module, step, license)
    if not converted:
        return
    model = build_served_model(_in_single_precision(config, info, generator), module.spec)
    probes = _probes(module.spec)
    (expected,) = module.serving_default(**probes).values()
    for name in converted:
        path = f"{folder.converted}/step_{step:07d}.{name}"
        difference = write_converted(model, name, path, probes, expected.numpy())
        yield f"{path}: max abs error {difference:.1e} on {PROBES} latents"


def write_run_saved_model(
    folder: RunFolder, module: ServedModule, step: int, license: str | None = None
) -> str:
    """Writes a run's generator, as it is served, as the next SavedModel and returns its path."""
    card = ModelCard.of_run(
        folder.read_config(),
        folder.read_info(),
        step=step,
        metrics=read_metrics(folder.metrics_file),
        license=license,
    )
    path = write_saved_model(module, folder.exports, card)
    if folder.published_model:
        copy_directory(path, folder.published_model)
    return path


def _in_single_precision(config: Config, info: DatasetInfo, generator: keras.Model) -> keras.Model:
    single = registry.build_average_generator(
        dataclasses.replace(config, precision="float32"), info
    )
    single.set_weights(generator.get_weights())
    return single


def _probes(spec: GeneratorSpec) -> dict[str, np.ndarray]:
    latent = sample_latents(PROBES, 0, spec.latent_dim, spec.latent_distribution).numpy()
    if not spec.num_classes:
        return {"latent": latent}
    return {"latent": latent, "label": np.arange(PROBES, dtype=np.int32) % spec.num_classes}
