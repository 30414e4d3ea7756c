"""Multilayer perceptrons, as WGAN-GP's toy experiments have them (Gulrajani et al. 2017)."""

import math

import keras

from wgan_tf.config import Config
from wgan_tf.networks.conditioning import condition_generator, critic_outputs
from wgan_tf.networks.layers import LayerFactory


def check(config: Config, example_shape: tuple[int, ...]) -> None:
    """Any shape will do."""


def initializer(config: Config) -> str:
    """How kernels are initialised."""
    return "he_uniform"


def build_generator(
    config: Config, example_shape: tuple[int, ...], num_classes: int, layers: LayerFactory
) -> keras.Model:
    """[latent [B, latent_dim], label int32 [B] if any] -> examples [B, *example_shape]."""
    condition = condition_generator(config, layers, num_classes)
    x = condition.features
    for units in config.mlp_generator_units:
        x = layers.relu()(layers.dense(units)(x))
    x = layers.reshape(example_shape)(layers.dense(math.prod(example_shape))(x))
    return keras.Model(
        condition.inputs, layers.output(config.output_activation)(x), name="generator"
    )


def build_critic(
    config: Config, example_shape: tuple[int, ...], num_classes: int, layers: LayerFactory
) -> keras.Model:
    """Examples [B, *example_shape] -> [scores [B, 1], class logits [B, num_classes] if any]."""
    example = layers.input(example_shape)
    x = layers.flatten()(example)
    for units in config.mlp_critic_units:
        x = layers.relu()(layers.dense(units)(x))
    return keras.Model(example, critic_outputs(x, layers, num_classes), name="critic")
