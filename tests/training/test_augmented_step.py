"""What the critic sees of images that are changed at random."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from wgan_tf.config import Config
from wgan_tf.training.draws import Draws, Moment, Replica
from wgan_tf.training.randomness import Purpose
from wgan_tf.training.state import TrainingState
from wgan_tf.training.step import Step

Randomize = Callable[[Iterable[keras.Variable]], None]
WHOLE = Replica(0, 1)
IMAGES = np.random.default_rng(5).integers(256, size=(4, 8, 8, 1), dtype=np.uint8)


def at(step: int) -> tf.Tensor:
    return tf.constant(step, tf.int64)


@pytest.fixture
def config(dcgan_config: Config) -> Config:
    return dataclasses.replace(dcgan_config, batch_size=4, precision="float64")


def critic_step(
    config: Config, images: np.ndarray, randomize: Randomize
) -> Mapping[str, np.ndarray]:
    state = TrainingState(config, info_of((8, 8, 1)))
    randomize([*state.generator.variables, *state.critic.variables])
    metrics = Step(config, state, ()).critic_step(tf.constant(images), None, at(7), 2, WHOLE)
    return {name: value.numpy() for name, value in metrics.items()}


def assert_same(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_allclose(value, second[name], rtol=1e-9, err_msg=name)


def test_mirrored_real_images_are_those_flipped_by_the_steps_draw(
    config: Config, randomize: Randomize
) -> None:
    moment = Moment(at(7), 2, WHOLE)
    drawn = Draws(config, (), "float64").uniform(moment, Purpose.MIRROR, ()).numpy()
    assert 0 < np.sum(drawn < 0.5) < 4
    by_hand = IMAGES.copy()
    by_hand[drawn < 0.5] = by_hand[drawn < 0.5, :, ::-1]
    mirrored = dataclasses.replace(config, mirror=True)
    found = critic_step(mirrored, IMAGES, randomize)
    assert_same(found, critic_step(config, by_hand, randomize))
    assert found["critic_loss"] != critic_step(config, IMAGES, randomize)["critic_loss"]


@pytest.mark.parametrize("change", [{"mirror": True}])
def test_what_is_measured_is_not_changed(
    change: dict[str, Any], config: Config, randomize: Randomize
) -> None:
    def measured(config: Config) -> dict[str, Any]:
        state = TrainingState(config, info_of((8, 8, 1)))
        randomize([*state.generator.variables, *state.critic.variables])
        step = Step(config, state, ())
        norms = step.gradient_norms(tf.constant(IMAGES), at(7))
        return {**step.held_out_metrics(tf.constant(IMAGES), at(7)), "norms": norms}

    assert_same(measured(config), measured(dataclasses.replace(config, **change)))
