import numpy as np
import pytest
import tensorflow as tf

from wgan_tf import config as configuration
from wgan_tf.objectives import OBJECTIVES

REAL = np.array([0.25, -1.5, 3.0])
GENERATED = np.array([-2.0, 0.5, 10.0])


def test_wasserstein_losses_are_the_papers() -> None:
    losses = OBJECTIVES["wasserstein"].real_loss(tf.constant(REAL))
    np.testing.assert_array_equal(losses, [-0.25, 1.5, -3.0])
    assert losses.dtype == tf.float64
    losses = OBJECTIVES["wasserstein"].generated_loss(tf.constant(GENERATED))
    np.testing.assert_array_equal(losses, [-2.0, 0.5, 10.0])
    losses = OBJECTIVES["wasserstein"].generator_loss(tf.constant(GENERATED))
    np.testing.assert_array_equal(losses, [2.0, -0.5, -10.0])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_gan_losses_are_the_papers() -> None:
    real, generated = sigmoid(REAL), sigmoid(GENERATED)
    expected = {
        "minimax": np.log(1 - generated),
        "non_saturating": -np.log(generated),
    }
    for name, generator_loss in expected.items():
        objective = OBJECTIVES[name]
        np.testing.assert_allclose(
            objective.real_loss(tf.constant(REAL)), -np.log(real), rtol=1e-10
        )
        np.testing.assert_allclose(
            objective.generated_loss(tf.constant(GENERATED)), -np.log(1 - generated), rtol=1e-10
        )
        np.testing.assert_allclose(
            objective.generator_loss(tf.constant(GENERATED)), generator_loss, rtol=1e-10
        )
        metrics = {
            name: metric(tf.constant(REAL), tf.constant(GENERATED)).numpy()
            for name, metric in objective.critic_metrics.items()
        }
        np.testing.assert_array_equal(metrics["real_accuracy"], [1, 0, 1])
        np.testing.assert_array_equal(metrics["generated_accuracy"], [1, 0, 0])
        np.testing.assert_allclose(metrics["real_share"], real / (real + generated), rtol=1e-12)
        (metric,) = objective.generator_metrics.values()
        assert list(objective.generator_metrics) == ["generator_accuracy"]
        np.testing.assert_array_equal(metric(tf.constant(GENERATED)), [0, 1, 1])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_are_finite_where_a_critic_is_sure(name: str) -> None:
    scores = tf.constant([-1e4, 1e4])
    objective = OBJECTIVES[name]
    for loss in (objective.real_loss, objective.generated_loss, objective.generator_loss):
        assert np.all(np.isfinite(loss(scores)))
    for metric in objective.critic_metrics.values():
        assert np.all(np.isfinite(metric(scores, -scores)))
    for metric in objective.generator_metrics.values():
        assert np.all(np.isfinite(metric(scores)))


def test_hinge_losses_are_the_papers() -> None:
    losses = OBJECTIVES["hinge"].real_loss(tf.constant(REAL))
    np.testing.assert_allclose(losses, [0.75, 2.5, 0.0])
    losses = OBJECTIVES["hinge"].generated_loss(tf.constant(GENERATED))
    np.testing.assert_allclose(losses, [0.0, 1.5, 11.0])
    losses = OBJECTIVES["hinge"].generator_loss(tf.constant(GENERATED))
    np.testing.assert_array_equal(losses, [2.0, -0.5, -10.0])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_pull_scores_the_right_way(name: str) -> None:
    # Between the values that bounded objectives pull to.
    real, generated = tf.constant([0.1, 0.4, 0.7]), tf.constant([0.2, 0.5, 0.9])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, generated])
        critic_loss = tf.reduce_mean(
            OBJECTIVES[name].real_loss(real) + OBJECTIVES[name].generated_loss(generated)
        )
        generator_loss = tf.reduce_mean(OBJECTIVES[name].generator_loss(generated))
    assert np.all(tape.gradient(critic_loss, real) < 0)
    assert np.all(tape.gradient(critic_loss, generated) > 0)
    assert np.all(tape.gradient(generator_loss, generated) < 0)


def test_every_objective_that_can_be_asked_for_is_there() -> None:
    (field,) = (field for field in configuration.fields() if field.name == "objective")
    assert set(OBJECTIVES) == set(field.metadata["choices"])
