"""Layers out of the factory's operations."""

import keras

from wgan_tf.networks.layers import Operation


def build_layer(operation: Operation, shape: tuple[int, ...]) -> keras.Layer:
    """The layer that an operation puts on examples of that shape."""
    example = keras.Input(shape)
    return keras.Model(example, operation(example)).layers[-1]
