import itertools

import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.networks.dropout import Dropout, masks_from
from wgan_tf.networks.layers import LayerFactory

KEY, OTHER_KEY = tf.constant([7, 1], tf.int64), tf.constant([7, 2], tf.int64)
BATCH, FEATURES = 8, (3, 5)


def kept(layer: Dropout, key: tf.Tensor = KEY, replica: int = 0, **batch: int) -> np.ndarray:
    """Which entries of a replica's examples a layer keeps."""
    replicas = batch.pop("replicas", 1)
    with masks_from(key, replica, replicas, **batch):
        return layer(np.ones([BATCH // replicas, *FEATURES]), training=True).numpy() != 0


@pytest.mark.parametrize("rate", [0.25, 0.8])
def test_what_is_kept_is_scaled_so_that_the_mean_stays(rate: float) -> None:
    x = np.random.default_rng(0).normal(2.0, 1.0, [200, 500])
    with masks_from(KEY, 0, 1):
        y = Dropout(rate, 1, dtype="float64")(x, training=True).numpy()
    is_kept = y != 0
    np.testing.assert_allclose(y[is_kept], x[is_kept] / (1 - rate), rtol=1e-14)
    # Five standard deviations of the share and of the mean over 100,000 draws.
    assert abs(is_kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / x.size)
    assert abs(y.mean() - x.mean()) < 5 * y.std() / np.sqrt(x.size)
    assert np.all(is_kept.mean(0) > 0)
    assert np.all(is_kept.mean(1) > 0)


def test_masks_follow_from_key_and_layer_alone() -> None:
    first, again, other_layer = Dropout(0.5, 1), Dropout(0.5, 1), Dropout(0.5, 2)
    mask = kept(first)
    np.testing.assert_array_equal(kept(first), mask)
    np.testing.assert_array_equal(kept(again), mask)
    for other in (kept(first, OTHER_KEY), kept(other_layer), kept(other_layer, OTHER_KEY)):
        assert 0.2 < np.mean(other != mask) < 0.8


def test_the_layers_of_a_network_have_masks_of_their_own() -> None:
    factory = LayerFactory("float32", 0, "normal")
    first, second = kept(factory.dropout(0.5)), kept(factory.dropout(0.5))
    assert 0.2 < np.mean(first != second) < 0.8


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_take_slices_of_the_global_mask(replicas: int, parts: int) -> None:
    layer = Dropout(0.5, 3)
    expected = kept(layer, parts=parts).reshape(parts, BATCH // parts, *FEATURES)
    slices = [kept(layer, KEY, i, replicas=replicas, parts=parts) for i in range(replicas)]
    own = BATCH // parts // replicas
    together = np.concatenate([s.reshape(parts, own, *FEATURES) for s in slices], axis=1)
    np.testing.assert_array_equal(together, expected)
    for one, other in itertools.combinations(slices, 2):
        assert np.any(one != other)


def test_the_parts_of_a_batch_have_masks_of_their_own() -> None:
    first, second = np.split(kept(Dropout(0.5, 1), parts=2), 2)
    assert 0.2 < np.mean(first != second) < 0.8


def test_key_and_replica_may_be_tensors_of_a_traced_function() -> None:
    layer, traces = Dropout(0.5, 1), []

    @tf.function
    def in_graph(x: tf.Tensor, key: tf.Tensor, replica: tf.Tensor) -> tf.Tensor:
        traces.append(None)
        with masks_from(key, replica, 2):
            return layer(x, training=True)

    x = tf.ones([BATCH // 2, *FEATURES])
    for key, replica in itertools.product((KEY, OTHER_KEY), (0, 1)):
        expected = kept(layer, key, replica, replicas=2)
        np.testing.assert_array_equal(in_graph(x, key, tf.constant(replica)) != 0, expected)
    assert len(traces) == 1


def test_inference_is_the_identity_and_needs_no_key() -> None:
    x = np.random.default_rng(0).normal(size=[4, 6]).astype(np.float32)
    np.testing.assert_array_equal(Dropout(0.5, 1)(x), x)
    np.testing.assert_array_equal(Dropout(0.5, 1)(x, training=False), x)


def test_training_without_a_key_is_an_error() -> None:
    layer = Dropout(0.5, 1)
    with pytest.raises(LookupError):
        layer(np.ones([4, 6]), training=True)
    kept(layer)
    with pytest.raises(LookupError):
        layer(np.ones([4, 6]), training=True)


@pytest.mark.parametrize(
    ("precision", "dtype"), [("bfloat16", tf.bfloat16), ("float64", "float64")]
)
def test_computes_in_the_precision_of_its_network(precision: str, dtype: str) -> None:
    layer = LayerFactory(precision, 0, "normal").dropout(0.5)
    with masks_from(KEY, 0, 1):
        y = layer(np.ones([4, 6], np.float32), training=True)
    assert y.dtype == dtype
    assert set(np.unique(tf.cast(y, tf.float32))) == {0.0, 2.0}
