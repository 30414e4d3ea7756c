import dataclasses
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.training import schedule

WARM = Config(critic_warmup=True, critic_steps=5)


def at(step: int) -> tf.Tensor:
    return tf.constant(step, tf.int64)


def test_warmup_takes_100_critic_steps_first_and_at_every_500th() -> None:
    taken = {
        step: int(schedule.critic_steps_at(WARM, at(step)))
        for step in (0, 1, 24, 25, 26, 499, 500, 501, 999, 1000, 1001, 2500)
    }
    warm = {0, 1, 24, 500, 1000, 2500}
    assert taken == {step: 100 if step in warm else 5 for step in taken}


def test_without_warmup_critic_steps_are_always_the_same() -> None:
    config = Config(critic_steps=3)
    assert {int(schedule.critic_steps_at(config, at(step))) for step in (0, 24, 500)} == {3}


STEPS = range(3001)


def critic_steps(config: Config) -> list[int]:
    """Those before each of `STEPS`."""
    steps = tf.range(len(STEPS), dtype=tf.int64)
    return tf.broadcast_to(schedule.critic_steps_at(config, steps), [len(STEPS)]).numpy().tolist()


def test_warmup_begins_anew_in_every_period() -> None:
    config = dataclasses.replace(WARM, critic_warmup_period=1000)
    by_source = [100 if step % 1000 < 25 or step % 500 == 0 else 5 for step in STEPS]
    assert critic_steps(config) == by_source
    # Without a period it does not, but for every 500th step.
    once = [100 if step < 25 or step % 500 == 0 else 5 for step in STEPS]
    assert critic_steps(WARM) == once


@pytest.mark.parametrize(
    "changes",
    [
        {"critic_warmup": False},
        {},
        *[{"critic_warmup_period": period} for period in (1, 10, 25, 70, 600, 1000, 5000)],
    ],
)
def test_batches_before_a_step_are_the_critic_steps_of_all_steps_before(
    changes: dict[str, Any],
) -> None:
    config = dataclasses.replace(WARM, **changes)
    before = [schedule.batches_before(config, step) for step in STEPS]
    assert before == [0, *np.cumsum(critic_steps(config))[:-1]]


@pytest.mark.parametrize("changes", [{"critic_warmup": False}, {}, {"critic_warmup_period": 1000}])
def test_where_critic_steps_share_a_batch_every_step_takes_one(changes: dict[str, Any]) -> None:
    config = dataclasses.replace(WARM, critic_batches="same", **changes)
    assert [schedule.batches_before(config, step) for step in STEPS] == list(STEPS)


@pytest.mark.parametrize(
    ("ema_decay", "step", "expected"),
    [
        (0.999, 0, 0.1),
        (0.999, 8, 0.5),
        (0.999, 90, 0.91),
        (0.999, 8989, 8990 / 8999),
        (0.999, 8990, 0.999),
        (0.999, 200_000, 0.999),
        (0.05, 0, 0.05),
        (0.0, 0, 0.0),
        (0.0, 5000, 0.0),
    ],
)
def test_decay_of_the_average_rises_to_the_configured(
    ema_decay: float, step: int, expected: float
) -> None:
    decay = schedule.average_decay(Config(ema_decay=ema_decay), at(step))
    np.testing.assert_allclose(decay, expected, rtol=1e-6)


def test_learning_rate_falls_linearly_to_zero() -> None:
    config = Config(learning_rate_decay="linear", steps=200)
    factors = [float(schedule.learning_rate_factor(config, at(s))) for s in (0, 50, 199, 200)]
    np.testing.assert_allclose(factors, [1.0, 0.75, 0.005, 0.0], rtol=1e-4)


def test_learning_rate_is_constant_without_decay() -> None:
    assert float(schedule.learning_rate_factor(Config(steps=200), at(150))) == 1.0
