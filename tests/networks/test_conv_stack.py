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
from wgan_tf.networks import conv_stack, registry
from wgan_tf.networks.dropout import Dropout, masks_from

Randomize = Callable[[Iterable[keras.Variable]], None]
Values = np.ndarray

DEFAULT = Config(architecture="conv_stack")
CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def preset(name: str) -> Config:
    return flagfile.from_flagfile((CONFIGS / f"{name}.flags").read_text(), name)


def maps(network: keras.Model) -> list[tuple[int, ...]]:
    """Shapes of what its convolutions give."""
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    return [layer.output.shape[1:] for layer in network.layers if isinstance(layer, kinds)]


def pair(config: Config, shape: tuple[int, ...]) -> tuple[keras.Model, keras.Model]:
    registry.check(config, info_of(shape))
    return (
        registry.build_generator(config, info_of(shape)),
        registry.build_critic(config, info_of(shape)),
    )


def test_the_default_is_the_keras_wgan_for_mnist() -> None:
    ours, default = preset("mnist_wgan"), dataclasses.asdict(DEFAULT)
    of_stack = {name: value for name, value in default.items() if name.startswith("conv_stack")}
    assert {name: getattr(ours, name) for name in of_stack} == of_stack


def test_the_keras_wgan_for_mnist() -> None:
    generator, critic = pair(preset("mnist_wgan"), (28, 28, 1))
    # Batch norm, with four values a filter, comes before every transposed convolution.
    assert generator.count_params() == (
        (100 * 7 * 7 * 128 + 7 * 7 * 128)
        + (4 * 128 + 5 * 5 * 128 * 128 + 128)
        + (4 * 128 + 5 * 5 * 128 * 64 + 64)
        + (4 * 64 + 5 * 5 * 64 * 32 + 32)
        + (4 * 32 + 5 * 5 * 32 * 1 + 1)
    )
    assert maps(generator) == [(14, 14, 128), (28, 28, 64), (28, 28, 32), (28, 28, 1)]
    assert critic.count_params() == (
        (5 * 5 * 1 * 32 + 32)
        + (5 * 5 * 32 * 64 + 64)
        + (5 * 5 * 64 * 128 + 128)
        + (5 * 5 * 128 * 256 + 256)
        + (4 * 4 * 256 + 1)
    )
    assert maps(critic) == [(14, 14, 32), (7, 7, 64), (4, 4, 128), (4, 4, 256)]


def test_the_gan_of_camels() -> None:
    generator, critic = pair(preset("quickdraw_camel_gan"), (28, 28, 1))
    # Batch norm, with four values a unit or filter, comes after all but the last layer.
    assert generator.count_params() == (
        (100 * 3136 + 3136 + 4 * 3136)
        + (5 * 5 * 64 * 128 + 128 + 4 * 128)
        + (5 * 5 * 128 * 64 + 64 + 4 * 64)
        + (5 * 5 * 64 * 64 + 64 + 4 * 64)
        + (5 * 5 * 64 * 1 + 1)
    )
    assert maps(generator) == [(14, 14, 128), (28, 28, 64), (28, 28, 64), (28, 28, 1)]
    assert critic.count_params() == (
        (5 * 5 * 1 * 64 + 64)
        + (5 * 5 * 64 * 64 + 64)
        + (5 * 5 * 64 * 128 + 128)
        + (5 * 5 * 128 * 128 + 128)
        + (4 * 4 * 128 + 1)
    )
    assert maps(critic) == [(14, 14, 64), (7, 7, 64), (4, 4, 128), (4, 4, 128)]


def test_the_wgan_of_horses() -> None:
    generator, critic = pair(preset("cifar_horse_wgan"), (32, 32, 3))
    assert generator.count_params() == (
        (100 * 2048 + 2048 + 4 * 2048)
        + (5 * 5 * 128 * 128 + 128 + 4 * 128)
        + (5 * 5 * 128 * 64 + 64 + 4 * 64)
        + (5 * 5 * 64 * 32 + 32 + 4 * 32)
        + (5 * 5 * 32 * 3 + 3)
    )
    assert maps(generator) == [(8, 8, 128), (16, 16, 64), (32, 32, 32), (32, 32, 3)]
    assert critic.count_params() == (
        (5 * 5 * 3 * 32 + 32)
        + (5 * 5 * 32 * 64 + 64)
        + (5 * 5 * 64 * 128 + 128)
        + (5 * 5 * 128 * 128 + 128)
        + (4 * 4 * 128 + 1)
    )
    assert maps(critic) == [(16, 16, 32), (8, 8, 64), (4, 4, 128), (4, 4, 128)]


def test_the_wgan_of_faces() -> None:
    generator, critic = pair(preset("celeb_a"), (64, 64, 3))
    assert generator.count_params() == (
        (100 * 8192 + 8192 + 4 * 8192)
        + (5 * 5 * 512 * 256 + 256 + 4 * 256)
        + (5 * 5 * 256 * 128 + 128 + 4 * 128)
        + (5 * 5 * 128 * 64 + 64 + 4 * 64)
        + (5 * 5 * 64 * 3 + 3)
    )
    assert maps(generator) == [(8, 8, 256), (16, 16, 128), (32, 32, 64), (64, 64, 3)]
    assert critic.count_params() == (
        (5 * 5 * 3 * 64 + 64)
        + (5 * 5 * 64 * 128 + 128)
        + (5 * 5 * 128 * 256 + 256)
        + (5 * 5 * 256 * 512 + 512)
        + (4 * 4 * 512 + 1)
    )
    assert maps(critic) == [(32, 32, 64), (16, 16, 128), (8, 8, 256), (4, 4, 512)]


SMALL = Config(
    architecture="conv_stack",
    precision="float64",
    latent_dim=3,
    lipschitz="none",
    conv_stack_start_size=3,
    conv_stack_start_filters=2,
    conv_stack_generator_filters=(2, 3),
    conv_stack_generator_kernel_sizes=(3, 5, 2),
    conv_stack_generator_strides=(3, 1, 2),
    conv_stack_generator_upsampling=("nearest", "nearest", "transposed"),
    conv_stack_generator_activation="elu",
    conv_stack_critic_filters=(2, 3),
    conv_stack_critic_kernel_sizes=(4, 3),
    conv_stack_critic_strides=(1, 4),
    conv_stack_critic_activation="tanh",
    conv_stack_critic_norm="batch",
)


class Weights:
    """A network's trainable variables, one after the other."""

    def __init__(self, network: keras.Model, *, bias_before_norm: bool = False) -> None:
        self._values = iter([variable.numpy() for variable in network.trainable_variables])
        self._bias_before_norm = bias_before_norm

    def __next__(self) -> Values:
        return next(self._values)

    def bias(self, *, before_norm: bool = False) -> Values | float:
        """That of a layer, which has none before batch norm unless it is asked for."""
        return next(self) if self._bias_before_norm or not before_norm else 0.0


def batch_norm(x: Values, variables: Weights) -> Values:
    axes = tuple(range(x.ndim - 1))
    normalized = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-5)
    return normalized * next(variables) + next(variables)


def elu(x: Values) -> Values:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def draw_small(latent: Values, order: str, variables: Weights) -> Values:
    """The generator of `SMALL`, up to its last function."""
    x = latent @ next(variables) + variables.bias(before_norm=True)
    after = order == "post_activation"
    x = x if after else x.reshape(-1, 3, 3, 2)
    x = elu(batch_norm(x, variables)).reshape(-1, 3, 3, 2)
    for factor in (3, 1):
        x = x.repeat(factor, axis=1).repeat(factor, axis=2)
        x = tf.nn.conv2d(x, next(variables), 1, "SAME").numpy()
        x = elu(batch_norm(x + variables.bias(before_norm=True), variables))
    return tf.nn.conv2d_transpose(x, next(variables), (len(x), 18, 18, 3), 2, "SAME").numpy()


def judge_small(x: Values, order: str, variables: Weights) -> Values:
    """The critic of `SMALL`."""
    for level, stride in enumerate((1, 4)):
        if order == "post_activation":
            x = tf.nn.conv2d(x, next(variables), stride, "SAME").numpy()
            x = x + variables.bias(before_norm=level > 0)
        x = np.tanh(batch_norm(x, variables) if level > 0 else x)
        if order == "pre_activation":
            x = tf.nn.conv2d(x, next(variables), stride, "SAME").numpy() + variables.bias()
    return x.reshape(len(x), -1) @ next(variables) + next(variables)


@pytest.mark.parametrize("bias_before_norm", [False, True])
@pytest.mark.parametrize("order", ["pre_activation", "post_activation"])
def test_layers_stand_in_the_order_that_was_chosen(
    order: str, bias_before_norm: bool, randomize: Randomize
) -> None:
    config = dataclasses.replace(SMALL, conv_stack_order=order, bias_before_norm=bias_before_norm)
    generator, critic = pair(config, (18, 18, 3))
    randomize([*generator.variables, *critic.variables])
    latent = np.random.default_rng(0).normal(size=(4, 3))
    variables = Weights(generator, bias_before_norm=bias_before_norm)
    pictures = np.tanh(draw_small(latent, order, variables) + variables.bias())
    np.testing.assert_allclose(generator([latent], training=True), pictures, rtol=1e-9, atol=1e-12)
    scores = judge_small(pictures, order, Weights(critic, bias_before_norm=bias_before_norm))
    np.testing.assert_allclose(critic(pictures, training=True), scores, rtol=1e-9)


def test_a_margin_is_cropped_off_what_is_drawn_and_padded_to_what_is_judged(
    randomize: Randomize,
) -> None:
    generator, critic = pair(dataclasses.replace(SMALL, conv_stack_margin=2), (14, 14, 3))
    randomize([*generator.variables, *critic.variables])
    latent = np.random.default_rng(0).normal(size=(4, 3))
    variables = Weights(generator)
    drawn = np.tanh(draw_small(latent, "pre_activation", variables) + variables.bias())
    pictures = drawn[:, 2:16, 2:16]
    np.testing.assert_allclose(generator([latent], training=True), pictures, rtol=1e-9, atol=1e-12)
    padded = np.pad(pictures, ((0, 0), (2, 2), (2, 2), (0, 0)))
    scores = judge_small(padded, "pre_activation", Weights(critic))
    np.testing.assert_allclose(critic(pictures, training=True), scores, rtol=1e-9)


def test_what_is_drawn_may_be_normalized_before_the_last_function(randomize: Randomize) -> None:
    config = dataclasses.replace(SMALL, conv_stack_generator_output_norm=True)
    generator, _ = pair(config, (18, 18, 3))
    randomize(generator.variables)
    latent = np.random.default_rng(0).normal(size=(4, 3))
    variables = Weights(generator)
    x = draw_small(latent, "pre_activation", variables)
    pictures = np.tanh(batch_norm(x, variables))
    np.testing.assert_allclose(generator([latent], training=True), pictures, rtol=1e-9, atol=1e-12)


def test_the_keras_wgan_gp_for_fashion_mnist() -> None:
    generator, critic = pair(preset("fashion_mnist_keras"), (28, 28, 1))
    # Batch norm, with four values a unit or filter, comes after every layer, none of which but
    # those of the critic has a bias.
    assert generator.count_params() == (
        (128 * 4 * 4 * 256 + 4 * 4 * 4 * 256)
        + (3 * 3 * 256 * 128 + 4 * 128)
        + (3 * 3 * 128 * 64 + 4 * 64)
        + (3 * 3 * 64 * 1 + 4 * 1)
    )
    assert maps(generator) == [(8, 8, 128), (16, 16, 64), (32, 32, 1)]
    assert critic.count_params() == (
        (5 * 5 * 1 * 64 + 64)
        + (5 * 5 * 64 * 128 + 128)
        + (5 * 5 * 128 * 256 + 256)
        + (5 * 5 * 256 * 512 + 512)
        + (2 * 2 * 512 + 1)
    )
    assert maps(critic) == [(16, 16, 64), (8, 8, 128), (4, 4, 256), (2, 2, 512)]


@pytest.mark.parametrize("order", ["pre_activation", "post_activation"])
def test_dropout_follows_activations(order: str, randomize: Randomize) -> None:
    config = dataclasses.replace(
        SMALL,
        conv_stack_order=order,
        conv_stack_critic_norm="none",
        conv_stack_generator_dropout=0.25,
        conv_stack_critic_dropout=(0.5, 0.3),
        conv_stack_critic_output_dropout=0.4,
    )
    networks = pair(config, (18, 18, 3))
    plain = pair(dataclasses.replace(SMALL, conv_stack_order=order), (18, 18, 3))
    random = np.random.default_rng(0)
    inputs = (random.normal(size=(50, 3)), random.normal(size=(50, 18, 18, 3)))
    before = {"pre_activation": (18, 18, 3), "post_activation": (18, 18, 2)}[order]
    after = {"pre_activation": (18, 18, 2), "post_activation": (5, 5, 3)}[order]
    # What the output is computed from may have lost entries already.
    last = {"pre_activation": 0.4, "post_activation": 1 - 0.7 * 0.6}[order]
    expected = ([(0.25, (3, 3, 2))], [(0.5, before), (0.3, after), (last, (5 * 5 * 3,))])
    for network, x, of_network in zip(networks, inputs, expected, strict=True):
        randomize(network.variables)
        dropped = [layer.output for layer in network.layers if isinstance(layer, Dropout)]
        hidden_layers = keras.Model(network.inputs, [*dropped, network.output])
        with masks_from(tf.constant([1, 2], tf.int64), 0, 1):
            *hidden, output = hidden_layers([x], training=True)
        assert [values.shape[1:] for values in hidden] == [shape for _, shape in of_network]
        for values, (rate, _) in zip(hidden, of_network, strict=True):
            assert np.mean(values == 0) == pytest.approx(rate, abs=0.05)
        assert np.any(output != network([x]))
    plain[0].set_weights(networks[0].get_weights())
    np.testing.assert_array_equal(networks[0]([inputs[0]]), plain[0]([inputs[0]]))


def test_moving_statistics_of_either_network_have_the_momentum() -> None:
    random = np.random.default_rng(0)
    inputs = (random.normal(size=(4, 3)), random.normal(size=(4, 18, 18, 3)))

    def batch_variances(momentum: float) -> list[Values]:
        """Those that moved the variables from one to where they are."""
        config = dataclasses.replace(SMALL, batch_norm_momentum=momentum)
        variances = []
        for network, x in zip(pair(config, (18, 18, 3)), inputs, strict=True):
            network([x], training=True)
            moved = [v.numpy() for v in network.variables if v.name == "moving_variance"]
            variances += [(values - momentum) / (1 - momentum) for values in moved]
        return variances

    first, second = batch_variances(0.8), batch_variances(0.5)
    assert len(first) == 4
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


@pytest.mark.parametrize(
    ("changes", "shape", "named"),
    [
        ({}, (32, 32, 3), "--conv_stack_start_size=7 .* 28 pixels, not of 32"),
        ({"conv_stack_generator_strides": (2,)}, (28, 28, 1), " 112 pixels, not of 28"),
        ({"conv_stack_generator_strides": (2, 2, 1)}, (28, 28, 1), "strides=2,2,1 has 3 .* or 4"),
        ({"conv_stack_generator_kernel_sizes": (5, 5)}, (28, 28, 1), "kernel_sizes=5,5 has 2 .* 4"),
        (
            {"conv_stack_generator_upsampling": ("nearest", "transposed")},
            (28, 28, 1),
            "upsampling=nearest,transposed has 2 .* 4",
        ),
        ({"conv_stack_critic_strides": (2, 2, 2)}, (28, 28, 1), "critic_strides=2,2,2 has 3 .* 4"),
        ({"conv_stack_critic_kernel_sizes": ()}, (28, 28, 1), "critic_kernel_sizes= has 0 .* 4"),
        ({"conv_stack_critic_dropout": (0.1, 0.2)}, (28, 28, 1), "dropout=0.1,0.2 has 2 .* 4"),
        ({"conv_stack_margin": 2}, (28, 28, 1), " 28 pixels, not of 32; .* --conv_stack_margin"),
    ],
)
def test_layers_that_do_not_fit_are_refused(
    changes: dict[str, tuple[int, ...]], shape: tuple[int, ...], named: str
) -> None:
    with pytest.raises(UserError, match=named):
        conv_stack.check(dataclasses.replace(DEFAULT, **changes), info_of(shape))
