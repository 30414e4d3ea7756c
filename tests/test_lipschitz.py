from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from wgan_tf import lipschitz
from wgan_tf.config import Config
from wgan_tf.networks import registry


@pytest.mark.parametrize("shape", [(3, 2), (3, 3), (3, 4, 4, 3), (3, 3, 3, 3), (1, 5)])
def test_interpolates_mix_each_example_with_its_own_weight(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    real, generated = random.normal(size=(2, *shape))
    mixing = random.uniform(size=shape[0])
    points = lipschitz.interpolate(*map(tf.constant, (real, generated, mixing)))
    expected = [e * x + (1 - e) * y for e, x, y in zip(mixing, real, generated, strict=True)]
    assert points.shape == shape
    np.testing.assert_allclose(points, expected, rtol=1e-15)


def test_weight_one_is_real_and_zero_is_generated() -> None:
    real, generated = tf.ones([2, 3]), tf.zeros([2, 3])
    points = lipschitz.interpolate(real, generated, tf.constant([1.0, 0.0]))
    np.testing.assert_array_equal(points, [[1, 1, 1], [0, 0, 0]])


@pytest.mark.parametrize("shape", [(6,), (4, 4, 3)])
def test_gradient_norm_of_a_linear_critic_is_that_of_its_weights(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(1)
    weights, points = random.normal(size=shape), random.normal(size=(5, *shape))
    norms = lipschitz.gradient_norms(
        lambda x: tf.tensordot(x, tf.constant(weights), len(shape)), tf.constant(points)
    )
    np.testing.assert_allclose(norms, [np.linalg.norm(weights)] * 5, rtol=1e-12)


def test_gradient_norms_are_taken_at_each_example() -> None:
    points = np.array([[3.0, 4.0], [0.6, 0.8], [0.0, 2.0]])
    norms = lipschitz.gradient_norms(
        lambda x: tf.reduce_sum(tf.square(x), axis=1), tf.constant(points)
    )
    np.testing.assert_allclose(norms, [10.0, 2.0, 4.0], rtol=1e-12)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_penalty_and_its_gradient_are_finite_where_the_critic_is_flat(dtype: tf.DType) -> None:
    weights = tf.Variable(tf.zeros([4], dtype))
    points = tf.ones([3, 4], dtype)
    with tf.GradientTape() as tape:
        norms = lipschitz.gradient_norms(lambda x: tf.linalg.matvec(x, weights), points)
        penalty = tf.reduce_mean(lipschitz.two_sided_penalty(norms))
    np.testing.assert_allclose(norms, np.zeros(3), atol=1e-5)
    np.testing.assert_allclose(penalty, 1.0, atol=1e-5)
    assert np.all(np.isfinite(tape.gradient(penalty, weights)))


def test_two_sided_penalty_is_the_squared_distance_from_one() -> None:
    penalties = lipschitz.two_sided_penalty(tf.constant([0.0, 0.5, 1.0, 3.0], tf.float64))
    np.testing.assert_array_equal(penalties, [1.0, 0.25, 0.0, 4.0])


SECOND_ORDER = {
    "dcgan": {"dcgan_width": 2, "dcgan_kernel_size": 3},
    "dcgan with layer norm": {
        "dcgan_width": 2,
        "dcgan_kernel_size": 3,
        "dcgan_critic_norm": "layer",
        "dcgan_critic_units": 5,
    },
    "conv_stack": {
        "architecture": "conv_stack",
        "conv_stack_critic_filters": (2, 3),
        "conv_stack_critic_strides": (2, 2),
        "conv_stack_critic_kernel_sizes": (3,),
    },
    "conv_stack with layer norm": {
        "architecture": "conv_stack",
        "conv_stack_critic_filters": (2, 3),
        "conv_stack_critic_strides": (2, 2),
        "conv_stack_critic_norm": "layer",
        "conv_stack_critic_kernel_sizes": (3,),
    },
    "mlp": {"architecture": "mlp", "mlp_critic_units": (7, 5)},
}


@pytest.mark.parametrize("changes", SECOND_ORDER.values(), ids=SECOND_ORDER.keys())
def test_gradients_of_the_penalty_equal_central_differences(
    changes: dict[str, Any],
    randomize: Callable[[Iterable[keras.Variable]], None],
) -> None:
    config = Config(precision="float64", latent_dim=3, **changes)
    critic = registry.build_critic(config, info_of((12, 12, 1)))
    variables = critic.trainable_variables
    randomize(variables)
    random = np.random.default_rng(2)
    points = tf.constant(random.normal(size=(3, 12, 12, 1)))

    def penalty() -> tf.Tensor:
        norms = lipschitz.gradient_norms(lambda x: critic(x)[:, 0], points)
        return tf.reduce_mean(lipschitz.two_sided_penalty(norms))

    with tf.GradientTape() as tape:
        value = penalty()
    gradients = [
        np.zeros(variable.shape) if gradient is None else gradient.numpy()
        for variable, gradient in zip(variables, tape.gradient(value, variables), strict=True)
    ]
    start = [variable.numpy() for variable in variables]

    def penalty_at(distance: float, direction: list[np.ndarray]) -> float:
        for variable, origin, part in zip(variables, start, direction, strict=True):
            variable.assign(origin + distance * part)
        return float(penalty())

    scale = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
    for _ in range(3):
        direction = [random.normal(size=origin.shape) for origin in start]
        slope = sum(np.sum(a * b) for a, b in zip(gradients, direction, strict=True))
        difference = penalty_at(1e-6, direction) - penalty_at(-1e-6, direction)
        np.testing.assert_allclose(slope, difference / 2e-6, rtol=1e-6, atol=1e-7 * scale)


def test_clipping_moves_only_what_is_out_of_bounds() -> None:
    variables = [tf.Variable([-3.0, -0.01, 0.002, 0.5]), tf.Variable([[0.01], [-0.011]])]
    lipschitz.clip_variables(variables, 0.01)
    np.testing.assert_array_equal(variables[0], np.float32([-0.01, -0.01, 0.002, 0.01]))
    np.testing.assert_array_equal(variables[1], np.float32([[0.01], [-0.01]]))


def test_one_sided_penalty_leaves_small_norms_alone() -> None:
    penalties = lipschitz.one_sided_penalty(tf.constant([0.0, 0.99, 1.0, 1.5, 3.0]))
    np.testing.assert_allclose(penalties, [0, 0, 0, 0.25, 4.0])
