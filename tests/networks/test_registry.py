import dataclasses
from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest
import tensorflow as tf

from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import registry

SHAPE = (12, 12, 1)
FAMILIES = {
    "dcgan": {"dcgan_width": 2},
    "conv_stack": {
        "conv_stack_start_size": 3,
        "conv_stack_start_filters": 2,
        "conv_stack_generator_filters": (2,),
        "conv_stack_generator_strides": (2, 2),
        "conv_stack_critic_filters": (2, 3),
        "conv_stack_critic_strides": (2, 2),
    },
    "mlp": {"mlp_generator_units": (5,), "mlp_critic_units": (5,)},
    "resnet": {
        "resnet_start_size": 3,
        "resnet_generator_filters": (3, 2),
        "resnet_critic_filters": (2, 3, 3),
    },
    "acgan": {
        "acgan_generator_units": 5,
        "acgan_start_filters": 2,
        "acgan_generator_filters": (3, 2),
        "acgan_critic_filters": (2, 3, 4),
    },
}


@pytest.fixture(params=FAMILIES)
def config(request: pytest.FixtureRequest) -> Config:
    return Config(architecture=request.param, latent_dim=3, **FAMILIES[request.param])


def build_pair(config: Config) -> tuple[keras.Model, keras.Model]:
    return registry.build_generator(config, SHAPE), registry.build_critic(config, SHAPE)


def test_every_family_that_can_be_asked_for_is_here() -> None:
    (field,) = (field for field in configuration.fields() if field.name == "architecture")
    assert set(registry.FAMILIES) == set(field.metadata["choices"]) == set(FAMILIES)


def test_initial_values_follow_from_the_seed_alone(config: Config) -> None:
    keras.utils.set_random_seed(1)
    first = build_pair(config)
    keras.utils.set_random_seed(2)
    other_options = dataclasses.replace(config, batch_size=7, steps=3, workdir="elsewhere")
    again = build_pair(other_options)
    other = build_pair(dataclasses.replace(config, seed=1))
    for network, same, different in zip(first, again, other, strict=True):
        for one, two in zip(network.get_weights(), same.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
        for one, two in zip(network.get_weights(), different.get_weights(), strict=True):
            assert one.ndim == 1 or not np.any(one == two)


def test_bfloat16_keeps_variables_pictures_and_scores_in_float32(config: Config) -> None:
    full, half = (
        build_pair(dataclasses.replace(config, precision=precision))
        for precision in ("float32", "bfloat16")
    )
    for one, two in zip(full, half, strict=True):
        assert {variable.dtype for variable in two.variables} == {"float32"}
        for in_full, in_half in zip(one.get_weights(), two.get_weights(), strict=True):
            np.testing.assert_array_equal(in_full, in_half)
    pictures = half[0](np.ones([2, 3], np.float32))
    scores = half[1](pictures)
    assert pictures.dtype == scores.dtype == tf.float32
    computing = {layer.compute_dtype for network in half for layer in network.layers}
    assert "bfloat16" in computing
    np.testing.assert_allclose(scores, full[1](pictures), rtol=0.1, atol=1e-2)
    assert np.any(scores != full[1](pictures))


def test_float64_is_float64_throughout(config: Config) -> None:
    generator, critic = build_pair(dataclasses.replace(config, precision="float64"))
    assert {v.dtype for v in (*generator.variables, *critic.variables)} == {"float64"}
    pictures = generator(np.ones([2, 3]))
    assert pictures.dtype == critic(pictures).dtype == tf.float64


def test_precision_can_be_another_than_the_configured(config: Config) -> None:
    half = dataclasses.replace(config, precision="bfloat16")
    full = registry.build_generator(half, SHAPE, "float32")
    assert {layer.compute_dtype for layer in full.layers} == {"float32"}


@pytest.mark.parametrize("norm", ["none", "layer"])
@pytest.mark.parametrize("architecture", ["dcgan", "conv_stack"])
def test_a_score_does_not_depend_on_the_other_examples(
    architecture: str, norm: str, randomize: Callable[[Iterable[keras.Variable]], None]
) -> None:
    options = {**FAMILIES[architecture], f"{architecture}_critic_norm": norm}
    critic = registry.build_critic(
        Config(architecture=architecture, precision="float64", **options), SHAPE
    )
    randomize(critic.variables)
    examples = np.random.default_rng(0).normal(size=(4, *SHAPE))
    others = np.concatenate([examples[:1], 10 * examples[1:] + 3])
    first, second = critic(examples, training=True), critic(others, training=True)
    np.testing.assert_allclose(first[0], second[0], rtol=1e-12)
    assert np.all(np.abs(first[1:] - second[1:]) > 1e-3)
    assert not registry.judges_jointly(critic)


@pytest.mark.parametrize("architecture", ["dcgan", "conv_stack"])
def test_a_critic_with_batch_norm_judges_jointly(architecture: str) -> None:
    options = {**FAMILIES[architecture], f"{architecture}_critic_norm": "batch"}
    critic = registry.build_critic(Config(architecture=architecture, **options), SHAPE)
    assert registry.judges_jointly(critic)
    examples = np.random.default_rng(0).normal(size=(4, *SHAPE)).astype(np.float32)
    others = np.concatenate([examples[:1], 10 * examples[1:] + 3])
    first, second = critic(examples, training=True), critic(others, training=True)
    assert abs(float(first[0, 0] - second[0, 0])) > 1e-6


@pytest.mark.parametrize(
    ("activation", "shape", "allowed"),
    [("linear", SHAPE, "tanh or sigmoid"), ("tanh", (2,), "linear"), ("sigmoid", (2,), "linear")],
)
def test_an_output_that_does_not_fit_the_examples_is_refused(
    activation: str, shape: tuple[int, ...], allowed: str
) -> None:
    config = Config(architecture="mlp", output_activation=activation)
    with pytest.raises(UserError, match=f"--output_activation={activation} .*{allowed}"):
        registry.check(config, shape)


def test_the_family_is_asked_whether_it_fits() -> None:
    with pytest.raises(UserError, match="--architecture=dcgan"):
        registry.check(Config(output_activation="linear"), (2,))
