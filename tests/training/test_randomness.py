import itertools

import numpy as np
import pytest
import tensorflow as tf

from wgan_tf import config as configuration
from wgan_tf.training.randomness import MAX_CRITIC_STEPS, Purpose, draw_key, replica_slice


def test_no_two_draws_share_a_key() -> None:
    steps = tf.constant([0, 1, 256, 4096, 199_999, 2**40], tf.int64)
    critic_steps = tf.constant([0, 1, 99, 256, MAX_CRITIC_STEPS - 1], tf.int64)
    keys = {
        tuple(draw_key(seed, purpose, step, critic_step, stream).numpy())
        for seed, purpose, stream in itertools.product((0, 2**31 - 1), Purpose, (0, 1, 2))
        for step, critic_step in itertools.product(steps, critic_steps)
    }
    assert len(keys) == 6 * len(Purpose) * len(steps) * len(critic_steps)


def test_critic_steps_that_can_be_asked_for_have_keys_of_their_own() -> None:
    (field,) = (field for field in configuration.fields() if field.name == "critic_steps")
    assert field.metadata["maximum"] <= MAX_CRITIC_STEPS


def test_keys_of_a_run_never_change() -> None:
    key = draw_key(7, Purpose.MIXING, tf.constant(3, tf.int64), 2)
    assert key.dtype == tf.int64
    assert key.numpy().tolist() == [7, 2**62 + (3 * 4096 + 2) * 256 + 1]


@pytest.mark.parametrize("replicas", [1, 2, 4])
@pytest.mark.parametrize("shape", [(8,), (8, 3), (4, 2, 2, 1)])
def test_the_replicas_shares_are_the_global_draw(replicas: int, shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(0).normal(size=shape)
    shares = [replica_slice(tf.constant(draw), i, replicas) for i in range(replicas)]
    assert {share.shape for share in shares} == {(shape[0] // replicas, *shape[1:])}
    np.testing.assert_array_equal(np.concatenate(shares), draw)
