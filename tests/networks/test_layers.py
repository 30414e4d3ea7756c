from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest

from wgan_tf.networks.layers import OUTPUT_RANGES, LayerFactory

SHAPE = (3, 5, 5, 4)


@pytest.fixture
def factory() -> LayerFactory:
    return LayerFactory("float64", 0, "normal")


def test_initial_kernels_have_the_deviations_their_names_say() -> None:
    expected = {
        "normal": 0.02,
        "he_uniform": np.sqrt(6 / 300) / np.sqrt(3),
        "glorot_uniform": np.sqrt(6 / (300 + 400)) / np.sqrt(3),
    }
    for name, deviation in expected.items():
        dense = LayerFactory("float32", 0, name).dense(400)
        dense.build((None, 300))
        kernel = dense.kernel.numpy()
        assert abs(kernel.std() / deviation - 1) < 0.02, name
        assert abs(kernel.mean()) < 0.02 * deviation, name
        np.testing.assert_array_equal(dense.bias, np.zeros(400))


def test_no_two_layers_begin_alike(factory: LayerFactory) -> None:
    first, second = factory.dense(5), factory.dense(5)
    first.build((None, 6))
    second.build((None, 6))
    assert not np.any(first.kernel.numpy() == second.kernel.numpy())


def test_leaky_rectifier_has_slope_one_fifth(factory: LayerFactory) -> None:
    np.testing.assert_allclose(factory.leaky_relu()(np.array([-5.0, 3.0])), [-1.0, 3.0])


def test_convolutions_change_sides_by_their_stride(factory: LayerFactory) -> None:
    pictures = np.ones([2, 7, 7, 1])
    assert factory.convolution(3, 5, 2)(pictures).shape == (2, 4, 4, 3)
    assert factory.transposed_convolution(3, 5, 2)(pictures).shape == (2, 14, 14, 3)


def test_cropping_takes_from_the_far_ends(factory: LayerFactory) -> None:
    picture = np.arange(12.0).reshape(1, 3, 4, 1)
    np.testing.assert_array_equal(np.squeeze(factory.crop(1, 2)(picture)), [[0.0, 1.0], [4.0, 5.0]])


@pytest.mark.parametrize(("kind", "axes"), [("batch", (0, 1, 2)), ("layer", (1, 2, 3))])
def test_normalisation_is_over_the_axes_its_name_says(
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


def test_no_normalisation_is_the_identity(factory: LayerFactory) -> None:
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
