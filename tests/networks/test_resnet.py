import dataclasses
import pathlib
from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from tests.networks.reference import convolve, quarters, relu, repeat
from wgan_tf import flagfile
from wgan_tf.config import Config
from wgan_tf.networks import registry

Randomize = Callable[[Iterable[keras.Variable]], None]

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"

# The authors' pair for 64 pixels, GoodGenerator and GoodDiscriminator with DIM = 64.
AT_64 = Config(
    architecture="resnet",
    resnet_generator_filters=(512, 256, 128, 64),
    resnet_critic_filters=(64, 128, 256, 512, 512),
    resnet_critic_first_block="convolution",
    resnet_critic_downsamplings=4,
    resnet_critic_pooling="flatten",
    resnet_critic_norm="layer",
)
SMALL = Config(
    architecture="resnet",
    precision="float64",
    latent_dim=5,
    resnet_start_size=2,
    resnet_generator_filters=(3, 2),
    resnet_critic_filters=(2, 3, 3),
)


def preset(name: str) -> Config:
    return flagfile.from_flagfile((CONFIGS / f"{name}.flags").read_text(), name)


def count_trainable(network: keras.Model) -> int:
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def map_shapes(network: keras.Model) -> list[tuple[int, ...]]:
    """Shapes of the feature maps after each block, the picture and the vectors."""
    sums = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
    return [tuple(layer.output.shape[1:]) for layer in sums]


def convolutions(network: keras.Model, size: int) -> list[list[np.ndarray]]:
    """Kernels and biases of the convolutions with that kernel size, from input to output."""
    return [
        [*layer.get_weights(), 0.0][:2]
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.kernel_size == (size, size)
    ]


def layers_named(network: keras.Model, name: str) -> list[list[np.ndarray]]:
    return [layer.get_weights() for layer in network.layers if type(layer).__name__ == name]


def test_the_cifar_generator_is_that_of_the_paper() -> None:
    generator = registry.build_generator(preset("cifar"), info_of((32, 32, 3)))
    assert map_shapes(generator) == [(8, 8, 128), (16, 16, 128), (32, 32, 128)]
    block = (
        2 * 128  # batch norm: scale and offset
        + (3 * 3 * 128 * 128 + 128)
        + 2 * 128
        + (3 * 3 * 128 * 128 + 128)
        + (1 * 1 * 128 * 128 + 128)  # shortcut
    )
    source = (128 * 4 * 4 * 128 + 4 * 4 * 128) + 3 * block + 2 * 128 + (3 * 3 * 128 * 3 + 3)
    assert count_trainable(generator) == source
    # The moving mean and variance of seven batch norms, which the source does without.
    assert generator.count_params() - count_trainable(generator) == 7 * 2 * 128


def test_the_cifar_critic_is_that_of_the_paper() -> None:
    critic = registry.build_critic(preset("cifar"), info_of((32, 32, 3)))
    assert map_shapes(critic) == [(16, 16, 128), (8, 8, 128), (8, 8, 128), (8, 8, 128)]
    convolution = 3 * 3 * 128 * 128 + 128
    assert critic.count_params() == (
        (3 * 3 * 3 * 128 + 128) + convolution + (1 * 1 * 3 * 128 + 128)
        + convolution + convolution + (1 * 1 * 128 * 128 + 128)
        + 2 * (convolution + convolution)
        + (128 + 1)
    )  # fmt: skip


def test_the_conditional_cifar_pair_is_that_of_the_paper() -> None:
    config = preset("cifar_acgan")
    generator = registry.build_generator(config, info_of((32, 32, 3), 10))
    critic = registry.build_critic(config, info_of((32, 32, 3), 10))
    plain = registry.build_generator(preset("cifar"), info_of((32, 32, 3)))
    # Six of the seven batch norms have a scale and an offset for each of ten classes.
    assert count_trainable(generator) - count_trainable(plain) == 6 * 2 * 128 * (10 - 1)
    assert [tuple(output.shape) for output in critic.outputs] == [(None, 1), (None, 10)]
    unconditional = registry.build_critic(preset("cifar"), info_of((32, 32, 3)))
    assert critic.count_params() - unconditional.count_params() == 128 * 10 + 10


def test_the_generator_for_64_pixels_is_that_of_the_authors() -> None:
    generator = registry.build_generator(AT_64, info_of((64, 64, 3)))
    assert map_shapes(generator) == [(8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 64)]

    def block(inputs: int, filters: int) -> int:
        return (
            2 * inputs
            + 3 * 3 * inputs * filters
            + 2 * filters
            + (3 * 3 * filters * filters + filters)
            + (inputs * filters + filters)
        )

    assert count_trainable(generator) == (
        (128 * 4 * 4 * 512 + 4 * 4 * 512)
        + block(512, 512)
        + block(512, 256)
        + block(256, 128)
        + block(128, 64)
        + 2 * 64
        + (3 * 3 * 64 * 3 + 3)
    )


def test_the_critic_for_64_pixels_is_that_of_the_authors() -> None:
    critic = registry.build_critic(AT_64, info_of((64, 64, 3)))
    assert map_shapes(critic) == [(32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 512)]

    def block(inputs: int, filters: int) -> int:
        return (
            2 * inputs
            + 3 * 3 * inputs * inputs
            + 2 * inputs
            + (3 * 3 * inputs * filters + filters)
            + (inputs * filters + filters)
        )

    assert critic.count_params() == (
        (3 * 3 * 3 * 64 + 64)
        + block(64, 128)
        + block(128, 256)
        + block(256, 512)
        + block(512, 512)
        + (4 * 4 * 512 + 1)
    )


def test_initial_kernels_deviate_as_in_the_authors_code() -> None:
    critic = registry.build_critic(preset("cifar"), info_of((32, 32, 3)))
    inner, shortcuts = convolutions(critic, 3), convolutions(critic, 1)
    # Uniform, residual: variance 4 / (fan_in + fan_out); shortcuts: 2 / (fan_in + fan_out).
    for (kernel, bias), variance in (
        (inner[0], 4 / (27 + 1152)),
        *((one, 4 / (1152 + 1152)) for one in inner[1:]),
        (shortcuts[0], 2 / (3 + 128)),
        (shortcuts[1], 2 / (128 + 128)),
    ):
        bound = np.sqrt(3 * variance)
        assert 0.97 * bound < np.abs(kernel).max() <= bound
        assert kernel.var() == pytest.approx(variance, rel=0.1)
        assert not np.any(bias)


@pytest.mark.parametrize("conditioning", ["multiply", "batch_norm"])
def test_the_generator_computes_what_the_paper_says(
    conditioning: str, randomize: Randomize
) -> None:
    config = dataclasses.replace(
        SMALL, conditional="auxiliary_classifier", generator_conditioning=conditioning
    )
    generator = registry.build_generator(config, info_of((8, 8, 3), 4))
    randomize(generator.variables)
    latent, label = np.random.default_rng(1).normal(size=(3, 5)), np.array([2, 0, 3])

    tables = iter(layers_named(generator, "ClassScaleAndShift"))
    norms = iter(layers_named(generator, "BatchNormalization"))
    in_norm = conditioning == "batch_norm"

    def norm(x: np.ndarray, by_class: bool) -> np.ndarray:
        if by_class:
            mean, variance = next(norms)
            gamma, beta = (table[label][:, None, None] for table in next(tables))
        else:
            gamma, beta, mean, variance = next(norms)
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    kernels, shortcuts = iter(convolutions(generator, 3)), iter(convolutions(generator, 1))
    ((weights, bias),) = layers_named(generator, "Dense")
    features = latent
    if not in_norm:
        ((embedding,),) = layers_named(generator, "Embedding")
        features = latent * embedding[label]
    x = (features @ weights + bias).reshape(3, 2, 2, 3)
    for _ in range(2):
        residual = convolve(repeat(relu(norm(x, in_norm))), *next(kernels))
        residual = convolve(relu(norm(residual, in_norm)), *next(kernels))
        x = residual + convolve(repeat(x), *next(shortcuts))
    expected = np.tanh(convolve(relu(norm(x, by_class=False)), *next(kernels)))
    np.testing.assert_allclose(generator([latent, label]), expected, rtol=1e-6, atol=1e-9)


def test_the_critic_computes_what_the_paper_says(randomize: Randomize) -> None:
    config = dataclasses.replace(SMALL, conditional="auxiliary_classifier")
    critic = registry.build_critic(config, info_of((8, 8, 3), 4))
    randomize(critic.variables)
    x = pictures = np.random.default_rng(1).normal(size=(2, 8, 8, 3))

    kernels, shortcuts = iter(convolutions(critic, 3)), iter(convolutions(critic, 1))
    residual = convolve(relu(convolve(x, *next(kernels))), *next(kernels))
    x = quarters(residual).mean(0) + convolve(quarters(x).mean(0), *next(shortcuts))
    residual = convolve(relu(convolve(relu(x), *next(kernels))), *next(kernels))
    x = quarters(residual).mean(0) + quarters(convolve(x, *next(shortcuts))).mean(0)
    x = x + convolve(relu(convolve(relu(x), *next(kernels))), *next(kernels))
    features = relu(x).mean((1, 2))
    outputs = critic(pictures)
    for output, (weights, bias) in zip(outputs, layers_named(critic, "Dense"), strict=True):
        np.testing.assert_allclose(output, features @ weights + bias, rtol=1e-9)


def test_the_critic_with_layer_norm_computes_what_the_authors_code_does(
    randomize: Randomize,
) -> None:
    config = dataclasses.replace(
        SMALL,
        resnet_critic_filters=(2, 3),
        resnet_critic_first_block="convolution",
        resnet_critic_downsamplings=1,
        resnet_critic_pooling="flatten",
        resnet_critic_norm="layer",
    )
    critic = registry.build_critic(config, info_of((4, 4, 1)))
    randomize(critic.variables)
    pictures = np.random.default_rng(1).normal(size=(2, 4, 4, 1))

    norms = iter(layers_named(critic, "LayerNormalization"))

    def norm(x: np.ndarray) -> np.ndarray:
        gamma, beta = next(norms)
        mean, variance = x.mean((1, 2, 3), keepdims=True), x.var((1, 2, 3), keepdims=True)
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    first, second, third = convolutions(critic, 3)
    (shortcut,) = convolutions(critic, 1)
    x = convolve(pictures, *first)
    residual = convolve(relu(norm(convolve(relu(norm(x)), *second))), *third)
    x = quarters(residual).mean(0) + convolve(quarters(x).mean(0), *shortcut)
    ((weights, bias),) = layers_named(critic, "Dense")
    np.testing.assert_allclose(critic(pictures), x.reshape(2, -1) @ weights + bias, rtol=1e-6)


@pytest.mark.parametrize("norm", ["none", "layer"])
@pytest.mark.parametrize("first_block", ["optimized", "convolution"])
def test_the_penalty_has_right_gradients(first_block: str, norm: str, randomize: Randomize) -> None:
    config = dataclasses.replace(
        SMALL, resnet_critic_first_block=first_block, resnet_critic_norm=norm
    )
    critic = registry.build_critic(config, info_of((8, 8, 1)))
    randomize(critic.variables)
    random = np.random.default_rng(2)
    points = tf.constant(random.normal(size=(2, 8, 8, 1)))
    variables = critic.trainable_variables

    def penalty() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(points)
            scores = tf.reduce_sum(critic(points, training=True))
        norms = tf.sqrt(tf.reduce_sum(tape.gradient(scores, points) ** 2, axis=(1, 2, 3)))
        return tf.reduce_sum((norms - 1.0) ** 2)

    with tf.GradientTape() as tape:
        value = penalty()
    gradients = tape.gradient(
        value,
        [variable.value for variable in variables],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    directions = [random.normal(size=variable.shape) for variable in variables]
    slope = sum(
        float(tf.reduce_sum(gradient * direction))
        for gradient, direction in zip(gradients, directions, strict=True)
    )
    values = []
    for step in (1e-6, -2e-6):
        for variable, direction in zip(variables, directions, strict=True):
            variable.assign_add(step * direction)
        values.append(float(penalty()))
    assert slope == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-5)


@pytest.mark.parametrize(
    ("start_size", "filters", "downsamplings", "side"),
    [(4, (4, 2), 2, 16), (7, (2, 2), 2, 28), (3, (2, 2, 2, 2), 3, 48), (5, (3,), 0, 10)],
)
def test_sides_are_the_start_size_times_a_power_of_two(
    start_size: int, filters: tuple[int, ...], downsamplings: int, side: int
) -> None:
    config = Config(
        architecture="resnet",
        latent_dim=3,
        resnet_start_size=start_size,
        resnet_generator_filters=filters,
        resnet_critic_filters=(2, 2, 2),
        resnet_critic_downsamplings=downsamplings,
    )
    registry.check(config, info_of((side, side, 3)))
    generator = registry.build_generator(config, info_of((side, side, 3)))
    pictures = generator([np.ones([2, 3], np.float32)])
    assert pictures.shape == (2, side, side, 3)
    critic = registry.build_critic(config, info_of((side, side, 3)))
    assert critic(pictures).shape == (2, 1)
    assert map_shapes(critic)[-1] == (side // 2**downsamplings,) * 2 + (2,)
