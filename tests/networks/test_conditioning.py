import dataclasses
from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest

from tests.dataset_info import info_of
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import registry
from wgan_tf.networks.conditioning import condition_generator, critic_outputs
from wgan_tf.networks.layers import LayerFactory

Randomize = Callable[[Iterable[keras.Variable]], None]
CLASSES, WIDTH, SHAPE = 3, 4, (8, 8, 1)
CONDITIONAL = Config(conditional="auxiliary_classifier", latent_dim=WIDTH, precision="float64")
FAMILIES = {
    "mlp": {"mlp_generator_units": (5,), "mlp_critic_units": (5,), "mlp_generator_norm": "batch"},
    "dcgan": {"dcgan_width": 2},
    "conv_stack": {
        "conv_stack_start_size": 4,
        "conv_stack_start_filters": 2,
        "conv_stack_generator_filters": (2,),
        "conv_stack_generator_strides": (2, 1),
        "conv_stack_critic_filters": (2,),
        "conv_stack_critic_strides": (2,),
    },
    "conv_stack post_activation": {
        "conv_stack_order": "post_activation",
        "conv_stack_start_size": 4,
        "conv_stack_start_filters": 2,
        "conv_stack_generator_filters": (2,),
        "conv_stack_generator_strides": (2, 1),
        "conv_stack_critic_filters": (2,),
        "conv_stack_critic_strides": (2,),
    },
}
MODES = ("multiply", "concatenate", "batch_norm")
MODE = pytest.mark.parametrize("mode", MODES)
FAMILY = pytest.mark.parametrize("family", FAMILIES)

LATENT = np.random.default_rng(0).normal(size=(5, WIDTH))
LABELS = np.array([2, 0, 1, 2, 0], np.int32)


def conditioned_by(mode: str, family: str = "dcgan", **changes: object) -> Config:
    return dataclasses.replace(
        CONDITIONAL,
        architecture=family.split()[0],
        generator_conditioning=mode,
        **{**FAMILIES[family], **changes},
    )


def features(mode: str, seed: int = 0) -> tuple[np.ndarray, list[np.ndarray]]:
    """What a generator's first layer takes for `LATENT` and `LABELS`, and the variables."""
    layers = LayerFactory("float64", seed, "normal")
    condition = condition_generator(conditioned_by(mode), info_of(SHAPE, CLASSES), layers)
    network = keras.Model(condition.inputs, condition.features)
    return network([LATENT, LABELS]).numpy(), network.get_weights()


def test_multiply_scales_the_latent_by_the_embedding_of_the_label() -> None:
    values, (table,) = features("multiply")
    assert table.shape == (CLASSES, WIDTH)
    np.testing.assert_allclose(values, LATENT * table[LABELS], rtol=1e-12)


def test_concatenate_puts_the_embedding_beside_the_latent() -> None:
    values, (table,) = features("concatenate")
    assert table.shape == (CLASSES, WIDTH)
    np.testing.assert_array_equal(values, np.concatenate([LATENT, table[LABELS]], axis=1))


def test_batch_norm_leaves_the_latent_alone() -> None:
    values, weights = features("batch_norm")
    np.testing.assert_array_equal(values, LATENT)
    assert not weights


@MODE
def test_only_batch_norm_has_a_scale_and_an_offset_a_class(mode: str) -> None:
    layers = LayerFactory("float64", 0, "normal")
    condition = condition_generator(conditioned_by(mode), info_of(SHAPE, CLASSES), layers)
    network = keras.Model(condition.inputs, condition.norm("batch")(condition.features))
    in_norm = [v.shape for v in network.trainable_variables if v.name in ("gamma", "beta")]
    width = condition.features.shape[-1]
    assert in_norm == 2 * [(CLASSES, width) if mode == "batch_norm" else (width,)]


@pytest.mark.parametrize("mode", ["multiply", "concatenate"])
def test_embeddings_are_standard_normal_and_follow_from_the_seed(mode: str) -> None:
    table = LayerFactory("float64", 0, "normal").class_embedding(200, 100)
    table.build((None,))
    (values,) = table.get_weights()
    assert abs(values.mean()) < 0.03
    assert values.std() == pytest.approx(1, abs=0.03)
    (first, again, other) = (features(mode, seed)[1][0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.all(first != other)


@FAMILY
@MODE
def test_the_label_decides_what_a_generator_draws(
    family: str, mode: str, randomize: Randomize
) -> None:
    config = conditioned_by(mode, family)
    registry.check(config, info_of(SHAPE))
    generator = registry.build_generator(config, info_of(SHAPE, CLASSES))
    assert [tuple(entry.shape) for entry in generator.inputs] == [(None, WIDTH), (None,)]
    assert generator.inputs[1].dtype == "int32"
    randomize(generator.variables)
    drawn = generator([LATENT, LABELS])
    assert drawn.shape == (5, *SHAPE)
    others = generator([LATENT, (LABELS + 1) % CLASSES])
    assert np.all(np.any(np.abs(drawn - others) > 1e-6, axis=(1, 2, 3)))


@FAMILY
def test_a_generator_without_labels_takes_the_latent_alone(family: str) -> None:
    config = conditioned_by("multiply", family, conditional="none")
    generator = registry.build_generator(config, info_of(SHAPE))
    (latent,) = generator.inputs
    assert latent.shape == (None, WIDTH)
    assert generator([LATENT]).shape == (5, *SHAPE)


@FAMILY
def test_a_critic_with_classes_gives_scores_and_logits(family: str) -> None:
    config = conditioned_by("multiply", family)
    pictures = np.random.default_rng(0).normal(size=(5, *SHAPE))
    scores, logits = registry.build_critic(config, info_of(SHAPE, CLASSES))(pictures)
    assert (scores.shape, logits.shape) == ((5, 1), (5, CLASSES))
    unconditional = dataclasses.replace(config, conditional="none")
    assert registry.build_critic(unconditional, info_of(SHAPE))(pictures).shape == (5, 1)


@FAMILY
def test_heads_are_float32_in_bfloat16_networks(family: str) -> None:
    config = conditioned_by("concatenate", family, precision="bfloat16")
    generator = registry.build_generator(config, info_of(SHAPE, CLASSES))
    critic = registry.build_critic(config, info_of(SHAPE, CLASSES))
    outputs = critic(generator([LATENT.astype(np.float32), LABELS]))
    assert [output.dtype for output in outputs] == ["float32", "float32"]


def test_both_heads_are_linear_in_the_features() -> None:
    layers = LayerFactory("float64", 0, "normal")
    x = layers.input((6,))
    critic = keras.Model(
        x,
        critic_outputs(
            CONDITIONAL, info_of(SHAPE, CLASSES), layers, x, initializer="glorot_uniform"
        ),
    )
    values = np.random.default_rng(0).normal(size=(5, 6))
    kernel, bias, class_kernel, class_bias = critic.get_weights()
    scores, logits = critic(values)
    np.testing.assert_allclose(scores, values @ kernel + bias, rtol=1e-12)
    np.testing.assert_allclose(logits, values @ class_kernel + class_bias, rtol=1e-12)
    # Far beyond what N(0, 0.02) gives.
    assert np.abs(kernel).max() > 0.2
    assert np.abs(class_kernel).max() > 0.2


@FAMILY
@pytest.mark.parametrize("norm", ["none", "layer"])
def test_labels_in_batch_norms_that_are_not_there_are_refused(family: str, norm: str) -> None:
    name = f"{family.split()[0]}_generator_norm"
    config = conditioned_by("batch_norm", family, **{name: norm})
    with pytest.raises(UserError, match=f"--generator_conditioning=batch_norm .*--{name}={norm}"):
        registry.check(config, info_of(SHAPE))
    unconditional = dataclasses.replace(
        config, conditional="none", generator_conditioning="multiply"
    )
    registry.check(unconditional, info_of(SHAPE))
    registry.check(
        dataclasses.replace(config, generator_conditioning="concatenate"), info_of(SHAPE)
    )
