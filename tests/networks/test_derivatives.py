from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from wgan_tf import layers
from wgan_tf.networks.derivatives import TOLERANCE, layer_error, penalty_error
from wgan_tf.networks.graph import recast, trace

L = keras.layers
RIGHT: dict[str, Callable[[], keras.Layer]] = {
    "average pool": lambda: L.AveragePooling2D(2),
    "max pool": lambda: L.MaxPooling2D(2),
    "nearest upsampling": lambda: L.UpSampling2D(2),
    "transposed convolution": lambda: L.Conv2DTranspose(4, 3, 2, padding="same"),
    "depthwise convolution": lambda: L.DepthwiseConv2D(3),
    "smooth activation": lambda: L.Activation("gelu"),
    "our layer norm": layers.LayerNormalization,
    "our group norm": lambda: layers.GroupNormalization(4),
    "spectral convolution": lambda: layers.SpectralConv2D(4, 3),
}
WRONG: dict[str, Callable[[], keras.Layer]] = {
    "layer norm": lambda: L.LayerNormalization(),
    "group norm": lambda: L.GroupNormalization(4),
    "bilinear upsampling": lambda: L.UpSampling2D(2, interpolation="bilinear"),
    "bilinear resizing": lambda: L.Resizing(5, 5, interpolation="bilinear"),
}


def critic(layer: keras.Layer, filters: int = 8, side: int = 8) -> keras.Model:
    """One convolution before the layer and one after, in float64."""
    keras.utils.set_random_seed(1)
    x = image = keras.Input((side, side, 1))
    x = L.LeakyReLU(0.2)(L.Conv2D(filters, 3, 2, padding="same")(x))
    x = layer(x)
    x = L.LeakyReLU(0.2)(L.Conv2D(filters, 3, 2, padding="same")(x))
    return recast(keras.Model(image, L.Dense(1)(L.Flatten()(x))), "float64")


def points(side: int = 8) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).uniform(-1, 1, (2, side, side, 1)))


def wrong_layers(network: keras.Model) -> list[str]:
    calls = trace(network, [points(network.inputs[0].shape[1])])
    return [call.name for call in calls if layer_error(call) > TOLERANCE]


@pytest.mark.parametrize("name", RIGHT)
def test_right_second_derivatives_agree_with_central_differences(name: str) -> None:
    network = critic(RIGHT[name]())
    assert penalty_error(network, points()) < TOLERANCE / 10
    assert wrong_layers(network) == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong_second_derivatives_are_found_and_their_layer_is_named(name: str) -> None:
    layer = WRONG[name]()
    network = critic(layer)
    assert penalty_error(network, points()) > 10 * TOLERANCE
    assert wrong_layers(network) == [f"{layer.name} ({type(layer).__name__})"]


def test_a_wrong_layer_is_found_among_many_filters_too() -> None:
    layer = L.GroupNormalization(4)
    network = critic(layer, filters=64, side=32)
    assert penalty_error(network, points(32)) > 10 * TOLERANCE
    assert wrong_layers(network) == [f"{layer.name} (GroupNormalization)"]


def test_the_weights_are_as_they_were_after_a_layer_is_measured() -> None:
    network = critic(L.Conv2D(3, 3))
    before = network.get_weights()
    wrong_layers(network)
    for value, now in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(now, value)


def test_an_operation_without_a_gradient_of_its_gradient_says_so() -> None:
    with pytest.raises(LookupError, match="Bicubic"):
        penalty_error(critic(L.Resizing(5, 5, interpolation="bicubic")), points())
