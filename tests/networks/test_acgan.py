import dataclasses
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from tests.networks.reference import convolve, quarters, relu, repeat
from wgan_tf import flagfile
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import acgan, registry
from wgan_tf.networks.dropout import masks_from

Randomize = Callable[[Iterable[keras.Variable]], None]

PRESET = pathlib.Path(__file__).parents[2] / "configs" / "mnist_acwgan.flags"
SMALL = Config(
    architecture="acgan",
    conditional="auxiliary_classifier",
    precision="float64",
    latent_dim=5,
    leaky_relu_slope=0.3,
    acgan_generator_units=6,
    acgan_start_filters=3,
    acgan_generator_filters=(4, 2),
    acgan_critic_filters=(2, 3, 4, 5),
)


def weights_of(network: keras.Model, kind: type[keras.layers.Layer]) -> list[list[np.ndarray]]:
    return [layer.get_weights() for layer in network.layers if isinstance(layer, kind)]


@pytest.fixture(scope="module")
def source() -> tuple[keras.Model, keras.Model]:
    config = flagfile.from_flagfile(PRESET.read_text(), str(PRESET))
    info = info_of((28, 28, 1), 10)
    return registry.build_generator(config, info), registry.build_critic(config, info)


def test_parameters_are_those_of_the_source(source: tuple[keras.Model, keras.Model]) -> None:
    generator, critic = source
    assert generator.count_params() == (
        10 * 100  # embedding
        + (100 * 1024 + 1024)
        + (1024 * 7 * 7 * 128 + 7 * 7 * 128)
        + (5 * 5 * 128 * 256 + 256)
        + (5 * 5 * 256 * 128 + 128)
        + (2 * 2 * 128 * 1 + 1)
    )
    assert critic.count_params() == (
        (3 * 3 * 1 * 32 + 32)
        + (3 * 3 * 32 * 64 + 64)
        + (3 * 3 * 64 * 128 + 128)
        + (3 * 3 * 128 * 256 + 256)
        + (7 * 7 * 256 * 1 + 1)
        + (7 * 7 * 256 * 10 + 10)
    )


def test_feature_maps_are_those_of_the_source(source: tuple[keras.Model, keras.Model]) -> None:
    generator, critic = (
        [layer.output.shape[1:] for layer in weighted if isinstance(layer, keras.layers.Conv2D)]
        for weighted in (network.layers for network in source)
    )
    assert generator == [(14, 14, 256), (28, 28, 128), (28, 28, 1)]
    assert critic == [(28, 28, 32), (14, 14, 64), (14, 14, 128), (7, 7, 256)]


def test_kernels_begin_as_those_of_the_source(source: tuple[keras.Model, keras.Model]) -> None:
    generator, critic = source
    for kernel, _ in weights_of(generator, keras.layers.Conv2D)[:2]:
        assert kernel.std() == pytest.approx(0.02, rel=0.02)
    for kernel, _ in weights_of(critic, keras.layers.Conv2D)[1:]:
        assert kernel.std() == pytest.approx(0.02, rel=0.05)
    dense = weights_of(generator, keras.layers.Dense) + weights_of(critic, keras.layers.Dense)
    for kernel, _ in dense:
        glorot = np.sqrt(6 / sum(kernel.shape))
        assert 0.99 * glorot < np.abs(kernel).max() <= glorot


def test_the_generator_computes_what_the_source_says(randomize: Randomize) -> None:
    generator = registry.build_generator(SMALL, info_of((8, 8, 1), 4))
    randomize(generator.variables)
    latent, label = np.random.default_rng(1).normal(size=(3, 5)), np.array([2, 0, 3])

    ((embedding,),) = weights_of(generator, keras.layers.Embedding)
    x = latent * embedding[label]
    for weights, bias in weights_of(generator, keras.layers.Dense):
        x = relu(x @ weights + bias, 0.3)
    x = x.reshape(3, 2, 2, 3)
    *middle, last = weights_of(generator, keras.layers.Conv2D)
    for kernel, bias in middle:
        x = relu(convolve(repeat(x), kernel, bias), 0.3)
    expected = np.tanh(convolve(x, *last))
    np.testing.assert_allclose(generator([latent, label]), expected, rtol=1e-6, atol=1e-6)


def test_the_critic_computes_what_the_source_says(randomize: Randomize) -> None:
    critic = registry.build_critic(SMALL, info_of((8, 8, 1), 4))
    randomize(critic.variables)
    x = pictures = np.random.default_rng(1).normal(size=(2, 8, 8, 1))

    for number, (kernel, bias) in enumerate(weights_of(critic, keras.layers.Conv2D), 1):
        x = relu(convolve(x, kernel, bias), 0.3)
        if number in (1, 3):
            x = quarters(x).max(0)
    heads = weights_of(critic, keras.layers.Dense)
    for output, (weights, bias) in zip(critic(pictures), heads, strict=True):
        np.testing.assert_allclose(output, x.reshape(2, -1) @ weights + bias, rtol=1e-6, atol=1e-6)


def test_dropout_follows_every_convolution_of_the_critic() -> None:
    pictures = np.random.default_rng(1).normal(size=(2, 8, 8, 1))
    for rate, layers in ((0.3, 4), (0.0, 0)):
        config = dataclasses.replace(SMALL, acgan_critic_dropout=rate)
        critic = registry.build_critic(config, info_of((8, 8, 1), 4))
        assert sum(layer.name.startswith("dropout") for layer in critic.layers) == layers
        with masks_from(tf.constant([3, 4], tf.int64), 0, 1):
            scores, logits = critic(pictures, training=True)
        same = [
            bool(np.all(a == b)) for a, b in zip((scores, logits), critic(pictures), strict=True)
        ]
        assert same == [rate == 0.0] * 2


@pytest.mark.parametrize(
    ("filters", "side"), [((2, 2), 4), ((2, 2), 36), ((2, 2, 2), 24), ((2,), 10)]
)
def test_draws_and_judges_sides_that_halve_evenly(filters: tuple[int, ...], side: int) -> None:
    config = dataclasses.replace(SMALL, acgan_generator_filters=filters, conditional="none")
    shape = (side, side, 3)
    registry.check(config, info_of(shape))
    pictures = registry.build_generator(config, info_of(shape))([np.ones([2, 5])])
    assert pictures.shape == (2, *shape)
    assert registry.build_critic(config, info_of(shape))(pictures).shape == (2, 1)


@pytest.mark.parametrize(
    ("changes", "shape", "named"),
    [
        ({}, (30, 30, 1), ("multiple of 4", "30 pixels", "--image_size")),
        (
            {"acgan_generator_filters": (8, 8, 8)},
            (28, 28, 1),
            ("--acgan_generator_filters", "multiple of 8", "28 pixels"),
        ),
        (
            {"generator_conditioning": "batch_norm"},
            (28, 28, 1),
            ("--generator_conditioning=batch_norm", "--architecture=acgan", "multiply"),
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    changes: dict[str, Any], shape: tuple[int, ...], named: tuple[str, ...]
) -> None:
    with pytest.raises(UserError) as error:
        acgan.check(dataclasses.replace(SMALL, **changes), info_of(shape))
    assert all(text in str(error.value) for text in named)
    assert str(error.value).endswith(".")
