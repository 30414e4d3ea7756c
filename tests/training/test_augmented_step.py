"""What the critic sees of images that are changed at random."""

import dataclasses
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from wgan_tf import augmentation
from wgan_tf.config import Config
from wgan_tf.pixels import PixelScale
from wgan_tf.training.draws import Draws, Moment, Replica
from wgan_tf.training.randomness import Purpose
from wgan_tf.training.state import TrainingState
from wgan_tf.training.step import Step

Randomize = Callable[[Iterable[keras.Variable]], None]
WHOLE = Replica(0, 1)
STATE = (
    "generator_loss_scale",
    "critic_loss_scale",
    "generator",
    "average_generator",
    "generator_optimizer",
    "critic_optimizer",
    "step",
    "rollbacks",
    "augment_probability",
)
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
    step = Step(config, state, ())
    metrics = step.critic_step(tf.constant(images), None, at(7), 2, WHOLE)
    return {name: metrics[name].numpy() for name in step.critic_metrics}


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


@pytest.mark.parametrize("change", [{"mirror": True}, {"augment": "diffaugment"}])
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


class Onlooker:
    """Passes on to a critic what it is given, and keeps it."""

    def __init__(self, critic: keras.Model) -> None:
        self._critic = critic
        self.seen: list[np.ndarray] = []

    def __call__(self, examples: tf.Tensor, **options: Any) -> tf.Tensor:
        self.seen.append(examples.numpy())
        return self._critic(examples, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._critic, name)


def seen_in_steps(config: Config, randomize: Randomize) -> list[np.ndarray]:
    """What the critic is given in a critic step, its penalty, and a generator step."""
    state = TrainingState(config, info_of((8, 8, 1)))
    randomize([*state.generator.variables, *state.critic.variables])
    step = Step(config, state, ())
    found = types.SimpleNamespace(**{name: getattr(state, name) for name in STATE})
    found.critic = onlooker = Onlooker(state.critic)
    step._state = found
    step.critic_step(tf.constant(IMAGES), None, at(7), 2, WHOLE)
    step.generator_step(at(7), WHOLE)
    return onlooker.seen


def test_the_critic_sees_augmented_images_and_what_lies_between_them(
    config: Config, randomize: Randomize
) -> None:
    # No generator's step may differ for the critic's before it.
    config = dataclasses.replace(config, critic_learning_rate=0.0, generator_batch_multiple=2)
    both, _, drawn_for_generator = seen_in_steps(config, randomize)
    changed = dataclasses.replace(config, augment="diffaugment")
    found, between, found_for_generator = seen_in_steps(changed, randomize)
    draws = Draws(config, (), "float64")
    scale = PixelScale(-1.0, 1.0)

    def augmented(images: np.ndarray, purpose: Purpose, critic_step: int, multiple: int) -> Any:
        moment = Moment(at(7), critic_step, WHOLE)
        drawn = draws.uniform(moment, purpose, (augmentation.NUMBERS,), multiple=multiple)
        return augmentation.augment(images, drawn, scale).numpy()

    real = augmented(both[:4], Purpose.REAL_AUGMENTATION, 2, 1)
    generated = augmented(both[4:], Purpose.GENERATED_AUGMENTATION, 2, 1)
    np.testing.assert_allclose(found, np.concatenate([real, generated]), atol=1e-12)
    mixing = draws.uniform(Moment(at(7), 2, WHOLE), Purpose.MIXING, ()).numpy()
    share = mixing[:, None, None, None]
    np.testing.assert_allclose(between, share * real + (1 - share) * generated, atol=1e-12)
    np.testing.assert_allclose(
        found_for_generator,
        augmented(drawn_for_generator, Purpose.GENERATOR_STEP_AUGMENTATION, 0, 2),
        atol=1e-12,
    )
