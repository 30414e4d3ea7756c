from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.networks.built import build_layer
from wgan_tf.networks.layers import OUTPUT_RANGES, LayerFactory
from wgan_tf.networks.spectral import SpectralConv2D, SpectralDense
from wgan_tf.sections.vocabulary import ACTIVATIONS

SHAPE = (3, 5, 5, 4)


@pytest.fixture
def factory() -> LayerFactory:
    return LayerFactory("float64", 0, "normal")


def test_no_two_layers_begin_alike(factory: LayerFactory) -> None:
    first, second = (build_layer(factory.dense(5), (6,)) for _ in range(2))
    assert not np.any(first.kernel.numpy() == second.kernel.numpy())


ACTIVATED = {
    "relu": [0.0, 0.0, 0.0, 3.0],
    "leaky_relu": [-1.0, -0.1, 0.0, 3.0],
    "elu": [np.exp(-5.0) - 1, np.exp(-0.5) - 1, 0.0, 3.0],
    "tanh": np.tanh([-5.0, -0.5, 0.0, 3.0]),
}


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activations_have_the_values_their_names_say(kind: str, factory: LayerFactory) -> None:
    x = np.array([-5.0, -0.5, 0.0, 3.0])
    np.testing.assert_allclose(factory.activation(kind)(x), ACTIVATED[kind], rtol=1e-7)


def test_rectifiers(factory: LayerFactory) -> None:
    x = np.array([-5.0, 3.0])
    np.testing.assert_allclose(factory.relu()(x), [0.0, 3.0])
    np.testing.assert_allclose(factory.leaky_relu()(x), [-1.0, 3.0])
    steeper = LayerFactory("float64", 0, "normal", leaky_relu_slope=0.3)
    np.testing.assert_allclose(steeper.leaky_relu()(x), [-1.5, 3.0])
    np.testing.assert_allclose(steeper.activation("leaky_relu")(x), [-1.5, 3.0])


def test_only_a_spectral_factory_normalizes_kernels(factory: LayerFactory) -> None:
    made = LayerFactory("float64", 0, "normal", spectral_norm=True)
    shapes = {"dense": (3,), "head": (3,), "convolution": (4, 4, 3)}
    arguments = {"dense": (2,), "head": (), "convolution": (2, 3, 1)}
    kinds = {"dense": SpectralDense, "head": SpectralDense, "convolution": SpectralConv2D}
    for name, shape in shapes.items():
        plain, spectral = (
            build_layer(getattr(layers, name)(*arguments[name]), shape)
            for layers in (factory, made)
        )
        assert isinstance(spectral, kinds[name])
        assert not isinstance(plain, (SpectralDense, SpectralConv2D))


def test_convolutions_change_sides_by_their_stride(factory: LayerFactory) -> None:
    pictures = np.ones([2, 7, 7, 1])
    assert factory.convolution(3, 5, 2)(pictures).shape == (2, 4, 4, 3)
    assert factory.transposed_convolution(3, 5, 2)(pictures).shape == (2, 14, 14, 3)


def test_upsampling_repeats_pixels(factory: LayerFactory) -> None:
    pictures = np.random.default_rng(0).normal(size=(2, 3, 3, 4))
    expected = pictures.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(factory.upsample(2)(pictures), expected)


def test_pooling_takes_the_mean_or_the_largest_of_four(factory: LayerFactory) -> None:
    pictures = np.random.default_rng(0).normal(size=(2, 4, 6, 3))
    fours = pictures.reshape(2, 2, 2, 3, 2, 3)
    np.testing.assert_allclose(factory.mean_pool()(pictures), fours.mean((2, 4)), rtol=1e-12)
    np.testing.assert_array_equal(factory.max_pool()(pictures), fours.max((2, 4)))
    assert factory.max_pool()(pictures[:, :3, :5]).shape == (2, 2, 3, 3)
    np.testing.assert_allclose(factory.global_mean()(pictures), pictures.mean((1, 2)), rtol=1e-12)


def test_features_are_joined(factory: LayerFactory) -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_array_equal(factory.add()([first, second]), first + second)
    np.testing.assert_array_equal(factory.multiply()([first, second]), first * second)
    joined = np.concatenate([first, second], axis=1)
    np.testing.assert_array_equal(factory.concatenate()([first, second]), joined)


SHAPED = {
    **{kind: lambda layers, kind=kind: layers.activation(kind) for kind in ACTIVATIONS},
    "upsample": lambda layers: layers.upsample(2),
    "mean_pool": lambda layers: layers.mean_pool(),
    "max_pool": lambda layers: layers.max_pool(),
    "layer norm": lambda layers: layers.norm("layer"),
    "convolution": lambda layers: build_layer(layers.convolution(3, 3, 2), (4, 4, 2)),
}


@pytest.mark.parametrize("make", SHAPED.values(), ids=SHAPED.keys())
def test_second_derivatives_equal_central_differences(
    make: Callable[[LayerFactory], keras.Layer], factory: LayerFactory
) -> None:
    layer, random = make(factory), np.random.default_rng(0)
    x, direction = random.normal(size=(2, 2, 4, 4, 2))
    weight = tf.constant(random.normal(size=layer(x).shape))

    def gradient(x: np.ndarray) -> tf.Tensor:
        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            # Squared, so that the second derivative of a linear layer is not zero.
            value = tf.reduce_sum(weight * tf.square(layer(x)))
        return tape.gradient(value, x)

    points = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(points)
        with tf.GradientTape() as inner:
            inner.watch(points)
            value = tf.reduce_sum(weight * tf.square(layer(points)))
        slope = tf.reduce_sum(inner.gradient(value, points) * direction)
    second = tape.gradient(slope, points)
    step = 1e-6
    differences = (gradient(x + step * direction) - gradient(x - step * direction)) / (2 * step)
    assert np.abs(differences).max() > 0.01
    np.testing.assert_allclose(second, differences, rtol=1e-5, atol=1e-6)


def test_cropping_takes_from_the_far_ends(factory: LayerFactory) -> None:
    picture = np.arange(12.0).reshape(1, 3, 4, 1)
    np.testing.assert_array_equal(np.squeeze(factory.crop(1, 2)(picture)), [[0.0, 1.0], [4.0, 5.0]])


@pytest.mark.parametrize(("kind", "axes"), [("batch", (0, 1, 2)), ("layer", (1, 2, 3))])
def test_normalization_is_over_the_axes_its_name_says(
    kind: str,
    axes: tuple[int, ...],
    factory: LayerFactory,
    randomize: Callable[[Iterable[keras.Variable]], None],
) -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, SHAPE)
    layer = factory.norm(kind)
    layer.build(SHAPE)
    randomize(layer.trainable_variables)
    scale, offset = (variable.numpy() for variable in layer.trainable_variables)
    assert scale.shape == offset.shape == (4,)
    deviation = np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    expected = (x - x.mean(axes, keepdims=True)) / deviation * scale + offset
    np.testing.assert_allclose(layer(x, training=True), expected, rtol=1e-9, atol=1e-9)


def test_no_normalization_is_the_identity(factory: LayerFactory) -> None:
    x = np.random.default_rng(0).normal(size=SHAPE)
    layer = factory.norm("none")
    np.testing.assert_array_equal(layer(x), x)
    assert not layer.variables


@pytest.mark.parametrize("activation", OUTPUT_RANGES)
def test_outputs_keep_to_their_range(activation: str, factory: LayerFactory) -> None:
    x = np.array([-50.0, -1.0, 0.0, 1.0, 50.0])
    expected = {"tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "linear": np.copy}
    values = factory.output(activation)(x).numpy()
    np.testing.assert_allclose(values, expected[activation](x), rtol=1e-6, atol=1e-12)
    if activation != "linear":
        np.testing.assert_allclose(OUTPUT_RANGES[activation], (values[0], values[-1]), atol=1e-12)
