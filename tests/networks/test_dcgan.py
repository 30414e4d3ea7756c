import dataclasses

import numpy as np
import pytest

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import dcgan, registry


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
@pytest.mark.parametrize("size", [8, 9, 12, 28, 30, 32, 48, 50, 64, 100, 128])
def test_draws_and_judges_pictures_of_every_size(
    size: int, channels: int, dcgan_config: Config
) -> None:
    shape = (size, size, channels)
    registry.check(dcgan_config, shape)
    generator = registry.build_generator(dcgan_config, shape, 0)
    critic = registry.build_critic(dcgan_config, shape, 0)
    pictures = generator(np.ones([2, 3], np.float32))
    assert pictures.shape == (2, *shape)
    assert critic(pictures).shape == (2, 1)


def test_maps_of_28_pixels_are_cropped_at_7(dcgan_config: Config) -> None:
    generator = registry.build_generator(dcgan_config, (28, 28, 1), 0)
    sides = [layer.output.shape[1] for layer in generator.layers if len(layer.output.shape) == 4]
    steps = [side for i, side in enumerate(sides) if i == 0 or side != sides[i - 1]]
    assert steps == [4, 8, 7, 14, 28]


def test_parameters_of_the_wgan_gp_mnist_pair() -> None:
    config = Config(dcgan_generator_norm="none", output_activation="sigmoid")
    generator = registry.build_generator(config, (28, 28, 1), 0)
    critic = registry.build_critic(config, (28, 28, 1), 0)
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
    generator = registry.build_generator(config, (32, 32, 3), 0)
    critic = registry.build_critic(config, (32, 32, 3), 0)
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
    critic = registry.build_critic(config, (16, 16, 1), 0)
    # Layer norm, with a scale and an offset a filter, comes after the second convolution, whose
    # bias it does not cancel: it subtracts the mean over all filters.
    assert critic.count_params() == (
        (9 * 1 * 2 + 2) + (9 * 2 * 4 + 4 + 2 * 4) + (4 * 4 * 4 * 5 + 5) + (5 + 1)
    )


@pytest.mark.parametrize(
    ("changes", "shape", "named"),
    [
        ({}, (7, 7, 1), "--image_size"),
        ({}, (129, 129, 3), "--image_size"),
        ({"dcgan_start_size": 8}, (8, 8, 1), "--dcgan_start_size=8"),
    ],
)
def test_examples_it_cannot_draw_are_refused(
    changes: dict[str, int], shape: tuple[int, ...], named: str, dcgan_config: Config
) -> None:
    with pytest.raises(UserError, match=named):
        dcgan.check(dataclasses.replace(dcgan_config, **changes), shape)
