import dataclasses
from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest

from wgan_tf.config import Config
from wgan_tf.networks import registry

Randomize = Callable[[Iterable[keras.Variable]], None]


def dense_stack(network: keras.Model, x: np.ndarray) -> np.ndarray:
    """Dense layers with max(x, 0) between them."""
    weights = [variable.numpy() for variable in network.trainable_variables]
    for kernel, bias in zip(weights[0:-2:2], weights[1:-2:2], strict=True):
        x = np.maximum(x @ kernel + bias, 0)
    return x @ weights[-2] + weights[-1]


@pytest.mark.parametrize(("shape", "activation"), [((2,), "linear"), ((4, 4, 3), "tanh")])
def test_networks_are_dense_layers_with_rectifiers(
    shape: tuple[int, ...], activation: str, mlp_config: Config, randomize: Randomize
) -> None:
    config = dataclasses.replace(
        mlp_config,
        mlp_generator_units=(7, 6, 5),
        mlp_critic_units=(6, 4),
        output_activation=activation,
    )
    registry.check(config, shape)
    generator = registry.build_generator(config, shape)
    critic = registry.build_critic(config, shape)
    randomize([*generator.variables, *critic.variables])
    latent = np.random.default_rng(0).normal(size=(3, 3))

    drawn = dense_stack(generator, latent).reshape(3, *shape)
    drawn = np.tanh(drawn) if activation == "tanh" else drawn
    np.testing.assert_allclose(generator(latent), drawn, rtol=1e-12)
    np.testing.assert_allclose(critic(drawn), dense_stack(critic, drawn.reshape(3, -1)), rtol=1e-12)


def test_parameters_of_the_toy_pair() -> None:
    config = Config(architecture="mlp", output_activation="linear", latent_dim=2)
    between = 2 * (512 * 512 + 512)
    assert registry.build_generator(config, (2,)).count_params() == (
        (2 * 512 + 512) + between + (512 * 2 + 2)
    )
    assert registry.build_critic(config, (2,)).count_params() == (
        (2 * 512 + 512) + between + (512 * 1 + 1)
    )
