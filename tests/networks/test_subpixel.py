"""Convolutions by the detour are Keras's, in values and in derivatives of both orders."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.networks import subpixel

# Kernel, stride, height, width, channels.
SHAPES = [(5, 2, 28, 28, 1), (4, 2, 8, 8, 3), (3, 2, 7, 9, 2), (2, 2, 6, 4, 1), (5, 3, 10, 9, 1)]
# A transposed convolution makes multiples of its stride alone.
UP_SHAPES = [shape for shape in SHAPES if shape[2] % shape[1] == 0 == shape[3] % shape[1]]


def found(layer: keras.Layer, x: tf.Tensor) -> list[tf.Tensor]:
    """Values, the gradient of the input, and derivatives of both by everything."""
    layer.build(x.shape)
    for number, variable in enumerate(layer.variables):
        variable.assign(np.random.default_rng(number).normal(size=variable.shape))
    weights = [variable.value for variable in layer.variables]
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            values = layer(x)
            total = tf.reduce_sum(values**3)
        slopes = inner.gradient(total, x)
        judged = tf.reduce_sum(slopes**2)
    return [values, slopes, *outer.gradient(judged, [x, *weights])]


@pytest.mark.parametrize(
    ("is_up", "shape"),
    [*((False, shape) for shape in SHAPES), *((True, shape) for shape in UP_SHAPES)],
    ids=str,
)
def test_values_and_derivatives_are_those_of_keras(
    is_up: bool, shape: tuple[int, int, int, int, int]
) -> None:
    size, stride, height, width, channels = shape
    random = np.random.default_rng(5)
    options = {"padding": "same", "dtype": "float64"}
    if is_up:
        x = random.normal(size=(2, height // stride, width // stride, 3))
        kinds = (subpixel.SubpixelConv2DTranspose, keras.layers.Conv2DTranspose)
        layers = [kind(channels, size, stride, **options) for kind in kinds]
    else:
        x = random.normal(size=(2, height, width, channels))
        kinds = (subpixel.SubpixelConv2D, keras.layers.Conv2D)
        layers = [kind(3, size, stride, **options) for kind in kinds]
    ours, expected = (found(layer, tf.constant(x)) for layer in layers)
    assert len(ours) == len(expected) == 5
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.abs(other).max())
