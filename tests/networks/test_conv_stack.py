import dataclasses

import numpy as np
import pytest

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import conv_stack, registry

CONFIG = Config(architecture="conv_stack", latent_dim=100, output_activation="sigmoid")


def test_parameters_of_the_keras_wgan_for_mnist() -> None:
    registry.check(CONFIG, (28, 28, 1))
    generator = registry.build_generator(CONFIG, (28, 28, 1))
    critic = registry.build_critic(CONFIG, (28, 28, 1))
    # Batch norm, with four values a filter, comes before every transposed convolution.
    assert generator.count_params() == (
        (100 * 7 * 7 * 128 + 7 * 7 * 128)
        + (4 * 128 + 5 * 5 * 128 * 128 + 128)  # 7x7 to 14x14
        + (4 * 128 + 5 * 5 * 128 * 64 + 64)  # to 28x28
        + (4 * 64 + 5 * 5 * 64 * 32 + 32)
        + (4 * 32 + 5 * 5 * 32 * 1 + 1)
    )
    assert critic.count_params() == (
        (5 * 5 * 1 * 32 + 32)  # 28x28 to 14x14
        + (5 * 5 * 32 * 64 + 64)  # to 7x7
        + (5 * 5 * 64 * 128 + 128)  # to 4x4
        + (5 * 5 * 128 * 256 + 256)
        + (4 * 4 * 256 + 1)
    )


def test_draws_and_judges_what_its_layers_say() -> None:
    config = dataclasses.replace(
        CONFIG,
        latent_dim=3,
        conv_stack_start_size=3,
        conv_stack_start_filters=2,
        conv_stack_generator_filters=(2,),
        conv_stack_generator_strides=(3, 2),
        conv_stack_critic_filters=(2, 3),
        conv_stack_critic_strides=(1, 4),
    )
    registry.check(config, (18, 18, 3))
    pictures = registry.build_generator(config, (18, 18, 3))(np.ones([2, 3], np.float32))
    assert pictures.shape == (2, 18, 18, 3)
    assert registry.build_critic(config, (18, 18, 3))(pictures).shape == (2, 1)


@pytest.mark.parametrize(
    ("changes", "shape", "named"),
    [
        ({}, (2,), "--architecture=mlp"),
        ({}, (32, 32, 3), "--conv_stack_start_size=7 .* 28 pixels, not of 32"),
        ({"conv_stack_generator_strides": (2, 2, 1)}, (28, 28, 1), "generator_strides .* 4"),
        ({"conv_stack_critic_strides": (2, 2, 2)}, (28, 28, 1), "critic_strides .* 4"),
    ],
)
def test_layers_that_do_not_fit_are_refused(
    changes: dict[str, tuple[int, ...]], shape: tuple[int, ...], named: str
) -> None:
    with pytest.raises(UserError, match=named):
        conv_stack.check(dataclasses.replace(CONFIG, **changes), shape)
