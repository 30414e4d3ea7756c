"""Training in float16, as far as its arithmetic goes: on CPUs."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.trajectory import one_device_trainer, variables
from wgan_tf.config import Config
from wgan_tf.data.store import open_store
from wgan_tf.errors import UserError
from wgan_tf.training import loss_scale
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.loss_scale import FIRST_SCALE, LossScale
from wgan_tf.training.optimizers import apply_gradients, build_optimizer
from wgan_tf.training.trainer import Trainer

OPTIMIZERS: Mapping[str, dict[str, Any]] = {
    "adam": {},
    "rmsprop": {"optimizer": "rmsprop"},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_that_is_not_finite_is_as_if_it_had_not_been(name: str) -> None:
    config = Config(precision="float16", **OPTIMIZERS[name])
    gradients = [tf.constant([0.5, -2.0]), tf.constant([np.inf, 1.0]), tf.constant([1.0, 1.0])]
    found = []
    for scaled in (gradients, [gradients[0], gradients[2]]):
        variable, scale = keras.Variable([3.0, 4.0]), LossScale()
        optimizer = build_optimizer(config, 0.1, [variable])
        for gradient in scaled:
            product = gradient * scale.scale
            (square,) = apply_gradients(optimizer, [product], [variable], scale)
            is_finite = bool(tf.reduce_all(tf.math.is_finite(gradient)))
            assert square == (0.5 * np.sum(np.square(gradient)) if is_finite else 0.0)
        found.append([variable, *optimizer.variables])
        assert scale.scale == FIRST_SCALE / (2 if len(scaled) == 3 else 1)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_what_no_scale_helps_is_told() -> None:
    variable, scale = keras.Variable([1.0]), LossScale()
    optimizer = build_optimizer(Config(precision="float16"), 0.1, [variable])
    squares = [
        apply_gradients(optimizer, [tf.constant([np.nan])], [variable], scale)[0]
        for _ in range(int(np.log2(FIRST_SCALE)) + 1)
    ]
    assert np.all(np.equal(squares[:-1], 0.0))
    assert np.isnan(squares[-1])
    assert variable.numpy() == [1.0]
    assert scale.scale == 1.0


def test_many_finite_gradients_double_the_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_scale, "GROWTH_STEPS", 3)
    scale, found = LossScale(), []
    for is_finite in (True, True, True, True, False, True, True, True):
        scale.adjust(tf.constant(is_finite))
        found.append(float(scale.scale) / FIRST_SCALE)
    assert found == [1, 1, 2, 2, 1, 1, 1, 2]


def test_replicas_leave_out_what_one_of_them_cannot_take(
    two_replicas: tf.distribute.Strategy,
) -> None:
    with two_replicas.scope():
        variable, scale = keras.Variable([1.0]), LossScale()
        optimizer = build_optimizer(Config(precision="float16"), 0.1, [variable])

    @tf.function
    def step(bad: tf.Tensor) -> None:
        def of_replica() -> None:
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            gradient = tf.where(tf.cast(replica, tf.int32) == bad, np.inf, scale.scale)
            apply_gradients(optimizer, [gradient[tf.newaxis]], [variable], scale)

        two_replicas.run(of_replica)

    # That of the second replica is one that the first alone would not see.
    step(tf.constant(1))
    assert variable.numpy() == [1.0]
    assert scale.scale == FIRST_SCALE / 2
    assert optimizer.iterations == 0
    step(tf.constant(-1))
    first, second = two_replicas.experimental_local_results(variable.value)
    np.testing.assert_allclose(first.numpy(), [0.9], rtol=1e-6)
    np.testing.assert_array_equal(first.numpy(), second.numpy())


@pytest.fixture
def config(dcgan_config: Config) -> Config:
    return dataclasses.replace(
        dcgan_config,
        dataset="digits",
        dcgan_start_size=2,
        precision="float16",
        generator_learning_rate=1e-3,
        critic_learning_rate=1e-3,
    )


def test_steps_are_those_of_float32_up_to_rounding_and_go_on_bit_for_bit(
    config: Config, tmp_path: Any
) -> None:
    half = one_device_trainer(config, str(tmp_path / "data"))
    single = one_device_trainer(
        dataclasses.replace(config, precision="float32"), str(tmp_path / "data")
    )
    half.advance(2)
    checkpoints = Checkpoints(half.state, str(tmp_path / "checkpoints"), keep=1)
    checkpoints.save()
    half.advance(2)
    expected = variables(half.state)
    single.advance(4)
    assert half.metrics() == pytest.approx(single.metrics(), rel=0.02, abs=0.01)
    checkpoints.restore_newest(log=pytest.fail)
    half.advance(2)
    for one, other in zip(variables(half.state), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_gradients_that_overflow_are_left_out_until_they_do_not(
    config: Config, tmp_path: Any, two_replicas: tf.distribute.Strategy
) -> None:
    store = open_store(dataclasses.replace(config, data_dir=str(tmp_path)), "train")
    trainer = Trainer(config, store, two_replicas)
    state = trainer.state
    state.critic_loss_scale.scale.assign(2.0**40)
    before = state.critic.get_weights()
    trainer.advance(1)
    for one, other in zip(state.critic.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert state.critic_loss_scale.scale == 2.0**38
    assert trainer.first_not_finite() is None
    trainer.advance(20)
    assert 1 < state.critic_loss_scale.scale < 2.0**38
    assert state.critic_optimizer.iterations > 0
    assert np.all(np.isfinite(np.concatenate([w.ravel() for w in state.critic.get_weights()])))


@pytest.mark.parametrize(
    "changes", [{"fused_updates": "true"}, {"optimizer": "somewhere:optimizer"}]
)
def test_optimizers_that_leave_nothing_out_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(UserError, match="float16"):
        Config(precision="float16", **changes)
