"""Rectifiers are Keras's in value and derivatives, and say what does not matter."""

from collections.abc import Sequence

import keras
import numpy as np
import pytest
import tensorflow as tf

from wgan_tf import lipschitz
from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.networks import registry
from wgan_tf.networks.rectifiers import LeakyReLU, ReLU

PAIRS = {
    "relu": (ReLU(dtype="float64"), keras.layers.ReLU(dtype="float64")),
    "leaky": (LeakyReLU(0.3, dtype="float64"), keras.layers.LeakyReLU(0.3, dtype="float64")),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_values_and_derivatives_of_both_orders_are_those_of_keras(pair: str) -> None:
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(5, 3)))
    kernel = tf.constant(random.normal(size=(3, 4)))

    def found(layer: keras.Layer) -> list[tf.Tensor]:
        with tf.GradientTape() as outer:
            outer.watch(kernel)
            with tf.GradientTape() as inner:
                inner.watch(x)
                values = layer(x @ kernel)
            slopes = inner.gradient(values, x)
            total = tf.reduce_sum(slopes**3) + tf.reduce_sum(values**2)
        return [values, slopes, outer.gradient(total, kernel)]

    ours, keras_own = (found(layer) for layer in PAIRS[pair])
    for one, other in zip(ours, keras_own, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.abs(one).max() > 0.1


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_penalty_goes_back_through_the_gradient_alone(activation: str) -> None:
    config = Config(
        architecture="conv_stack",
        conv_stack_start_size=2,
        conv_stack_critic_filters=(4, 4),
        conv_stack_critic_strides=(2, 2),
        conv_stack_critic_activation=activation,
    )
    critic = registry.build_critic(config, DatasetInfo((8, 8, 1), 10, None, ""))

    @tf.function(autograph=False)
    def gradients(points: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            norms = lipschitz.gradient_norms(lambda x: critic(x, training=True)[:, 0], points)
            penalty = tf.reduce_sum(lipschitz.two_sided_penalty(norms))
        return tape.gradient(penalty, critic.trainable_variables)

    types = needed(gradients.get_concrete_function(tf.TensorSpec([4, 8, 8, 1])).outputs)
    # One of each for a layer: of the gradient's own way through the network.
    assert types.count("Conv2DBackpropFilter") == 2
    assert types.count("Conv2DBackpropInput") == 2


def needed(outputs: Sequence[tf.Tensor]) -> list[str]:
    """Types of the operations that tensors are computed by."""
    found: dict[str, str] = {}
    waiting = [tensor.op for tensor in outputs]
    while waiting:
        operation = waiting.pop()
        if operation.name not in found:
            found[operation.name] = operation.type
            waiting += [tensor.op for tensor in operation.inputs]
    return list(found.values())
