"""Optimizers against the formulas of the frameworks that sources were written with."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.reference_optimizers import Adam, RMSprop
from wgan_tf.config import Config
from wgan_tf.networks.layers import LayerFactory
from wgan_tf.networks.normalization import ClassScaleAndShift
from wgan_tf.training.optimizers import apply_gradients, build_optimizer

Randomize = Callable[[Iterable[keras.Variable]], None]
# A power of two, which float32 has exactly.
RATE = 2**-10
DECADES = 10.0 ** np.arange(-9, 1)
# Of one sign, so that no digits cancel when float32 adds them up.
STEPS = np.random.default_rng(0).uniform(0.5, 2.0, size=(3, len(DECADES), 4))
OPTIMIZERS: Mapping[str, tuple[dict[str, Any], Callable[[], Adam | RMSprop]]] = {
    "Keras 2's RMSprop": (
        {"optimizer": "rmsprop", "rho": 0.9, "epsilon": 1e-7},
        lambda: RMSprop(RATE, 0.9, 1e-7),
    ),
    "PyTorch's RMSprop": (
        {"optimizer": "rmsprop", "rho": 0.99, "epsilon": 1e-8},
        lambda: RMSprop(RATE, 0.99, 1e-8),
    ),
    "TensorFlow 1's RMSprop": (
        {
            "optimizer": "rmsprop",
            "rho": 0.9,
            "epsilon": 1e-10,
            "epsilon_placement": "inside_root",
            "initial_mean_square": 1.0,
        },
        lambda: RMSprop(RATE, 0.9, 1e-10, "inside_root", initial=1.0),
    ),
    "Keras's Adam": (
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-7},
        lambda: Adam(RATE, 0.5, 0.9, 1e-7),
    ),
    "TensorFlow 1's Adam": (
        {"beta_1": 0.5, "beta_2": 0.999, "epsilon": 1e-8},
        lambda: Adam(RATE, 0.5, 0.999, 1e-8),
    ),
    "PyTorch's Adam": (
        {
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-8,
            "epsilon_placement": "outside_corrected_root",
        },
        lambda: Adam(RATE, 0.9, 0.999, 1e-8, "outside_corrected_root"),
    ),
}


FUSED = {
    f"{name}, fused": ({**OPTIMIZERS[name][0], "fused_updates": "true"}, OPTIMIZERS[name][1])
    for name in OPTIMIZERS
    if name.endswith("Adam")
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*OPTIMIZERS, *FUSED])
def test_first_steps_are_those_of_the_framework(name: str, dtype: str) -> None:
    options, build_reference = {**OPTIMIZERS, **FUSED}[name]
    # From zero, so that float32 loses no digit of a small change.
    variables = [keras.Variable(np.zeros(4), dtype=dtype) for _ in DECADES]
    optimizer = build_optimizer(Config(**options), RATE, variables)
    reference = build_reference()
    expected = np.zeros([len(DECADES), 4])
    for step in STEPS:
        gradients = list(DECADES[:, None] * step)
        apply_gradients(optimizer, [tf.constant(g, dtype) for g in gradients], variables)
        expected += np.stack(reference.updates(gradients))
        for variable, wanted in zip(variables, expected, strict=True):
            rtol = 1e-6 if dtype == "float32" else 1e-12
            np.testing.assert_allclose(variable.numpy(), wanted, rtol=rtol)


def test_a_gradient_far_below_epsilons_root_still_takes_a_full_step() -> None:
    # A clipped critic's are so small; with epsilon under the root the step would be 3e-5 of it.
    variable = keras.Variable(np.zeros(1), dtype="float32")
    config = Config(optimizer="rmsprop", rho=0.9, epsilon=1e-7)
    apply_gradients(build_optimizer(config, RATE, [variable]), [tf.constant([1e-5])], [variable])
    assert variable.numpy()[0] == pytest.approx(-RATE / np.sqrt(0.1), rel=0.05)


LABELS = np.array([2, 0, 2, 2, 1, 0], np.int32)


def embedding_gradients(weights: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Of sum(weights * embedding(label)), a row a class; the features do not enter."""
    table = np.zeros([4, weights.shape[1]])
    np.add.at(table, LABELS, weights)
    return [table]


def scale_and_shift_gradients(weights: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Of sum(weights * (gamma[label] * x + beta[label]))."""
    return [*embedding_gradients(weights * x, x), *embedding_gradients(weights, x)]


def conditional_norm_gradients(weights: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """The same of x normalized by its moments."""
    return scale_and_shift_gradients(weights, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5))


def conditional_norm() -> keras.Model:
    layers = LayerFactory("float64", 0, "normal")
    features, label = layers.input((3,)), layers.label_input()
    normalized = layers.norm("batch", label=label, num_classes=4)(features)
    return keras.Model([features, label], normalized)


def embedding() -> keras.Model:
    layers = LayerFactory("float64", 0, "normal")
    features, label = layers.input((3,)), layers.label_input()
    return keras.Model([features, label], layers.class_embedding(4, 3)(label))


def scale_and_shift() -> keras.Model:
    layers = LayerFactory("float64", 0, "normal")
    features, label = layers.input((3,)), layers.label_input()
    tables = ClassScaleAndShift(4, dtype="float64")
    return keras.Model([features, label], tables([features, label]))


TABLES = {
    "embedding": (embedding, embedding_gradients),
    "scale and shift": (scale_and_shift, scale_and_shift_gradients),
    "conditional batch norm": (conditional_norm, conditional_norm_gradients),
}


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_classes_steps_by_the_sum_of_its_labels_gradients(
    kind: str, optimizer: str, randomize: Randomize
) -> None:
    build, gradients_by_hand = TABLES[kind]
    network = build()
    variables = network.trainable_variables
    randomize(variables)
    config = Config(optimizer=optimizer)
    trained = build_optimizer(config, RATE, variables)
    reference = Adam(RATE, 0.5, 0.9, 1e-7) if optimizer == "adam" else RMSprop(RATE, 0.9, 1e-7)
    expected = [variable.numpy() for variable in variables]
    random = np.random.default_rng(1)
    for _ in range(3):
        x, weights = random.normal(size=(2, len(LABELS), 3))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weights * network([x, LABELS], training=True))
        apply_gradients(trained, tape.gradient(loss, variables), variables)
        updates = reference.updates(gradients_by_hand(weights, x))
        expected = [value + update for value, update in zip(expected, updates, strict=True)]
        for variable, wanted in zip(variables, expected, strict=True):
            np.testing.assert_allclose(variable.numpy(), wanted, rtol=1e-9, atol=1e-12)
