import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.data.helpers import told
from wgan_tf.evaluation.features.inception import InceptionFeatures
from wgan_tf.evaluation.features.inception_preprocessing import clean, legacy_tensorflow

RANDOM = np.random.default_rng(0)
KERNEL = RANDOM.normal(size=(3, 5)).astype(np.float32)
WEIGHTS = RANDOM.normal(size=(5, 4)).astype(np.float32)
IMAGES = RANDOM.integers(0, 256, (3, 13, 17, 3)).astype(np.uint8)


def legacy_matrix(size: int) -> np.ndarray:
    """TensorFlow 1's bilinear resize of a side to 299, output i at input i * size / 299."""
    matrix = np.zeros((299, size))
    for i in range(299):
        position = i * size / 299
        low = math.floor(position)
        matrix[i, low] += 1 - (position - low)
        matrix[i, min(low + 1, size - 1)] += position - low
    return matrix


def bicubic_matrix(size: int) -> np.ndarray:
    """Keys' cubic (a = -1/2) about pixels' centres, widened when it makes smaller."""
    scale = max(size / 299, 1)
    centers = (np.arange(299) + 0.5) * size / 299
    x = np.abs((np.arange(size) + 0.5 - centers[:, None]) / scale)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    weights = np.where(x < 1, near, np.where(x < 2, far, 0))
    return weights / weights.sum(axis=1, keepdims=True)


def resized(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.einsum("yh,nhwc,xw->nyxc", rows, images.astype(np.float64), columns, optimize=True)


@pytest.mark.parametrize("shape", [(8, 8), (32, 28), (320, 610)])
def test_legacy_resize_against_matrices(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, *shape, 3)).astype(np.uint8)
    expected = resized(images, legacy_matrix(shape[0]), legacy_matrix(shape[1]))
    assert legacy_tensorflow(images).dtype == np.float32
    np.testing.assert_allclose(legacy_tensorflow(images), expected, atol=0.02)


@pytest.mark.parametrize("shape", [(8, 8), (32, 28), (320, 610)])
def test_clean_resize_against_matrices(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, *shape, 3)).astype(np.uint8)
    expected = resized(images, bicubic_matrix(shape[0]), bicubic_matrix(shape[1]))
    assert expected.min() < -1
    assert expected.max() > 256
    assert clean(images).dtype == np.float32
    np.testing.assert_allclose(clean(images), np.clip(expected, 0, 255), atol=0.02)


def expected_pool(images: np.ndarray, protocol: str) -> np.ndarray:
    matrix = legacy_matrix if protocol == "legacy_tensorflow" else bicubic_matrix
    values = resized(images, matrix(images.shape[1]), matrix(images.shape[2])).clip(0, 255)
    return ((values - 128) / 128)[:, ::100, ::100].mean(axis=(1, 2)) @ KERNEL


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def write_frozen_graph(path: Path, *, logits: str = "", pool: str = "pool_3") -> Path:
    """A stand-in with the nodes of the 2015 graph, made for one image as that one is."""
    with tf.Graph().as_default() as graph:
        image = tf.compat.v1.placeholder(tf.float32, [299, 299, 3], name="Cast")
        scaled = tf.multiply(tf.expand_dims(image, 0), 1 / 128, name="Mul")
        pooled = tf.reduce_mean(scaled[:, ::100, ::100], axis=(1, 2), keepdims=True) @ KERNEL
        pooled = tf.identity(pooled, name=pool)
        if logits == "logits":
            tf.matmul(pooled[:, 0, 0], WEIGHTS, name="logits")
        elif logits == "2015":
            weights = tf.identity(tf.constant(WEIGHTS), name="softmax/weights")
            product = tf.matmul(tf.reshape(pooled, [1, 5]), weights, name="softmax/logits/MatMul")
            tf.add(product, 100.0, name="softmax/logits")
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


class StandIn(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = tf.Variable(KERNEL)

    @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], name="inputs")])
    def __call__(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        pooled = tf.reduce_mean(images[:, ::100, ::100], axis=(1, 2)) @ self.kernel
        return {"pool_3": pooled, "logits": pooled @ WEIGHTS}


@pytest.mark.parametrize("protocol", ["legacy_tensorflow", "clean"])
@pytest.mark.parametrize("logits", ["", "logits", "2015"])
def test_frozen_graph(tmp_path: Path, protocol: str, logits: str) -> None:
    path = write_frozen_graph(tmp_path / "graph.pb", logits=logits)
    extractor = InceptionFeatures(str(path), protocol=protocol)
    features, probabilities = extractor.extract(IMAGES)
    expected = expected_pool(IMAGES, protocol)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, atol=1e-3)
    assert extractor.gives_class_probabilities == bool(logits)
    if logits:
        np.testing.assert_allclose(probabilities, softmax(expected @ WEIGHTS), atol=1e-3)
    else:
        assert probabilities is None


@pytest.mark.parametrize("signature", ["serving_default", "default", None])
def test_saved_model(tmp_path: Path, signature: str | None) -> None:
    model = StandIn()
    signatures = {signature: model.__call__} if signature else None
    tf.saved_model.save(model, str(tmp_path), signatures=signatures)
    extractor = InceptionFeatures(str(tmp_path))
    features, probabilities = extractor.extract(IMAGES)
    expected = expected_pool(IMAGES, "legacy_tensorflow")
    np.testing.assert_allclose(features, expected, atol=1e-3)
    np.testing.assert_allclose(probabilities, softmax(expected @ WEIGHTS), atol=1e-3)


def test_gray_images_have_their_channel_three_times(tmp_path: Path) -> None:
    extractor = InceptionFeatures(str(write_frozen_graph(tmp_path / "graph.pb")))
    gray = IMAGES[..., :1]
    features = extractor.extract(gray).features
    np.testing.assert_array_equal(features, extractor.extract(np.repeat(gray, 3, 3)).features)
    with pytest.raises(ValueError, match="not 2"):
        extractor.extract(IMAGES[..., :2])


def test_name_tells_the_resize_and_version_the_weights(tmp_path: Path) -> None:
    path = write_frozen_graph(tmp_path / "graph.pb")
    legacy = InceptionFeatures(str(path))
    assert (legacy.name, InceptionFeatures(str(path), protocol="clean").name) == (
        "inception",
        "inception_clean",
    )
    copy = tmp_path / "copy.pb"
    copy.write_bytes(path.read_bytes())
    other = write_frozen_graph(tmp_path / "other.pb", logits="logits")
    assert InceptionFeatures(str(copy)).version == legacy.version
    assert InceptionFeatures(str(other)).version != legacy.version


def test_saved_models_version_follows_from_its_weights(tmp_path: Path) -> None:
    model, versions = StandIn(), []
    for name, factor in [("a", 1.0), ("b", 2.0)]:
        model.kernel.assign(KERNEL * factor)
        tf.saved_model.save(model, str(tmp_path / name))
        versions.append(InceptionFeatures(str(tmp_path / name)).version)
    assert versions[0] != versions[1]
    moved = (tmp_path / "a").rename(tmp_path / "moved")
    assert InceptionFeatures(str(moved)).version == versions[0]


def test_unusable_paths_are_told(tmp_path: Path) -> None:
    junk, empty = tmp_path / "junk.pb", tmp_path / "empty"
    junk.write_bytes(b"\xff" * 100)
    empty.mkdir()
    no_pool = write_frozen_graph(tmp_path / "no_pool.pb", pool="pool_4")
    for name, function in [
        ("small", lambda images: {"pool_3": tf.reshape(images, [-1, 32 * 32 * 3])}),
        ("unpooled", lambda images: {"pool_3": images}),
        ("other", lambda images: {"pool_4": images}),
    ]:
        module = tf.Module()
        module.run = tf.function(function, input_signature=[tf.TensorSpec([None, None, None, 3])])
        tf.saved_model.save(module, str(tmp_path / name), signatures=module.run)
    tf.saved_model.save(tf.Module(), str(tmp_path / "nothing"))
    for path, reason in [
        (tmp_path / "missing.pb", "cannot be read"),
        (junk, "no frozen graph"),
        (empty, "no SavedModel"),
        (no_pool, "no node pool_3"),
        (tmp_path / "small", "takes no float32 images"),
        (tmp_path / "unpooled", "shape (2, 299, 299, 3) for 2 images"),
        (tmp_path / "other", "no output pool_3"),
        (tmp_path / "nothing", "no signature"),
    ]:
        with told(f"--inception={path}", reason, "name the 2015 Inception graph"):
            InceptionFeatures(str(path))
