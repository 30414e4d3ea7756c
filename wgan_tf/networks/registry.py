"""The families by name, and the pair of networks that a configuration asks for."""

from typing import Protocol

import keras
import numpy as np

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import conv_stack, dcgan, mlp
from wgan_tf.networks.layers import LayerFactory


class Family(Protocol):
    """What a family's module provides."""

    def check(self, config: Config, example_shape: tuple[int, ...]) -> None:
        """Raises UserError where the family cannot draw such examples."""

    def make_layers(self, config: Config, precision: str, seed: int) -> LayerFactory:
        """Layers as the family wants them initialised."""

    def build_generator(
        self, config: Config, example_shape: tuple[int, ...], layers: LayerFactory
    ) -> keras.Model:
        """Latent [B, latent_dim] -> examples [B, *example_shape]."""

    def build_critic(
        self, config: Config, example_shape: tuple[int, ...], layers: LayerFactory
    ) -> keras.Model:
        """Examples [B, *example_shape] -> scores [B, 1]."""


FAMILIES: dict[str, Family] = {"mlp": mlp, "dcgan": dcgan, "conv_stack": conv_stack}


def check(config: Config, example_shape: tuple[int, ...]) -> None:
    """Checks that the configured networks fit the examples.

    Raises:
        UserError: they do not.
    """
    is_picture = len(example_shape) == 3
    if is_picture == (config.output_activation == "linear"):
        raise UserError(
            f"--output_activation={config.output_activation} does not fit the examples of "
            f"--dataset={config.dataset}, which are {'pictures' if is_picture else 'points'}; "
            f"take {'tanh or sigmoid' if is_picture else 'linear'}."
        )
    FAMILIES[config.architecture].check(config, example_shape)


def build_generator(
    config: Config, example_shape: tuple[int, ...], precision: str | None = None
) -> keras.Model:
    """The configured generator, in `precision` or else in the configured one."""
    family = FAMILIES[config.architecture]
    layers = family.make_layers(config, precision or config.precision, _seed(config, 0))
    return family.build_generator(config, example_shape, layers)


def build_critic(config: Config, example_shape: tuple[int, ...]) -> keras.Model:
    """The configured critic."""
    family = FAMILIES[config.architecture]
    layers = family.make_layers(config, config.precision, _seed(config, 1))
    return family.build_critic(config, example_shape, layers)


def judges_jointly(critic: keras.Model) -> bool:
    """Whether a score depends on the other examples of the batch."""
    return any(isinstance(layer, keras.layers.BatchNormalization) for layer in critic.layers)


def _seed(config: Config, network: int) -> int:
    return int(np.random.SeedSequence([config.seed, network]).generate_state(1)[0])
