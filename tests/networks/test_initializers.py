"""First values against deviations worked out by hand from the rules of the sources' code."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.networks.built import build_layer
from wgan_tf.networks.layers import LayerFactory, Operation

# Dense layers of 300 inputs and 400 units; 5x5 kernels from 16 to 32 filters, so 400 and 800.
LAYERS: dict[str, tuple[Callable[[LayerFactory], Operation], tuple[int, ...]]] = {
    "dense": (lambda layers: layers.dense(400), (300,)),
    "convolution": (lambda layers: layers.convolution(32, 5, 1), (8, 8, 16)),
    "strided convolution": (lambda layers: layers.convolution(32, 5, 2), (8, 8, 16)),
    "transposed": (lambda layers: layers.transposed_convolution(32, 5, 1), (8, 8, 16)),
    "strided transposed": (lambda layers: layers.transposed_convolution(32, 5, 2), (8, 8, 16)),
}
UNIFORM = {
    "uniform": {
        "dense": 0.02,
        "convolution": 0.02,
        "strided convolution": 0.02,
        "transposed": 0.02,
        "strided transposed": 0.02,
    },
    # sqrt(2 / inputs), where a transposed convolution of stride 2 sums over a quarter of 400.
    "he_uniform": {
        "dense": 0.0816497,
        "convolution": 0.0707107,
        "strided convolution": 0.0707107,
        "transposed": 0.0707107,
        "strided transposed": 0.1414214,
    },
    # sqrt(2 / 700) and sqrt(2 / 1200).
    "glorot_uniform": {
        "dense": 0.0534522,
        "convolution": 0.0408248,
        "strided convolution": 0.0408248,
        "transposed": 0.0408248,
        "strided transposed": 0.0408248,
    },
    # Linear: sqrt(2 / (300 + 400)). Conv2D: sqrt(4 / (400 + 800 / stride^2)). Deconv2D, whose
    # stride is always 2: sqrt(4 / (400 / 4 + 800)).
    "wgan_gp": {
        "dense": 0.0534522,
        "convolution": 0.0577350,
        "strided convolution": 0.0816497,
        "transposed": 0.0577350,
        "strided transposed": 0.0666667,
    },
    # Within 1 / sqrt(300) and 1 / sqrt(400); PyTorch takes filters * 5 * 5 = 800 of a transposed
    # convolution, whose kernel it keeps as [channels, filters, 5, 5].
    "fan_in_uniform": {
        "dense": 0.0333333,
        "convolution": 0.0288675,
        "strided convolution": 0.0288675,
        "transposed": 0.0204124,
        "strided transposed": 0.0204124,
    },
}


def first_values(kind: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A layer's kernel and bias."""
    make, shape = LAYERS[name]
    kernel, bias = build_layer(make(LayerFactory("float64", 0, kind)), shape).get_weights()
    return kernel, bias


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("kind", UNIFORM)
def test_uniform_kernels_have_the_deviations_of_their_rule(kind: str, name: str) -> None:
    kernel, bias = first_values(kind, name)
    deviation = UNIFORM[kind][name]
    limit = np.sqrt(3) * deviation
    assert 0.998 * limit < np.abs(kernel).max() < (1 + 1e-6) * limit
    assert kernel.std() == pytest.approx(deviation, rel=0.02)
    assert abs(kernel.mean()) < 0.02 * deviation
    if kind == "fan_in_uniform":
        assert 0.8 * limit < np.abs(bias).max() < (1 + 1e-6) * limit
        assert bias.min() < 0 < bias.max()
    else:
        np.testing.assert_array_equal(bias, np.zeros_like(bias))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("kind", ["normal", "dcgan"])
def test_normal_kernels_have_a_deviation_of_a_fiftieth(kind: str, name: str) -> None:
    kernel, bias = first_values(kind, name)
    assert kernel.std() == pytest.approx(0.02, rel=0.02)
    assert abs(kernel.mean()) < 0.02 * 0.02
    # Neither cut off at two deviations nor uniform: 4.55% lie beyond.
    assert np.mean(np.abs(kernel) > 0.04) == pytest.approx(0.0455, abs=0.006)
    np.testing.assert_array_equal(bias, np.zeros_like(bias))


@pytest.mark.parametrize("kind", [*UNIFORM, "normal", "dcgan"])
def test_only_dcgan_draws_the_scales_of_batch_norm(kind: str) -> None:
    layer = build_layer(LayerFactory("float64", 0, kind).norm("batch"), (4000,))
    scale, offset, *_ = layer.get_weights()
    np.testing.assert_array_equal(offset, np.zeros(4000))
    if kind == "dcgan":
        assert scale.mean() == pytest.approx(1.0, abs=0.001)
        assert scale.std() == pytest.approx(0.02, rel=0.05)
    else:
        np.testing.assert_array_equal(scale, np.ones(4000))


def embedding(**options: Any) -> np.ndarray:
    """First embeddings of 50 classes, of 100 numbers each."""
    table = LayerFactory("float64", 0, "normal", **options).class_embedding(50, 100)
    table.build((None,))
    return table.embeddings.numpy()


def test_embeddings_begin_as_standard_normal_or_as_glorots() -> None:
    normal = embedding()
    assert normal.std() == pytest.approx(1.0, rel=0.03)
    assert np.mean(np.abs(normal) > 2) == pytest.approx(0.0455, abs=0.01)
    glorot = embedding(embedding_initializer="glorot_uniform")
    # sqrt(6 / (50 + 100)).
    assert 0.995 * 0.2 < np.abs(glorot).max() <= 0.2
    assert glorot.std() == pytest.approx(0.2 / np.sqrt(3), rel=0.03)


def test_first_values_follow_from_the_seed() -> None:
    make, shape = LAYERS["dense"]
    kernels = [
        build_layer(make(LayerFactory("float64", seed, "wgan_gp")), shape).get_weights()[0]
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.any(kernels[0] == kernels[2])
