from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.networks.built import build_layer
from wgan_tf.networks import spectral
from wgan_tf.networks.layers import LayerFactory

Randomize = Callable[[Iterable[keras.Variable]], None]
SHAPES = {"dense": (6,), "head": (6,), "convolution": (4, 4, 2)}


def make(kind: str, precision: str = "float64", seed: int = 0) -> keras.Layer:
    """A built layer, its kernel far from normalized."""
    factory = LayerFactory(precision, seed, "glorot_uniform", spectral_norm=True)
    operation = {
        "dense": lambda: factory.dense(4),
        "head": lambda: factory.head(3),
        "convolution": lambda: factory.convolution(5, 3, 2),
    }[kind]()
    layer = build_layer(operation, SHAPES[kind])
    kernel = layer.trainable_variables[0]
    kernel.assign(3 * kernel)
    return layer


def as_matrix(kernel: np.ndarray) -> np.ndarray:
    return np.reshape(kernel, [-1, kernel.shape[-1]])


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def directions(layer: keras.Layer) -> tuple[np.ndarray, np.ndarray]:
    """v and u of one power iteration from the layer's own u, by numpy."""
    matrix = as_matrix(layer.trainable_variables[0].numpy())
    v = unit(matrix @ layer.direction.numpy())
    return v, unit(matrix.T @ v)


@pytest.mark.parametrize("kind", SHAPES)
def test_the_largest_singular_value_comes_to_one(kind: str) -> None:
    layer = make(kind)
    assert abs(np.linalg.norm(as_matrix(layer.kernel), 2) - 1) > 1e-6
    for _ in range(300):
        layer.iterate()
    kernel = layer.trainable_variables[0].numpy()
    effective = layer.kernel.numpy()
    assert np.linalg.norm(as_matrix(effective), 2) == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(effective, kernel / np.linalg.norm(as_matrix(kernel), 2), rtol=1e-9)


@pytest.mark.parametrize("kind", SHAPES)
def test_the_kernel_is_divided_by_one_power_iteration_from_the_kept_vector(kind: str) -> None:
    layer = make(kind)
    direction, kernel = layer.direction.numpy(), layer.trainable_variables[0].numpy()
    v, u = directions(layer)
    np.testing.assert_allclose(layer.kernel, kernel / (v @ as_matrix(kernel) @ u), rtol=1e-12)

    x = np.random.default_rng(0).normal(size=(2, *SHAPES[kind]))
    plain = keras.layers.Conv2D(5, 3, 2, padding="same", dtype="float64")
    plain = plain if kind == "convolution" else keras.layers.Dense(u.size, dtype="float64")
    plain.build((None, *SHAPES[kind]))
    plain.set_weights([layer.kernel, layer.bias])
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-12)
    np.testing.assert_array_equal(layer.direction, direction)

    layer.iterate()
    np.testing.assert_allclose(layer.direction, u, rtol=1e-12)


def test_every_layer_of_a_network_iterates() -> None:
    factory = LayerFactory("float64", 0, "normal", spectral_norm=True)
    picture = factory.input((4, 4, 2))
    features = factory.flatten()(factory.relu()(factory.convolution(5, 3, 2)(picture)))
    network = keras.Model(picture, factory.head()(factory.dense(4)(features)))
    normalized = [layer for layer in network.layers if layer.weights]
    assert len(normalized) == 3
    expected = [directions(layer)[1] for layer in normalized]
    spectral.iterate(network)
    for layer, direction in zip(normalized, expected, strict=True):
        np.testing.assert_allclose(layer.direction, direction, rtol=1e-12)


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_gradients_hold_the_singular_vectors_fixed(kind: str) -> None:
    layer, random = make(kind), np.random.default_rng(1)
    variable = layer.trainable_variables[0]
    kernel, weights = variable.numpy(), random.normal(size=variable.shape)
    v, u = directions(layer)

    def value(kernel: np.ndarray) -> float:
        return float(np.sum(weights * kernel) / (v @ as_matrix(kernel) @ u))

    with tf.GradientTape() as tape:
        total = tf.reduce_sum(weights * layer.kernel)
    gradient = tape.gradient(total, variable.value).numpy()
    step = 1e-6
    for _ in range(3):
        tangent = random.normal(size=kernel.shape)
        difference = value(kernel + step * tangent) - value(kernel - step * tangent)
        assert np.sum(gradient * tangent) == pytest.approx(difference / (2 * step), rel=1e-6)


def test_second_derivatives_equal_central_differences(randomize: Randomize) -> None:
    factory = LayerFactory("float64", 0, "normal", spectral_norm=True)
    picture = factory.input((4, 4, 2))
    features = factory.flatten()(factory.leaky_relu()(factory.convolution(5, 3, 2)(picture)))
    network = keras.Model(picture, factory.head()(factory.activation("tanh")(features)))
    randomize(network.trainable_variables)
    # At the singular vectors themselves sigma's gradient is v u', whether they are fixed or not.
    for _ in range(500):
        spectral.iterate(network)
    random = np.random.default_rng(2)
    points = tf.constant(random.normal(size=(3, 4, 4, 2)))

    def penalty() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(points)
            scores = network(points, training=True)
        return tf.reduce_sum(tf.square(tape.gradient(scores, points)))

    variables = network.trainable_variables
    with tf.GradientTape() as tape:
        value = penalty()
    gradients = tape.gradient(
        value,
        [variable.value for variable in variables],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    step = 1e-6
    for _ in range(3):
        tangents = [random.normal(size=variable.shape) for variable in variables]
        slope = sum(np.sum(g * t) for g, t in zip(gradients, tangents, strict=True))
        values = []
        for sign in (1, -2):
            for variable, tangent in zip(variables, tangents, strict=True):
                variable.assign_add(sign * step * tangent)
            values.append(float(penalty()))
        for variable, tangent in zip(variables, tangents, strict=True):
            variable.assign_add(step * tangent)
        assert slope == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("kind", SHAPES)
def test_only_kernel_and_bias_are_trained(kind: str) -> None:
    layer = make(kind)
    assert [variable.name for variable in layer.trainable_variables] == ["kernel", "bias"]
    assert [variable.name for variable in layer.non_trainable_variables] == ["direction"]
    assert layer.direction.shape == (layer.bias.shape[0],)


def test_directions_follow_from_the_seed_and_differ_between_layers() -> None:
    np.testing.assert_array_equal(make("dense").direction, make("dense").direction)
    assert np.all(make("dense").direction.numpy() != make("dense", seed=1).direction.numpy())
    factory = LayerFactory("float64", 0, "normal", spectral_norm=True)
    first, second = (build_layer(factory.dense(4), (4,)) for _ in range(2))
    assert np.all(first.direction.numpy() != second.direction.numpy())


def test_in_bfloat16_the_norm_and_its_vector_keep_their_digits() -> None:
    full, half = make("dense", "float32"), make("dense", "bfloat16")
    for _ in range(300):
        full.iterate()
        half.iterate()
    assert {variable.dtype for variable in half.variables} == {"float32"}
    np.testing.assert_array_equal(half.direction, full.direction)
    columns = tf.cast(half(np.eye(6, dtype=np.float32)), tf.float32)
    assert half(np.eye(6, dtype=np.float32)).dtype == tf.bfloat16
    # Half a unit in the last place of bfloat16's 8 bits, for the kernel and for the quotient.
    np.testing.assert_allclose(columns, full.kernel, rtol=2 * 2**-8)
    assert np.linalg.norm(columns, 2) == pytest.approx(1, abs=2**-8)
