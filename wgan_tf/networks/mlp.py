"""Multilayer perceptrons, as WGAN-GP's toy experiments have them (Gulrajani et al. 2017).

Each hidden layer is dense, then normalization (of the generator), activation and dropout.
"""

import math

import keras

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.networks.conditioning import (
    check_conditioning,
    condition_generator,
    critic_outputs,
)
from wgan_tf.networks.layers import LayerFactory, Operation
from wgan_tf.networks.per_layer import per_layer

DRAWS_POINTS = True


def check(config: Config, info: DatasetInfo) -> None:
    """Checks that the lists fit; any shape of examples will do.

    Raises:
        UserError: dropout rates that do not fit the layers, or labels that would enter nowhere.
    """
    check_conditioning(config, "mlp_generator_norm")
    _generator_dropout(config)
    _critic_dropout(config)


def initializer(config: Config) -> str:
    """How kernels are initialized."""
    return config.mlp_initializer


def build_generator(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """[latent [B, latent_dim], label int32 [B] if any] -> examples [B, *example_shape]."""
    condition = condition_generator(config, info, layers)
    x = condition.features
    for units, dropout in zip(config.mlp_generator_units, _generator_dropout(config), strict=True):
        norm = config.mlp_generator_norm
        x = _hidden(units, norm, config, layers)(x)
        x = condition.norm(norm)(x)
        x = layers.activation(config.mlp_generator_activation)(x)
        x = layers.dropout(dropout)(x) if dropout else x
    x = layers.reshape(info.example_shape)(layers.dense(math.prod(info.example_shape))(x))
    return keras.Model(
        condition.inputs, layers.output(config.output_activation)(x), name="generator"
    )


def build_critic(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """Examples [B, *example_shape] -> [scores [B, 1], class logits [B, num_classes] if any]."""
    example = layers.input(info.example_shape)
    x = layers.flatten()(example)
    for units, dropout in zip(config.mlp_critic_units, _critic_dropout(config), strict=True):
        x = layers.activation(config.mlp_critic_activation)(
            _hidden(units, "none", config, layers)(x)
        )
        x = layers.dropout(dropout)(x) if dropout else x
    return keras.Model(example, critic_outputs(config, info, layers, x), name="critic")


def _hidden(units: int, norm: str, config: Config, layers: LayerFactory) -> Operation:
    """A hidden layer before a normalization; the code of WGAN-GP begins those of ReLU as He's."""
    return layers.dense(
        units,
        use_bias=layers.has_bias_before(norm),
        initializer="he_uniform" if config.mlp_initializer == "wgan_gp" else None,
    )


def _generator_dropout(config: Config) -> tuple[float, ...]:
    counted = "layers of --mlp_generator_units"
    return per_layer(config, "mlp_generator_dropout", len(config.mlp_generator_units), counted)


def _critic_dropout(config: Config) -> tuple[float, ...]:
    counted = "layers of --mlp_critic_units"
    return per_layer(config, "mlp_critic_dropout", len(config.mlp_critic_units), counted)
