"""Stacks of convolutions whose filters and strides are given layer by layer.

The generator normalises and activates before each transposed convolution, the critic activates
before each convolution, as Keras's WGAN for MNIST does.
"""

import math

import keras

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks.conditioning import condition_generator, critic_outputs
from wgan_tf.networks.layers import LayerFactory


def check(config: Config, example_shape: tuple[int, ...]) -> None:
    """Checks that the layers given draw such examples.

    Raises:
        UserError: not pictures, of another size, or lists whose lengths do not fit.
    """
    if len(example_shape) != 3:
        raise UserError(
            f"--architecture=conv_stack draws pictures, but the examples of "
            f"--dataset={config.dataset} have shape {example_shape}; take --architecture=mlp."
        )
    expected = len(config.conv_stack_generator_filters) + 1
    if len(config.conv_stack_generator_strides) != expected:
        raise UserError(
            f"--conv_stack_generator_strides has {len(config.conv_stack_generator_strides)} "
            f"entries; give {expected}, one more than --conv_stack_generator_filters has."
        )
    if len(config.conv_stack_critic_strides) != len(config.conv_stack_critic_filters):
        raise UserError(
            f"--conv_stack_critic_strides has {len(config.conv_stack_critic_strides)} entries; "
            f"give {len(config.conv_stack_critic_filters)}, as many as "
            "--conv_stack_critic_filters has."
        )
    drawn = config.conv_stack_start_size * math.prod(config.conv_stack_generator_strides)
    if drawn != example_shape[0]:
        raise UserError(
            f"--conv_stack_start_size={config.conv_stack_start_size} times "
            f"--conv_stack_generator_strides gives pictures of {drawn} pixels, not of "
            f"{example_shape[0]}; change one of them, or --image_size."
        )


def initializer(config: Config) -> str:
    """How kernels are initialised."""
    return config.conv_stack_initializer


def build_generator(
    config: Config, example_shape: tuple[int, ...], num_classes: int, layers: LayerFactory
) -> keras.Model:
    """[latent [B, latent_dim], label int32 [B] if any] -> pictures [B, H, W, C]."""
    side, filters = config.conv_stack_start_size, config.conv_stack_start_filters
    condition = condition_generator(config, layers, num_classes)
    x = layers.reshape((side, side, filters))(
        layers.dense(side * side * filters)(condition.features)
    )
    for filters, stride in zip(
        (*config.conv_stack_generator_filters, example_shape[2]),
        config.conv_stack_generator_strides,
        strict=True,
    ):
        x = layers.relu()(condition.norm(config.conv_stack_generator_norm)(x))
        x = layers.transposed_convolution(filters, config.conv_stack_kernel_size, stride)(x)
    return keras.Model(
        condition.inputs, layers.output(config.output_activation)(x), name="generator"
    )


def build_critic(
    config: Config, example_shape: tuple[int, ...], num_classes: int, layers: LayerFactory
) -> keras.Model:
    """Pictures [B, H, W, C] -> [scores [B, 1], class logits [B, num_classes] if any]."""
    picture = x = layers.input(example_shape)
    for level, (filters, stride) in enumerate(
        zip(config.conv_stack_critic_filters, config.conv_stack_critic_strides, strict=True)
    ):
        if level > 0:
            x = layers.norm(config.conv_stack_critic_norm)(x)
        x = layers.leaky_relu()(x)
        x = layers.convolution(filters, config.conv_stack_kernel_size, stride)(x)
    return keras.Model(
        picture, critic_outputs(layers.flatten()(x), layers, num_classes), name="critic"
    )
