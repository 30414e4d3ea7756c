"""Rectifiers for critics under a gradient penalty, which is differentiated twice.

A rectifier's slope does not change with its input, so that the penalty's gradient does not go back
through the values that the critic computed. TensorFlow's own rectifiers say that it does, by zeros,
which are then carried back through every convolution.
"""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("wgan_tf")
class ReLU(keras.layers.ReLU):
    """max(x, 0), as Keras has it, with the same derivatives of first and second order."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return _rectify(inputs, 0.0)


@keras.saving.register_keras_serializable("wgan_tf")
class LeakyReLU(keras.layers.LeakyReLU):
    """max(x, slope x), as Keras has it, with the same derivatives of first and second order."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return _rectify(inputs, float(self.negative_slope))


def _rectify(x: tf.Tensor, slope: float) -> tf.Tensor:
    @tf.custom_gradient
    def rectified(x: tf.Tensor) -> tf.Tensor:
        return _forward(x, slope), lambda upstream: sloped(upstream, x)

    @tf.custom_gradient
    def sloped(upstream: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        return _backward(upstream, x, slope), lambda second: (sloped(second, x), None)

    return rectified(x)


def _forward(x: tf.Tensor, slope: float) -> tf.Tensor:
    return tf.nn.leaky_relu(x, slope) if slope else tf.nn.relu(x)


def _backward(upstream: tf.Tensor, x: tf.Tensor, slope: float) -> tf.Tensor:
    if slope:
        return tf.raw_ops.LeakyReluGrad(gradients=upstream, features=x, alpha=slope)
    return tf.raw_ops.ReluGrad(gradients=upstream, features=x)
