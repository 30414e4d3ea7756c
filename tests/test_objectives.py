import numpy as np
import pytest
import tensorflow as tf

from wgan_tf import config as configuration
from wgan_tf.objectives import OBJECTIVES

REAL = np.array([0.25, -1.5, 3.0])
GENERATED = np.array([-2.0, 0.5, 10.0])


def test_wasserstein_losses_are_the_papers() -> None:
    losses = OBJECTIVES["wasserstein"].critic_loss(tf.constant(REAL), tf.constant(GENERATED))
    np.testing.assert_array_equal(losses, [-2.25, 2.0, 7.0])
    assert losses.dtype == tf.float64
    losses = OBJECTIVES["wasserstein"].generator_loss(tf.constant(GENERATED))
    np.testing.assert_array_equal(losses, [2.0, -0.5, -10.0])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_pull_scores_the_right_way(name: str) -> None:
    real, generated = tf.constant(REAL), tf.constant(GENERATED)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, generated])
        critic_loss = tf.reduce_mean(OBJECTIVES[name].critic_loss(real, generated))
        generator_loss = tf.reduce_mean(OBJECTIVES[name].generator_loss(generated))
    assert np.all(tape.gradient(critic_loss, real) < 0)
    assert np.all(tape.gradient(critic_loss, generated) > 0)
    assert np.all(tape.gradient(generator_loss, generated) < 0)


def test_every_objective_that_can_be_asked_for_is_there() -> None:
    (field,) = (field for field in configuration.fields() if field.name == "objective")
    assert set(OBJECTIVES) == set(field.metadata["choices"])
