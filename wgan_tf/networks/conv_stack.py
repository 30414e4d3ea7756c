"""Stacks of convolutions that are given layer by layer.

In the order pre_activation the generator normalizes and activates before each layer and the critic
before each convolution, as Keras's WGAN for MNIST does. In the order post_activation both do so
after it, as in chapter 4 of "Generative Deep Learning" (Foster 2019).
"""

import dataclasses
import math

import keras

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.networks.conditioning import (
    Condition,
    check_conditioning,
    condition_generator,
    critic_outputs,
)
from wgan_tf.networks.layers import LayerFactory
from wgan_tf.networks.per_layer import per_layer

DRAWS_POINTS = False


@dataclasses.dataclass(frozen=True)
class _Layer:
    """One layer of a stack; its stride enlarges in a generator and reduces in a critic."""

    filters: int
    kernel_size: int
    stride: int
    upsampling: str = ""


def check(config: Config, info: DatasetInfo) -> None:
    """Checks that the layers given draw such examples.

    Raises:
        UserError: images of another size, or lists whose lengths do not fit.
    """
    check_conditioning(config, "conv_stack_generator_norm")
    _critic_layers(config)
    strides = [layer.stride for layer in _generator_layers(config, info.example_shape[2])]
    drawn = config.conv_stack_start_size * math.prod(strides)
    wanted = info.example_shape[0] + 2 * config.conv_stack_margin
    if drawn != wanted:
        raise UserError(
            f"--conv_stack_start_size={config.conv_stack_start_size} times "
            f"--conv_stack_generator_strides gives images of {drawn} pixels, not of "
            f"{wanted}; change one of them, --image_size or --conv_stack_margin."
        )
    _critic_dropout(config)


def initializer(config: Config) -> str:
    """How kernels are initialized."""
    return config.conv_stack_initializer


def build_generator(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """[latent [B, latent_dim], label int32 [B] if any] -> images [B, H, W, C]."""
    side, filters = config.conv_stack_start_size, config.conv_stack_start_filters
    condition = condition_generator(config, info, layers)
    stack = _generator_layers(config, info.example_shape[2])
    norm = config.conv_stack_generator_norm
    use_bias = layers.has_bias_before(norm)
    x = layers.dense(side * side * filters, use_bias=use_bias)(condition.features)
    # The first norm is over single units where it comes before the reshape, over filters after it.
    if config.conv_stack_order == "post_activation":
        x = _norm_and_activation(x, config, condition, layers)
        x = layers.reshape((side, side, filters))(x)
    else:
        x = layers.reshape((side, side, filters))(x)
        x = _norm_and_activation(x, config, condition, layers)
    if config.conv_stack_generator_dropout:
        x = layers.dropout(config.conv_stack_generator_dropout)(x)
    for layer in stack[:-1]:
        x = _enlarge(x, layer, layers, use_bias=use_bias)
        x = _norm_and_activation(x, config, condition, layers)
    output_norm = norm if config.conv_stack_generator_output_norm else "none"
    x = _enlarge(x, stack[-1], layers, use_bias=layers.has_bias_before(output_norm))
    x = condition.norm(output_norm)(x)
    if config.conv_stack_margin:
        x = layers.crop_margin(config.conv_stack_margin)(x)
    return keras.Model(
        condition.inputs, layers.output(config.output_activation)(x), name="generator"
    )


def build_critic(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """Images [B, H, W, C] -> [scores [B, 1], class logits [B, num_classes] if any]."""
    image = x = layers.input(info.example_shape)
    if config.conv_stack_margin:
        x = layers.pad_margin(config.conv_stack_margin)(x)
    dropouts = _critic_dropout(config)
    for level, (layer, dropout) in enumerate(zip(_critic_layers(config), dropouts, strict=True)):
        norm = config.conv_stack_critic_norm if level > 0 else "none"
        convolution = layers.convolution(
            layer.filters,
            layer.kernel_size,
            layer.stride,
            use_bias=config.conv_stack_order == "pre_activation" or layers.has_bias_before(norm),
        )
        if config.conv_stack_order == "post_activation":
            x = convolution(x)
        x = layers.norm(norm)(x)
        x = layers.activation(config.conv_stack_critic_activation)(x)
        if dropout:
            x = layers.dropout(dropout)(x)
        if config.conv_stack_order == "pre_activation":
            x = convolution(x)
    x = layers.flatten()(x)
    if config.conv_stack_critic_output_dropout:
        x = layers.dropout(config.conv_stack_critic_output_dropout)(x)
    return keras.Model(image, critic_outputs(config, info, layers, x), name="critic")


def _norm_and_activation(
    x: keras.KerasTensor, config: Config, condition: Condition, layers: LayerFactory
) -> keras.KerasTensor:
    norm = condition.norm(config.conv_stack_generator_norm)
    return layers.activation(config.conv_stack_generator_activation)(norm(x))


def _enlarge(
    x: keras.KerasTensor, layer: _Layer, layers: LayerFactory, *, use_bias: bool
) -> keras.KerasTensor:
    if layer.upsampling == "transposed":
        enlarge = layers.transposed_convolution(
            layer.filters, layer.kernel_size, layer.stride, use_bias=use_bias
        )
        return enlarge(x)
    x = layers.upsample(layer.stride)(x) if layer.stride > 1 else x
    return layers.convolution(layer.filters, layer.kernel_size, 1, use_bias=use_bias)(x)


def _generator_layers(config: Config, channels: int) -> list[_Layer]:
    filters = (*config.conv_stack_generator_filters, channels)
    counted = "layers that --conv_stack_generator_filters and the image make"
    lists = (
        per_layer(config, f"conv_stack_generator_{name}", len(filters), counted)
        for name in ("kernel_sizes", "strides", "upsampling")
    )
    return [_Layer(*layer) for layer in zip(filters, *lists, strict=True)]


def _critic_dropout(config: Config) -> tuple[float, ...]:
    filters = config.conv_stack_critic_filters
    counted = "layers of --conv_stack_critic_filters"
    return per_layer(config, "conv_stack_critic_dropout", len(filters), counted)


def _critic_layers(config: Config) -> list[_Layer]:
    filters = config.conv_stack_critic_filters
    counted = "layers of --conv_stack_critic_filters"
    lists = (
        per_layer(config, f"conv_stack_critic_{name}", len(filters), counted)
        for name in ("kernel_sizes", "strides")
    )
    return [_Layer(*layer) for layer in zip(filters, *lists, strict=True)]
