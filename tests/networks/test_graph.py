import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from wgan_tf import layers
from wgan_tf.networks.dropout import masks_from
from wgan_tf.networks.graph import layers_within, recast, trace, weight_names


class Block(keras.layers.Layer):
    """A layer that holds others, among them one that draws in training."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.inner = keras.Sequential([keras.layers.Dense(3), layers.Dropout(0.5, number=2)])

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.inner.build(shape)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.inner(inputs, training=training)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*shape[:-1], 3)


def unusual() -> keras.Model:
    """Two inputs, a nested model that is used twice, a skip, an operation and a block."""
    first, second = keras.Input((4,), name="first"), keras.Input((4,), name="second")
    shared = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(5, name="inside"), layers.Dropout(0.5, number=1)],
        name="shared",
    )
    joined = keras.layers.Concatenate()([shared(first), shared(second)])
    features = layers.BatchNormalization()(keras.ops.tanh(joined))
    return keras.Model(
        [first, second],
        [Block(name="block")(features), keras.layers.Add(name="add")([first, second])],
    )


def inputs(dtype: str = "float32") -> list[tf.Tensor]:
    random = np.random.default_rng(0)
    return [tf.constant(random.normal(size=(6, 4)), dtype) for _ in range(2)]


def in_training(model: keras.Model, given: list[tf.Tensor]) -> list[np.ndarray]:
    with masks_from(tf.constant([1, 2], tf.int64), replica=0, replicas=1):
        return [output.numpy() for output in model(given, training=True)]


def test_a_trace_follows_a_model_into_its_models_and_ends_in_its_outputs() -> None:
    model = unusual()
    expected = in_training(recast(model), inputs())
    with masks_from(tf.constant([1, 2], tf.int64), replica=0, replicas=1):
        calls = {call.name: call for call in trace(recast(model), inputs())}
        found = [calls["block (Block)"].run()[0], calls["add (Add)"].run()[0]]
    assert "shared/inside (Dense)" in calls
    for output, value in zip(expected, found, strict=True):
        np.testing.assert_array_equal(value, output)


def test_a_layer_of_a_trace_is_called_again_with_other_tensors() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="only")])
    (call,) = trace(model, inputs()[:1])
    np.testing.assert_allclose(call.run([tf.zeros((1, 4))])[0], np.zeros((1, 2)))


def test_recast_copies_layers_and_weights_and_shares_neither() -> None:
    model = unusual()
    copied = recast(model)
    for value, own in zip(in_training(copied, inputs()), in_training(model, inputs()), strict=True):
        np.testing.assert_array_equal(value, own)
    before = model.get_weights()
    for weight in copied.weights:
        weight.assign(weight + 1)
    for value, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(now, value)


def test_every_layer_of_a_recast_model_computes_in_its_precision() -> None:
    copied = recast(unusual(), "float64")
    assert {layer.compute_dtype for layer in layers_within(copied)} == {"float64"}
    assert {x.dtype for x in (*copied.inputs, *copied.outputs)} == {"float64"}
    doubled = in_training(copied, inputs("float64"))
    single = in_training(recast(copied, "float32"), inputs())
    for value, rounded in zip(doubled, single, strict=True):
        np.testing.assert_allclose(rounded, value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(momentum=0.7, epsilon=1e-3),
        layers.LayerNormalization(),
        layers.GroupNormalization(2, epsilon=1e-3),
        layers.Dropout(0.3, number=4),
        layers.SpectralConv2D(3, 3, direction_seed=5),
        layers.SpectralDense(3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_of_ours_reads_back_from_a_file_of_keras(
    layer: keras.Layer, tmp_path: pathlib.Path
) -> None:
    x = keras.Input((4, 4, 4))
    model = keras.Model(x, layer(x))
    for weight in model.weights:
        weight.assign(tf.random.stateless_normal(weight.shape, [1, 2]) ** 2 + 0.1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].get_config() == layer.get_config()
    given = tf.random.stateless_normal((2, 4, 4, 4), [3, 4])
    np.testing.assert_array_equal(loaded(given), model(given))
    for value, own in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(value, own)


def test_weights_have_the_same_names_whatever_was_made_before() -> None:
    def network() -> keras.Model:
        x = image = keras.Input((4,))
        for units in (3, 2):
            x = keras.layers.Dense(units)(x)
        inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="head")
        return keras.Model(image, inner(x), name="critic")

    expected = [
        f"critic/{layer}/{weight}"
        for layer in ("dense", "dense_1", "head/dense_2")
        for weight in ("kernel", "bias")
    ]
    first, second = network(), network()
    assert [v.path for v in first.weights] != [v.path for v in second.weights]
    for each in (first, second):
        names = weight_names(each)
        assert [names[v.path] for v in each.weights] == expected
