import dataclasses
import pathlib
from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from wgan_tf import flagfile
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import mlp, registry
from wgan_tf.networks.dropout import Dropout, masks_from

Randomize = Callable[[Iterable[keras.Variable]], None]
KEY = tf.constant([3, 4], tf.int64)

PRESET = pathlib.Path(__file__).parents[2] / "configs" / "mnist_heuristic_gan.flags"
HEURISTIC = flagfile.from_flagfile(PRESET.read_text(), PRESET.name)


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
    registry.check(config, info_of(shape))
    generator = registry.build_generator(config, info_of(shape))
    critic = registry.build_critic(config, info_of(shape))
    randomize([*generator.variables, *critic.variables])
    latent = np.random.default_rng(0).normal(size=(3, 3))

    drawn = dense_stack(generator, latent).reshape(3, *shape)
    drawn = np.tanh(drawn) if activation == "tanh" else drawn
    np.testing.assert_allclose(generator([latent]), drawn, rtol=1e-12)
    np.testing.assert_allclose(critic(drawn), dense_stack(critic, drawn.reshape(3, -1)), rtol=1e-12)


@pytest.mark.parametrize("bias_before_norm", [False, True])
def test_hidden_layers_are_dense_then_norm_then_activation(
    bias_before_norm: bool, mlp_config: Config, randomize: Randomize
) -> None:
    config = dataclasses.replace(
        mlp_config,
        mlp_generator_units=(5, 4),
        mlp_generator_norm="batch",
        mlp_generator_activation="leaky_relu",
        mlp_critic_units=(6,),
        mlp_critic_activation="tanh",
        leaky_relu_slope=0.3,
        batch_norm_epsilon=1e-3,
        bias_before_norm=bias_before_norm,
    )
    generator = registry.build_generator(config, info_of((2,)))
    critic = registry.build_critic(config, info_of((2,)))
    randomize([*generator.variables, *critic.variables])
    x = latent = np.random.default_rng(0).normal(size=(6, 3))
    *hidden, kernel, bias = (variable.numpy() for variable in generator.trainable_variables)
    assert len(hidden) == (8 if bias_before_norm else 6)
    for w, *b, gamma, beta in (hidden[: len(hidden) // 2], hidden[len(hidden) // 2 :]):
        x = x @ w + sum(b)
        x = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3) * gamma + beta
        x = np.where(x > 0, x, 0.3 * x)
    drawn = x @ kernel + bias
    np.testing.assert_allclose(generator([latent], training=True), drawn, rtol=1e-7)
    w, b, kernel, bias = (variable.numpy() for variable in critic.trainable_variables)
    np.testing.assert_allclose(critic(drawn), np.tanh(drawn @ w + b) @ kernel + bias, rtol=1e-9)


def test_kernels_begin_as_in_the_code_of_wgan_gp(mlp_config: Config) -> None:
    config = dataclasses.replace(
        mlp_config, mlp_initializer="wgan_gp", mlp_generator_units=(50, 60), mlp_critic_units=(70,)
    )
    # Layers before a rectifier: variance 2 / inputs; the last: 2 / (inputs + outputs).
    expected = {
        registry.build_generator(config, info_of((20,))): [2 / 3, 2 / 50, 2 / (60 + 20)],
        registry.build_critic(config, info_of((20,))): [2 / 20, 2 / (70 + 1)],
    }
    for network, variances in expected.items():
        kernels = [v.numpy() for v in network.trainable_variables if v.name == "kernel"]
        for kernel, variance in zip(kernels, variances, strict=True):
            bound = np.sqrt(3 * variance)
            assert 0.95 * bound < np.abs(kernel).max() <= (1 + 1e-6) * bound


def test_parameters_of_the_toy_pair() -> None:
    config = Config(architecture="mlp", output_activation="linear", latent_dim=2)
    between = 2 * (512 * 512 + 512)
    assert registry.build_generator(config, info_of((2,))).count_params() == (
        (2 * 512 + 512) + between + (512 * 2 + 2)
    )
    assert registry.build_critic(config, info_of((2,))).count_params() == (
        (2 * 512 + 512) + between + (512 * 1 + 1)
    )


def test_parameters_of_the_heuristic_pair_for_mnist() -> None:
    registry.check(HEURISTIC, info_of((28, 28, 1)))
    generator = registry.build_generator(HEURISTIC, info_of((28, 28, 1)))
    critic = registry.build_critic(HEURISTIC, info_of((28, 28, 1)))
    # Batch norm has four values a unit, two of them its moving statistics.
    assert generator.count_params() == (
        (100 * 196 + 196 + 4 * 196)
        + (196 * 289 + 289 + 4 * 289)
        + (289 * 361 + 361 + 4 * 361)
        + (361 * 400 + 400 + 4 * 400)
        + (400 * 512 + 512 + 4 * 512)
        + (512 * 625 + 625 + 4 * 625)
        + (625 * 784 + 784 + 4 * 784)
        + (784 * 784 + 784)
    )
    assert critic.count_params() == (
        (784 * 441 + 441) + (441 * 256 + 256) + (256 * 32 + 32) + (32 * 1 + 1)
    )
    drawn = generator([np.ones([2, 100], np.float32)]).numpy()
    assert drawn.shape == (2, 28, 28, 1)
    assert 0 < drawn.min() <= drawn.max() < 1


def test_each_layer_drops_at_its_rate() -> None:
    # Rectified dense layers of positive numbers alone are zero only where something is dropped.
    config = dataclasses.replace(
        HEURISTIC,
        mlp_generator_units=(2000, 2000, 2000),
        mlp_generator_norm="none",
        mlp_generator_dropout=(0.5, 0.0, 0.4),
        mlp_critic_units=(2000, 2000),
        mlp_critic_dropout=(0.2, 0.3),
    )
    generator = registry.build_generator(config, info_of((1,)))
    critic = registry.build_critic(config, info_of((1,)))
    for network, rates in ((generator, [0.5, 0.4]), (critic, [0.2, 0.3])):
        dropped = [layer.output for layer in network.layers if isinstance(layer, Dropout)]
        for kernel in network.trainable_variables:
            kernel.assign(np.ones(kernel.shape))
        with masks_from(KEY, 0, 1):
            hidden = keras.Model(network.inputs, dropped)(
                [np.ones([1, network.inputs[0].shape[1]])], training=True
            )
        assert len(hidden) == 2
        for values, rate in zip(hidden, rates, strict=True):
            assert np.mean(values == 0) == pytest.approx(rate, abs=0.05)


def test_without_rates_there_is_no_dropout(mlp_config: Config) -> None:
    critic = registry.build_critic(mlp_config, info_of((2,)))
    x = np.ones([2, 2])
    np.testing.assert_array_equal(critic(x, training=True), critic(x))


@pytest.mark.parametrize("network", ["generator", "critic"])
def test_rates_that_do_not_fit_the_layers_are_refused(network: str) -> None:
    name = f"mlp_{network}_dropout"
    config = dataclasses.replace(HEURISTIC, **{name: (0.1, 0.2)})
    with pytest.raises(UserError, match=f"--{name}=0.1,0.2 has 2 entries .*--mlp_{network}_units"):
        mlp.check(config, info_of((28, 28, 1)))
