"""The residual networks of WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028) and of its code.

A block is shortcut(x) + f(f(x)), where f is a norm, ReLU and a 3x3 convolution in this order. The
generator's blocks repeat pixels before their first convolution; the first blocks of the critic,
`resnet_critic_downsamplings` of them, take the mean of four pixels after their second. The shortcut
is the identity where a block changes neither sides nor filters, else a 1x1 convolution, which the
generator takes before it repeats pixels and the critic after the mean, since it commutes with both.

A convolution has no bias where a norm follows, but with `bias_before_norm`: the code has such
biases in its CIFAR-10 generator, where batch norm cancels them.
"""

from collections.abc import Callable

import keras

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.networks.conditioning import (
    check_conditioning,
    condition_generator,
    critic_outputs,
)
from wgan_tf.networks.layers import LayerFactory, Operation

DRAWS_POINTS = False


def check(config: Config, info: DatasetInfo) -> None:
    """Checks that the family can draw and judge such examples.

    Raises:
        UserError: images of another size than is drawn, or of sides that do not halve.
    """
    check_conditioning(config, "resnet_generator_norm")
    for name in ("resnet_generator_filters", "resnet_critic_filters"):
        if not getattr(config, name):
            raise UserError(f"--{name} is empty; give the filters of at least one block.")
    side, doublings = info.example_shape[0], len(config.resnet_generator_filters)
    drawn = config.resnet_start_size * 2**doublings
    if drawn != side:
        raise UserError(
            f"--resnet_start_size={config.resnet_start_size}, doubled by each of the {doublings} "
            f"blocks of --resnet_generator_filters, gives images of {drawn} pixels, not of "
            f"{side}; change one of them, or --image_size."
        )
    halvings = config.resnet_critic_downsamplings
    blocks = len(config.resnet_critic_filters) - (config.resnet_critic_first_block == "convolution")
    if halvings > blocks:
        raise UserError(
            f"--resnet_critic_downsamplings={halvings} is more than the {blocks} residual blocks "
            "of --resnet_critic_filters; give a smaller number, or more filters."
        )
    if side % 2**halvings:
        raise UserError(
            f"--resnet_critic_downsamplings={halvings} does not fit images of {side} pixels, "
            "which do not halve evenly so often; give a smaller number, or --image_size."
        )


def initializer(config: Config) -> str:
    """How kernels are initialized outside the residual branches."""
    kind = config.resnet_initializer
    return "glorot_uniform" if kind == "wgan_gp" else kind


def build_generator(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """[latent [B, latent_dim], label int32 [B] if any] -> images [B, H, W, C]."""
    side, filters = config.resnet_start_size, config.resnet_generator_filters
    kind = config.resnet_generator_norm
    condition = condition_generator(config, info, layers)
    blocks = _Blocks(config, layers, lambda: condition.norm(kind), kind)
    x = layers.dense(side * side * filters[0])(condition.features)
    x = layers.reshape((side, side, filters[0]))(x)
    for block_filters in filters:
        x = blocks.doubling(x, block_filters)
    # The authors give the last norm no label.
    x = layers.relu()(layers.norm(kind)(x))
    channels, initializer = info.example_shape[2], config.resnet_output_initializer
    x = layers.convolution(channels, 3, 1, initializer=initializer)(x)
    return keras.Model(
        condition.inputs, layers.output(config.output_activation)(x), name="generator"
    )


def build_critic(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """Images [B, H, W, C] -> [scores [B, 1], class logits [B, num_classes] if any]."""
    first_filters, *filters = config.resnet_critic_filters
    kind = config.resnet_critic_norm
    blocks = _Blocks(config, layers, lambda: layers.norm(kind), kind)
    halvings = config.resnet_critic_downsamplings
    image = x = layers.input(info.example_shape)
    if config.resnet_critic_first_block == "optimized":
        x = blocks.first(x, first_filters, halves=halvings > 0)
        halvings = max(halvings - 1, 0)
    else:
        x = layers.convolution(first_filters, 3, 1)(x)
    for index, block_filters in enumerate(filters):
        x = blocks.judging(x, block_filters, halves=index < halvings)
    if config.resnet_critic_pooling == "mean":
        x = layers.global_mean()(layers.relu()(x))
    else:
        x = layers.flatten()(x)
    return keras.Model(image, critic_outputs(config, info, layers, x), name="critic")


class _Blocks:
    """Residual blocks of one network."""

    def __init__(
        self, config: Config, layers: LayerFactory, norm: Callable[[], Operation], kind: str
    ) -> None:
        self._layers = layers
        self._norm = norm
        self._bias_before_norm = kind == "none" or config.bias_before_norm
        self._initializer = config.resnet_initializer

    def doubling(self, x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
        """Sides doubled: the generator's block."""
        upsample = self._layers.upsample
        residual = self._convolve_before_norm(upsample(2)(self._activate(x)), filters)
        residual = self._convolve(self._activate(residual), filters)
        return self._layers.add()([upsample(2)(self._match(x, filters)), residual])

    def judging(self, x: keras.KerasTensor, filters: int, *, halves: bool) -> keras.KerasTensor:
        """Sides halved or kept: the critic's block."""
        width = x.shape[-1] if halves else filters
        residual = self._convolve_before_norm(self._activate(x), width)
        residual = self._convolve(self._activate(residual), filters)
        if halves:
            mean_pool = self._layers.mean_pool
            residual, shortcut = mean_pool()(residual), self._match(mean_pool()(x), filters)
        else:
            shortcut = x if x.shape[-1] == filters else self._match(x, filters)
        return self._layers.add()([shortcut, residual])

    def first(self, x: keras.KerasTensor, filters: int, *, halves: bool) -> keras.KerasTensor:
        """The critic's block on pixels, which are neither normalized nor rectified."""
        residual = self._convolve(x, filters)
        residual = self._convolve(self._layers.relu()(residual), filters)
        if halves:
            residual, x = self._layers.mean_pool()(residual), self._layers.mean_pool()(x)
        return self._layers.add()([self._match(x, filters), residual])

    def _activate(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return self._layers.relu()(self._norm()(x))

    def _convolve(
        self, x: keras.KerasTensor, filters: int, *, use_bias: bool = True
    ) -> keras.KerasTensor:
        convolution = self._layers.convolution(
            filters, 3, 1, use_bias=use_bias, initializer=self._initializer
        )
        return convolution(x)

    def _convolve_before_norm(self, x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
        return self._convolve(x, filters, use_bias=self._bias_before_norm)

    def _match(self, x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
        return self._layers.convolution(filters, 1, 1)(x)
