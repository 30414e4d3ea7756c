"""Multilayer perceptrons, as WGAN-GP's toy experiments have them (Gulrajani et al. 2017)."""

import math

import keras

from wgan_tf.config import Config
from wgan_tf.networks.layers import LayerFactory


def check(config: Config, example_shape: tuple[int, ...]) -> None:
    """Any shape will do."""


def make_layers(config: Config, precision: str, seed: int) -> LayerFactory:
    """Layers as the family wants them initialised."""
    return LayerFactory(precision, seed, "he_uniform")


def build_generator(
    config: Config, example_shape: tuple[int, ...], layers: LayerFactory
) -> keras.Model:
    """Latent [B, latent_dim] -> examples [B, *example_shape]."""
    latent = x = layers.input((config.latent_dim,))
    for units in config.mlp_generator_units:
        x = layers.relu()(layers.dense(units)(x))
    x = layers.reshape(example_shape)(layers.dense(math.prod(example_shape))(x))
    return keras.Model(latent, layers.output(config.output_activation)(x), name="generator")


def build_critic(
    config: Config, example_shape: tuple[int, ...], layers: LayerFactory
) -> keras.Model:
    """Examples [B, *example_shape] -> scores [B, 1]."""
    example = layers.input(example_shape)
    x = layers.flatten()(example)
    for units in config.mlp_critic_units:
        x = layers.relu()(layers.dense(units)(x))
    return keras.Model(example, layers.head()(x), name="critic")
