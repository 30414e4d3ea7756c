"""The steps against numpy: each objective, constraint and way to update."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from tests.training.reference_step import Reference, values
from wgan_tf.config import Config
from wgan_tf.training.draws import Draws, Moment, Replica
from wgan_tf.training.randomness import Purpose
from wgan_tf.training.state import TrainingState
from wgan_tf.training.step import Step

Randomize = Callable[[Iterable[keras.Variable]], None]
WHOLE = Replica(0, 1)
CLASSES = 3
OBJECTIVES = ("wasserstein", "minimax", "non_saturating", "hinge")
ADAM = {"optimizer": "adam", "beta_1": 0.3, "beta_2": 0.8}
RMSPROP = {"optimizer": "rmsprop", "rho": 0.7}
CONSTRAINTS: Mapping[str, dict[str, Any]] = {
    "none": {"lipschitz": "none", **ADAM},
    "clipping after": {"lipschitz": "weight_clipping", "clip_value": 0.4, **RMSPROP},
    "clipping before": {
        "lipschitz": "weight_clipping",
        "clip_value": 0.4,
        "clip_timing": "before_update",
        **RMSPROP,
    },
    "penalty": {"lipschitz": "gradient_penalty", "penalty_weight": 3.0, **ADAM},
    "one-sided penalty": {
        "lipschitz": "one_sided_gradient_penalty",
        "penalty_weight": 3.0,
        **ADAM,
    },
    "spectral norm": {"lipschitz": "spectral_norm", **ADAM},
}
SEPARATE = [name for name in CONSTRAINTS if "penalty" not in name]


def at(step: int) -> tf.Tensor:
    return tf.constant(step, tf.int64)


def assert_equal(step: Mapping[str, tf.Tensor], by_hand: Mapping[str, Any]) -> None:
    for name, value in by_hand.items():
        np.testing.assert_allclose(step[name], value, rtol=1e-9, atol=1e-9, err_msg=name)


def assert_same_state(state: TrainingState, reference: Reference) -> None:
    pairs = {
        "critic": (state.critic.trainable_variables, reference.critic),
        "directions": (state.critic.non_trainable_variables, reference.norms.vectors),
        "generator": (state.generator.trainable_variables, reference.generator),
        "moments": (state.generator.non_trainable_variables, reference.moments),
    }
    for name, (variables, expected) in pairs.items():
        for value, wanted in zip(values(variables), expected, strict=True):
            np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-9, err_msg=name)


def follow(config: Config, randomize: Randomize) -> None:
    """Takes critic steps and a generator step, and compares each with the reference's."""
    batch_size = config.batch_size
    num_classes = CLASSES if config.conditional != "none" else 0
    state = TrainingState(config, info_of((2,), num_classes))
    randomize([*state.generator.variables, *state.critic.variables])
    weights = (1,) * num_classes
    step, reference = Step(config, state, weights), Reference(config, state)
    draws = Draws(config, weights, "float64")
    random = np.random.default_rng(5)

    def drawn(moment: Moment, latent: Purpose, label: Purpose) -> list[np.ndarray | None]:
        inputs = draws.generator_inputs(moment, latent, label, batch_size)
        return [*(value.numpy() for value in inputs), None][:2]

    for critic_step in range(2):
        moment = Moment(at(7), critic_step, WHOLE)
        latent, drawn_label = drawn(moment, Purpose.CRITIC_LATENT, Purpose.CRITIC_LABEL)
        mixing = draws.uniform(moment, Purpose.MIXING, ()).numpy()
        real = random.normal(size=(batch_size, 2))
        label = random.integers(CLASSES, size=batch_size).astype(np.int32) if num_classes else None
        if config.critic_step_labels == "real":
            drawn_label = label
        expected = reference.critic_step(real, label, latent, drawn_label, mixing)
        real_label = None if label is None else tf.constant(label)
        metrics = step.critic_step(tf.constant(real), real_label, at(7), critic_step, WHOLE)
        assert set(metrics) == {*step.critic_metrics, *step.critic_gradients}
        assert set(expected) == set(step.critic_metrics)
        assert_equal(metrics, expected)
        assert_same_state(state, reference)

    moment = Moment(at(7), 0, WHOLE)
    latent, label = drawn(moment, Purpose.GENERATOR_LATENT, Purpose.GENERATOR_LABEL)
    expected = reference.generator_step(latent, label)
    metrics = step.generator_step(at(7), WHOLE)
    assert set(metrics) == {*step.generator_metrics, *step.generator_gradients}
    assert set(expected) == set(step.generator_metrics)
    assert_equal(metrics, expected)
    assert_same_state(state, reference)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_joint_update_is_on_the_sum_of_both_losses(
    constraint: str, objective: str, small_config: Config, randomize: Randomize
) -> None:
    changes = CONSTRAINTS[constraint]
    follow(dataclasses.replace(small_config, objective=objective, **changes), randomize)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("constraint", SEPARATE)
def test_separate_updates_are_on_one_loss_after_the_other(
    constraint: str, objective: str, small_config: Config, randomize: Randomize
) -> None:
    changes = {**CONSTRAINTS[constraint], "critic_updates": "separate"}
    follow(dataclasses.replace(small_config, objective=objective, **changes), randomize)


@pytest.mark.parametrize("constraint", ["clipping before", "penalty"])
def test_the_critics_step_may_take_what_the_generator_would_draw(
    constraint: str, small_config: Config, randomize: Randomize
) -> None:
    # Without dropout and by its moving statistics, which stay as they are.
    config = dataclasses.replace(
        small_config,
        critic_step_generator="inference",
        **CONSTRAINTS[constraint],
    )
    follow(config, randomize)


LABELED: Mapping[str, dict[str, Any]] = {
    "real alone": {"generator_conditioning": "multiply"},
    "both": {"generator_conditioning": "concatenate", "classify_generated": True},
    "labels of real": {"generator_conditioning": "batch_norm", "critic_step_labels": "real"},
    "both, labels of real, separate": {
        "generator_conditioning": "multiply",
        "classify_generated": True,
        "critic_step_labels": "real",
        "critic_updates": "separate",
        "critic_step_generator": "inference",
    },
    "real alone, separate": {
        "generator_conditioning": "batch_norm",
        "critic_updates": "separate",
    },
}


@pytest.mark.parametrize("constraint", ["penalty", "clipping after", "spectral norm"])
@pytest.mark.parametrize("labeled", LABELED)
def test_classification_is_added_by_its_weights(
    labeled: str, constraint: str, small_config: Config, randomize: Randomize
) -> None:
    changes = LABELED[labeled]
    if constraint == "penalty" and "critic_updates" in changes:
        constraint = "none"
    config = dataclasses.replace(
        small_config,
        conditional="auxiliary_classifier",
        critic_class_weight=0.7,
        generator_class_weight=0.3,
        **CONSTRAINTS[constraint],
        **changes,
    )
    follow(config, randomize)
