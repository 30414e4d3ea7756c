import dataclasses
from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import registry, spectral
from wgan_tf.pixels import PixelScale

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
DCGAN = Config(latent_dim=3, **FAMILIES["dcgan"])


@pytest.fixture(params=FAMILIES)
def config(request: pytest.FixtureRequest) -> Config:
    return Config(architecture=request.param, latent_dim=3, **FAMILIES[request.param])


def build_pair(config: Config) -> tuple[keras.Model, keras.Model]:
    info = info_of(SHAPE)
    return registry.build_generator(config, info), registry.build_critic(config, info)


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
    pictures = half[0]([np.ones([2, 3], np.float32)])
    scores = half[1](pictures)
    assert pictures.dtype == scores.dtype == tf.float32
    computing = {layer.compute_dtype for network in half for layer in network.layers}
    assert "bfloat16" in computing
    np.testing.assert_allclose(scores, full[1](pictures), rtol=0.1, atol=1e-2)
    assert np.any(scores != full[1](pictures))


def test_float64_is_float64_throughout(config: Config) -> None:
    generator, critic = build_pair(dataclasses.replace(config, precision="float64"))
    assert {v.dtype for v in (*generator.variables, *critic.variables)} == {"float64"}
    pictures = generator([np.ones([2, 3])])
    assert pictures.dtype == critic(pictures).dtype == tf.float64


def test_the_average_generator_is_in_full_precision(config: Config) -> None:
    for precision, expected in (("bfloat16", "float32"), ("float64", "float64")):
        changed = dataclasses.replace(config, precision=precision)
        average = registry.build_average_generator(changed, info_of(SHAPE))
        assert {layer.compute_dtype for layer in average.layers[1:]} == {expected}
        assert average.inputs[0].dtype == average.output.dtype == expected


def test_the_average_generator_has_the_variables_of_the_trained_one() -> None:
    generator = registry.build_generator(DCGAN, info_of(SHAPE))
    average = registry.build_average_generator(DCGAN, info_of(SHAPE))
    assert [v.shape for v in average.weights] == [v.shape for v in generator.weights]
    latent = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    average.set_weights(generator.get_weights())
    np.testing.assert_allclose(average([latent]), generator([latent]), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"output_activation": "tanh"}, PixelScale(-1, 1)),
        ({"output_activation": "sigmoid", "dequantize": True}, PixelScale(0, 1, dequantized=True)),
        ({"output_activation": "linear"}, None),
    ],
    ids=str,
)
def test_pixels_lie_where_the_output_and_dequantization_put_them(
    options: dict[str, object], expected: PixelScale | None
) -> None:
    assert registry.pixel_scale(dataclasses.replace(DCGAN, **options)) == expected


def test_the_average_generator_draws_by_moving_statistics() -> None:
    average = registry.build_average_generator(DCGAN, info_of(SHAPE))
    latent = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    np.testing.assert_allclose(average([latent])[:1], average([latent[:1]]), rtol=1e-5)


@pytest.mark.parametrize("norm", ["none", "layer"])
@pytest.mark.parametrize("architecture", ["dcgan", "conv_stack"])
def test_a_score_does_not_depend_on_the_other_examples(
    architecture: str, norm: str, randomize: Callable[[Iterable[keras.Variable]], None]
) -> None:
    options = {**FAMILIES[architecture], f"{architecture}_critic_norm": norm}
    critic = registry.build_critic(
        Config(architecture=architecture, precision="float64", **options), info_of(SHAPE)
    )
    randomize(critic.variables)
    first, second = judged_among_others(critic)
    np.testing.assert_allclose(first[0], second[0], rtol=1e-12)
    assert np.all(np.abs(first[1:] - second[1:]) > 1e-3)


@pytest.mark.parametrize("architecture", ["dcgan", "conv_stack"])
def test_a_critic_with_batch_norm_judges_jointly(architecture: str) -> None:
    options = {**FAMILIES[architecture], f"{architecture}_critic_norm": "batch"}
    critic = registry.build_critic(
        Config(architecture=architecture, lipschitz="none", **options), info_of(SHAPE)
    )
    first, second = judged_among_others(critic)
    assert abs(float(first[0, 0] - second[0, 0])) > 1e-6


def judged_among_others(critic: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Scores of four examples, and of four of which only the first is the same."""
    examples = np.random.default_rng(0).normal(size=(4, *SHAPE))
    others = np.concatenate([examples[:1], 10 * examples[1:] + 3])
    return critic(examples, training=True).numpy(), critic(others, training=True).numpy()


def test_spectral_norm_is_on_every_kernel_of_the_critic_alone(config: Config) -> None:
    generator, critic = build_pair(dataclasses.replace(config, lipschitz="spectral_norm"))
    kernels = [v for v in critic.trainable_variables if v.name == "kernel"]
    assert len([v for v in critic.non_trainable_variables if v.name == "direction"]) == len(kernels)
    assert not [v for v in generator.variables if v.name == "direction"]
    for _ in range(200):
        spectral.iterate(critic)
    for layer in critic.layers:
        if layer.weights:
            matrix = np.reshape(layer.kernel, [-1, layer.kernel.shape[-1]])
            assert np.linalg.norm(matrix, 2) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("activation", "shape", "allowed"),
    [("linear", SHAPE, "tanh or sigmoid"), ("tanh", (2,), "linear"), ("sigmoid", (2,), "linear")],
)
def test_an_output_that_does_not_fit_the_examples_is_refused(
    activation: str, shape: tuple[int, ...], allowed: str
) -> None:
    config = Config(architecture="mlp", output_activation=activation)
    with pytest.raises(UserError, match=f"--output_activation={activation} .*{allowed}"):
        registry.check(config, info_of(shape))


@pytest.mark.parametrize("architecture", sorted(FAMILIES.keys() - {"mlp"}))
def test_points_are_drawn_by_perceptrons_alone(architecture: str) -> None:
    points = Config(architecture=architecture, output_activation="linear")
    with pytest.raises(UserError, match=f"--architecture={architecture} .*--architecture=mlp"):
        registry.check(points, info_of((2,)))
    registry.check(dataclasses.replace(points, architecture="mlp"), info_of((2,)))


def test_the_family_is_asked_whether_it_fits() -> None:
    with pytest.raises(UserError, match="--architecture=dcgan draws images of 8 to 256 pixels"):
        registry.check(Config(), info_of((7, 7, 1)))
