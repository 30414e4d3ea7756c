"""Many steps in one call against numpy: which batches are taken, and what the metrics are of."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.trajectory import open_data
from tests.training.reference_step import Reference, values
from wgan_tf.config import Config
from wgan_tf.data.batches import batch_indices
from wgan_tf.training.draws import Draws, Moment, Replica
from wgan_tf.training.randomness import Purpose
from wgan_tf.training.trainer import Trainer

Randomize = Callable[[Iterable[keras.Variable]], None]
CRITIC_STEPS = 3
# Fewer than four generator steps take where each critic step has a batch of its own.
EXAMPLES = 40
WAYS: dict[str, dict[str, Any]] = {
    "new batches, joint": {"penalty_weight": 3.0},
    "a penalty in every second step": {"penalty_weight": 3.0, "penalty_every": 2},
    "a penalty in every second step, the same batch": {
        "penalty_weight": 3.0,
        "penalty_every": 2,
        "critic_batches": "same",
    },
    "the same batch, separate": {
        "critic_batches": "same",
        "critic_updates": "separate",
        "critic_step_generator": "inference",
        "lipschitz": "weight_clipping",
        "clip_value": 0.4,
        "clip_timing": "before_update",
        "optimizer": "rmsprop",
        "learning_rate_decay": "linear",
        "steps": 8,
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_steps_are_taken_one_after_the_other(
    way: str, small_config: Config, randomize: Randomize, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "points.npy"
    np.save(file, np.random.default_rng(2).normal(size=(EXAMPLES, 2)).astype(np.float32))
    config = dataclasses.replace(
        small_config, dataset=f"npy:{file}", critic_steps=CRITIC_STEPS, **WAYS[way]
    )
    store = open_data(config, str(tmp_path / "data"))
    trainer = Trainer(config, store, tf.distribute.OneDeviceStrategy("/cpu:0"))
    state = trainer.state
    randomize([*state.generator.variables, *state.critic.variables])
    reference, draws = Reference(config, state), Draws(config, (), "float64")

    def latent(step: int, critic_step: int, purpose: Purpose) -> tuple[Moment, np.ndarray]:
        moment = Moment(tf.constant(step, tf.int64), critic_step, Replica(0, 1))
        (drawn,) = draws.generator_inputs(moment, purpose, Purpose.CRITIC_LABEL, config.batch_size)
        return moment, drawn.numpy()

    critic_losses, generator_losses, penalties, norms = [], [], [], []
    for step in range(4):
        if config.learning_rate_decay == "linear":
            reference.set_learning_rates(1 - step / 8)
        for critic_step in range(CRITIC_STEPS):
            is_same = config.critic_batches == "same"
            number = step if is_same else step * CRITIC_STEPS + critic_step
            indices = batch_indices(EXAMPLES, config.batch_size, config.seed, number)
            real = store.read(indices)[0].astype(np.float64)
            moment, drawn = latent(step, critic_step, Purpose.CRITIC_LATENT)
            mixing = draws.uniform(moment, Purpose.MIXING, ()).numpy()
            is_penalized = (step * CRITIC_STEPS + critic_step) % config.penalty_every == 0
            metrics = reference.critic_step(
                real, None, drawn, None, mixing, is_penalized=is_penalized
            )
            if is_penalized:
                penalties.append(metrics["gradient_penalty"])
                norms.append(metrics.get("gradient_norm"))
            critic_losses.append(metrics["critic_loss"])
        _, drawn = latent(step, 0, Purpose.GENERATOR_LATENT)
        generator_losses.append(reference.generator_step(drawn, None)["generator_loss"])

    trainer.advance(1)
    trainer.advance(3)
    pairs = (
        (state.critic.trainable_variables, reference.critic),
        (state.generator.trainable_variables, reference.generator),
        (state.generator.non_trainable_variables, reference.moments),
    )
    for variables, expected in pairs:
        for value, wanted in zip(values(variables), expected, strict=True):
            np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-9)
    found = trainer.metrics()
    assert found["gradient_penalty"] == pytest.approx(np.mean(penalties), rel=1e-5)
    if config.lipschitz == "gradient_penalty":
        assert found["gradient_norm"] == pytest.approx(np.mean(norms), rel=1e-5)
    assert found["critic_loss"] == pytest.approx(np.mean(critic_losses), rel=1e-5)
    assert found["generator_loss"] == pytest.approx(np.mean(generator_losses), rel=1e-5)
