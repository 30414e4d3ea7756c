"""The auxiliary-classifier WGAN pair for MNIST that was written with Keras.

The generator: two dense layers, then a convolution of 5x5 over repeated pixels for each entry of
`acgan_generator_filters`, and one of 2x2 that makes the image. The critic: a convolution of 3x3
for each entry of `acgan_critic_filters`, with a max pool after the first, the third and so on.
Leaky rectifiers throughout; dense layers begin as Glorot's uniform.
"""

import keras

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.networks.conditioning import (
    check_conditioning,
    condition_generator,
    critic_outputs,
)
from wgan_tf.networks.layers import LayerFactory

DRAWS_POINTS = False


def check(config: Config, info: DatasetInfo) -> None:
    """Checks that the family can draw such examples.

    Raises:
        UserError: images of a side that cannot be reached by doubling.
    """
    check_conditioning(config, None)
    factor = _factor(config)
    if info.example_shape[0] % factor:
        raise UserError(
            f"--architecture=acgan with the {len(config.acgan_generator_filters)} entries of "
            f"--acgan_generator_filters draws images whose side is a multiple of {factor}, not "
            f"of {info.example_shape[0]} pixels; give --image_size, or other filters."
        )


def initializer(config: Config) -> str:
    """How the kernels of convolutions are initialized."""
    return config.acgan_initializer


def build_generator(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """[latent [B, latent_dim], label int32 [B] if any] -> images [B, H, W, C]."""
    side, filters = info.example_shape[0] // _factor(config), config.acgan_start_filters
    condition = condition_generator(config, info, layers)
    x = condition.features
    for units in (config.acgan_generator_units, side * side * filters):
        x = layers.leaky_relu()(layers.dense(units, initializer="glorot_uniform")(x))
    x = layers.reshape((side, side, filters))(x)
    for filters in config.acgan_generator_filters:
        x = layers.leaky_relu()(layers.convolution(filters, 5, 1)(layers.upsample(2)(x)))
    x = layers.convolution(info.example_shape[2], 2, 1)(x)
    return keras.Model(
        condition.inputs, layers.output(config.output_activation)(x), name="generator"
    )


def build_critic(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """Images [B, H, W, C] -> [scores [B, 1], class logits [B, num_classes] if any]."""
    image = x = layers.input(info.example_shape)
    for index, filters in enumerate(config.acgan_critic_filters):
        x = layers.leaky_relu()(layers.convolution(filters, 3, 1)(x))
        if index % 2 == 0:
            x = layers.max_pool()(x)
        if config.acgan_critic_dropout:
            x = layers.dropout(config.acgan_critic_dropout)(x)
    x = layers.flatten()(x)
    outputs = critic_outputs(config, info, layers, x, initializer="glorot_uniform")
    return keras.Model(image, outputs, name="critic")


def _factor(config: Config) -> int:
    return 2 ** len(config.acgan_generator_filters)
