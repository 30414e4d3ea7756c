from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.networks.layers import LayerFactory
from wgan_tf.networks.normalization import (
    ClassScaleAndShift,
    GroupNormalization,
    LayerNormalization,
    recorded_moments,
)

Randomize = Callable[[Iterable[keras.Variable]], None]
SHAPES = [(6, 4), (6, 3, 5, 4)]
LABELS = np.array([2, 0, 1, 2, 2, 0])
OTHER_CONSTANTS = {"batch_norm_momentum": 0.7, "batch_norm_epsilon": 1e-3}


def examples(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).normal(3.0, 2.0, shape)


def by_batch(x: np.ndarray) -> np.ndarray:
    """x less its mean, over its deviation, both of all examples and pixels."""
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-5)


def built(layer: keras.Layer, shape: tuple[int, ...], randomize: Randomize) -> keras.Layer:
    layer.build(shape)
    randomize(layer.variables)
    return layer


def rounded(x: np.ndarray) -> np.ndarray:
    return tf.cast(tf.cast(x, tf.bfloat16), tf.float32).numpy()


@pytest.mark.parametrize("shape", SHAPES)
def test_recorded_moments_are_those_of_the_batch_and_change_no_variable(
    shape: tuple[int, ...], randomize: Randomize
) -> None:
    x = examples(shape)
    layer = built(LayerFactory("float64", 0, "normal").norm("batch"), shape, randomize)
    before, usual = layer.get_weights(), layer(x)
    scale, offset = (variable.numpy() for variable in layer.trainable_variables)
    with recorded_moments() as recorded:
        normalized = layer(x)
    np.testing.assert_allclose(normalized, by_batch(x) * scale + offset, rtol=1e-9, atol=1e-9)
    mean, variance = recorded[layer]
    axes = tuple(range(x.ndim - 1))
    np.testing.assert_allclose(mean, x.mean(axes), rtol=1e-12)
    np.testing.assert_allclose(variance, x.var(axes), rtol=1e-12)
    for value, now in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(now, value)
    np.testing.assert_array_equal(layer(x), usual)


def test_moving_statistics_move_by_the_momentum_and_serve_inference(randomize: Randomize) -> None:
    x = examples(SHAPES[1])
    layer = built(
        LayerFactory("float64", 0, "normal", **OTHER_CONSTANTS).norm("batch"), x.shape, randomize
    )
    scale, offset, mean, variance = (weight.copy() for weight in layer.get_weights())
    layer(x, training=True)
    mean = 0.7 * mean + 0.3 * x.mean((0, 1, 2))
    variance = 0.7 * variance + 0.3 * x.var((0, 1, 2))
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-9)
    np.testing.assert_allclose(layer.moving_variance, variance, rtol=1e-9)
    expected = (x - mean) / np.sqrt(variance + 1e-3) * scale + offset
    np.testing.assert_allclose(layer(x, training=False), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_class_has_its_scale_and_shift(shape: tuple[int, ...], randomize: Randomize) -> None:
    x = examples(shape)
    layer = ClassScaleAndShift(3, dtype="float64")
    np.testing.assert_array_equal(layer([x, LABELS]), x)
    randomize(layer.variables)
    assert layer.gamma.shape == layer.beta.shape == (3, 4)
    gamma, beta = layer.gamma.numpy(), layer.beta.numpy()
    expected = [x[i] * gamma[label] + beta[label] for i, label in enumerate(LABELS)]
    np.testing.assert_allclose(layer([x, LABELS]), expected, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_conditional_batch_norm_normalizes_then_scales_by_class(
    shape: tuple[int, ...], randomize: Randomize
) -> None:
    x = examples(shape)
    factory = LayerFactory("float64", 0, "normal")
    features, label = factory.input(shape[1:]), factory.label_input()
    norm = factory.norm("batch", label=label, num_classes=3)
    network = keras.Model([features, label], norm(features))
    assert network.output.shape == (None, *shape[1:])
    assert [v.shape for v in network.trainable_variables] == [(3, 4), (3, 4)]
    randomize(network.trainable_variables)
    gamma, beta = (variable.numpy() for variable in network.trainable_variables)
    one_each = (6, *(1,) * (len(shape) - 2), 4)
    expected = by_batch(x) * gamma[LABELS].reshape(one_each) + beta[LABELS].reshape(one_each)
    drawn = network([x, LABELS], training=True)
    np.testing.assert_allclose(drawn, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_group_norm_normalizes_each_group_of_filters_of_each_example(
    shape: tuple[int, ...], randomize: Randomize
) -> None:
    x = examples(shape)
    layer = built(GroupNormalization(2, epsilon=1e-4, dtype="float64"), shape, randomize)
    expected = np.empty_like(x)
    for group in (slice(0, 2), slice(2, 4)):
        for example, given in zip(expected, x, strict=True):
            entries = given[..., group]
            example[..., group] = (entries - entries.mean()) / np.sqrt(entries.var() + 1e-4)
    expected = expected * layer.gamma.numpy() + layer.beta.numpy()
    np.testing.assert_allclose(layer(x), expected, rtol=1e-9, atol=1e-9)


def test_group_norm_refuses_filters_that_do_not_divide_into_its_groups() -> None:
    with pytest.raises(ValueError, match="4 filters do not divide into 3 groups"):
        GroupNormalization(3).build((None, 5, 4))


def test_layer_norm_in_bfloat16_computes_in_float32() -> None:
    x = rounded(examples((6, 8, 8, 4)))
    layer = LayerNormalization(dtype="mixed_bfloat16")
    layer.build(x.shape)
    # Lies between two numbers of bfloat16.
    layer.gamma.assign(np.full(4, 1.0035))
    y = layer(tf.cast(x, tf.bfloat16))
    assert y.dtype == tf.bfloat16
    axes = (1, 2, 3)
    deviation = np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    expected = rounded((x - x.mean(axes, keepdims=True)) / deviation * np.float32(1.0035))
    assert np.mean(tf.cast(y, tf.float32) == expected) > 0.99


def test_conditional_batch_norm_in_bfloat16(randomize: Randomize) -> None:
    x = rounded(examples(SHAPES[1]))
    factory = LayerFactory("bfloat16", 0, "normal")
    features, label = factory.input(x.shape[1:]), factory.label_input()
    network = keras.Model(
        [features, label], factory.norm("batch", label=label, num_classes=3)(features)
    )
    randomize(network.trainable_variables)
    gamma, beta = (variable.numpy() for variable in network.trainable_variables)
    assert gamma.dtype == np.float32
    expected = by_batch(x) * gamma[LABELS][:, None, None] + beta[LABELS][:, None, None]
    drawn = network([x.astype(np.float32), LABELS], training=True)
    assert drawn.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(drawn, tf.float32), expected, rtol=0.02, atol=0.02)


def test_moving_statistics_in_bfloat16_keep_the_digits_of_float32() -> None:
    x = rounded(examples(SHAPES[1]))
    layer = LayerFactory("bfloat16", 0, "normal", **OTHER_CONSTANTS).norm("batch")
    for _ in range(2):
        y = layer(tf.cast(x, tf.bfloat16), training=True)
    assert y.dtype == tf.bfloat16
    np.testing.assert_allclose(layer.moving_mean, 0.51 * x.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0.49 + 0.51 * x.var((0, 1, 2)), rtol=1e-5)
    expected = (x - layer.moving_mean.numpy()) / np.sqrt(layer.moving_variance.numpy() + 1e-3)
    drawn = tf.cast(layer(tf.cast(x, tf.bfloat16)), tf.float32)
    assert np.mean(drawn == rounded(expected)) > 0.99
