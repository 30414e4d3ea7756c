import dataclasses
from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import dcgan, registry

Randomize = Callable[[Iterable[keras.Variable]], None]


@pytest.mark.parametrize(
    ("image_size", "start_size", "expected"),
    [
        (28, 4, [28, 14, 7, 4]),
        (28, 7, [28, 14, 7]),
        (32, 4, [32, 16, 8, 4]),
        (50, 4, [50, 25, 13, 7, 4]),
        (9, 4, [9, 5, 3]),
        (128, 16, [128, 64, 32, 16]),
    ],
)
def test_sides_halve_rounding_up(image_size: int, start_size: int, expected: list[int]) -> None:
    assert dcgan.sides(image_size, start_size) == expected


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 9, 12, 28, 30, 32, 48, 50, 64, 100, 256])
def test_draws_and_judges_pictures_of_every_size(
    size: int, channels: int, dcgan_config: Config
) -> None:
    shape = (size, size, channels)
    registry.check(dcgan_config, info_of(shape))
    generator = registry.build_generator(dcgan_config, info_of(shape))
    critic = registry.build_critic(dcgan_config, info_of(shape))
    pictures = generator(np.ones([2, 3], np.float32))
    assert pictures.shape == (2, *shape)
    assert critic(pictures).shape == (2, 1)


def test_maps_of_28_pixels_are_cropped_at_7(dcgan_config: Config) -> None:
    generator = registry.build_generator(dcgan_config, info_of((28, 28, 1)))
    sides = [layer.output.shape[1] for layer in generator.layers if len(layer.output.shape) == 4]
    steps = [side for i, side in enumerate(sides) if i == 0 or side != sides[i - 1]]
    assert steps == [4, 8, 7, 14, 28]


def test_parameters_of_the_wgan_gp_mnist_pair() -> None:
    config = Config(dcgan_generator_norm="none", output_activation="sigmoid")
    generator = registry.build_generator(config, info_of((28, 28, 1)))
    critic = registry.build_critic(config, info_of((28, 28, 1)))
    assert generator.count_params() == (
        (128 * 4 * 4 * 256 + 4 * 4 * 256)  # latent to 4x4x256
        + (5 * 5 * 256 * 128 + 128)  # 4x4 to 8x8, cropped to 7x7
        + (5 * 5 * 128 * 64 + 64)  # to 14x14
        + (5 * 5 * 64 * 1 + 1)  # to 28x28
    )
    assert critic.count_params() == (
        (5 * 5 * 1 * 64 + 64)
        + (5 * 5 * 64 * 128 + 128)
        + (5 * 5 * 128 * 256 + 256)
        + (4 * 4 * 256 + 1)
    )


def test_parameters_of_the_cifar_pair() -> None:
    config = Config(dcgan_width=128)
    generator = registry.build_generator(config, info_of((32, 32, 3)))
    critic = registry.build_critic(config, info_of((32, 32, 3)))
    # Batch norm has scale, offset and two moving statistics a filter, and stands in for biases.
    assert generator.count_params() == (
        (128 * 4 * 4 * 512 + 4 * 512)
        + (5 * 5 * 512 * 256 + 4 * 256)
        + (5 * 5 * 256 * 128 + 4 * 128)
        + (5 * 5 * 128 * 3 + 3)
    )
    assert critic.count_params() == (
        (5 * 5 * 3 * 128 + 128)
        + (5 * 5 * 128 * 256 + 256)
        + (5 * 5 * 256 * 512 + 512)
        + (4 * 4 * 512 + 1)
    )


def test_dense_layer_and_layer_norm_of_the_critic(dcgan_config: Config) -> None:
    config = dataclasses.replace(dcgan_config, dcgan_critic_units=5, dcgan_critic_norm="layer")
    critic = registry.build_critic(config, info_of((16, 16, 1)))
    # Layer norm, with a scale and an offset a filter, comes after the second convolution, whose
    # bias it does not cancel: it subtracts the mean over all filters.
    assert critic.count_params() == (
        (9 * 1 * 2 + 2) + (9 * 2 * 4 + 4 + 2 * 4) + (4 * 4 * 4 * 5 + 5) + (5 + 1)
    )


@pytest.mark.parametrize("first_norm", ["feature_map", "units"])
def test_the_first_norm_is_over_the_filters_or_over_the_units(
    first_norm: str, dcgan_config: Config, randomize: Randomize
) -> None:
    config = dataclasses.replace(
        dcgan_config, dcgan_first_norm=first_norm, batch_norm_epsilon=1e-3, precision="float64"
    )
    generator = registry.build_generator(config, info_of((8, 8, 1)))
    randomize(generator.variables)
    dense, scale, offset, kernel, bias = (v.numpy() for v in generator.trainable_variables)
    latent = np.random.default_rng(0).normal(size=(5, 3))
    x = latent @ dense
    x = x if first_norm == "units" else x.reshape(5, 4, 4, 2)
    axes = tuple(range(x.ndim - 1))
    x = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-3) * scale + offset
    x = np.maximum(x, 0).reshape(5, 4, 4, 2)
    x = tf.nn.conv2d_transpose(x, kernel, (5, 8, 8, 1), 2, "SAME").numpy() + bias
    np.testing.assert_allclose(generator(latent, training=True), np.tanh(x), rtol=1e-9, atol=1e-12)


def biased(network: keras.Model) -> list[bool]:
    """Whether each layer with a kernel has a bias."""
    return [layer.use_bias for layer in network.layers if hasattr(layer, "use_bias")]


@pytest.mark.parametrize(
    ("biases", "before_norm", "generator_biases", "critic_biases"),
    [
        (True, False, [False, False, True], [True, False, True]),
        (True, True, [True, True, True], [True, True, True]),
        (False, False, [False, False, False], [False, False, False]),
        (False, True, [True, True, False], [False, True, False]),
    ],
)
def test_layers_have_biases_where_they_are_asked_for(
    biases: bool,
    before_norm: bool,
    generator_biases: list[bool],
    critic_biases: list[bool],
    dcgan_config: Config,
) -> None:
    config = dataclasses.replace(
        dcgan_config,
        dcgan_biases=biases,
        bias_before_norm=before_norm,
        dcgan_critic_norm="batch",
        lipschitz="none",
    )
    # The generator's last layer, and the critic's first and last, are followed by no norm.
    assert biased(registry.build_generator(config, info_of((16, 16, 1)))) == generator_biases
    assert biased(registry.build_critic(config, info_of((16, 16, 1)))) == critic_biases


def test_kernels_begin_as_in_the_code_of_wgan_gp() -> None:
    config = Config(dcgan_width=8, dcgan_initializer="wgan_gp")
    generator = registry.build_generator(config, info_of((32, 32, 3)))
    critic = registry.build_critic(config, info_of((32, 32, 3)))
    # Linear: variance 2 / (inputs + outputs). Deconv2D, of stride 2: 4 / (25 inputs / 4 + 25
    # outputs). Conv2D, of stride 2: 4 / (25 inputs + 25 outputs / 4).
    expected = {
        generator: [
            2 / (128 + 4 * 4 * 32),
            4 / (25 * 32 / 4 + 25 * 16),
            4 / (25 * 16 / 4 + 25 * 8),
            4 / (25 * 8 / 4 + 25 * 3),
        ],
        critic: [
            4 / (25 * 3 + 25 * 8 / 4),
            4 / (25 * 8 + 25 * 16 / 4),
            4 / (25 * 16 + 25 * 32 / 4),
            2 / (4 * 4 * 32 + 1),
        ],
    }
    for network, variances in expected.items():
        kernels = [v.numpy() for v in network.trainable_variables if v.name == "kernel"]
        for kernel, variance in zip(kernels, variances, strict=True):
            bound = np.sqrt(3 * variance)
            assert 0.98 * bound < np.abs(kernel).max() <= (1 + 1e-6) * bound


@pytest.mark.parametrize(
    ("changes", "shape", "named"),
    [
        ({}, (7, 7, 1), "--image_size"),
        ({}, (257, 257, 3), "--image_size"),
        ({"dcgan_start_size": 8}, (8, 8, 1), "--dcgan_start_size=8"),
    ],
)
def test_examples_it_cannot_draw_are_refused(
    changes: dict[str, int], shape: tuple[int, ...], named: str, dcgan_config: Config
) -> None:
    with pytest.raises(UserError, match=named):
        dcgan.check(dataclasses.replace(dcgan_config, **changes), info_of(shape))
