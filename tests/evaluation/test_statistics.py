import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.data.helpers import open_all
from wgan_tf.data.store import Store
from wgan_tf.evaluation.features.extractor import Extraction
from wgan_tf.evaluation.features.projected import PixelFeatures, RandomFeatures
from wgan_tf.evaluation.protocol import EvaluationProtocol
from wgan_tf.evaluation.statistics import real_images, real_statistics

PROTOCOL = EvaluationProtocol(
    features="pixels",
    features_version="1",
    split="train",
    real_count=300,
    generated_count=0,
    kept_count=100,
    num_directions=8,
)


class CountingFeatures(PixelFeatures):
    def __init__(self) -> None:
        self.num_images = 0

    def extract(self, images: np.ndarray) -> Extraction:
        self.num_images += len(images)
        return super().extract(images)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_all("digits", tmp_path, split="train[:400]")


def test_statistics_are_those_of_different_real_examples(store: Store, tmp_path: Path) -> None:
    images = np.concatenate(list(real_images(store, 300, seed=0)))
    known = {image.tobytes() for image in store.examples}
    assert len({image.tobytes() for image in images}) == 300
    assert all(image.tobytes() in known for image in images)

    statistics = real_statistics(store, PixelFeatures(), PROTOCOL, tmp_path / "cache")
    pixels = images.reshape(300, -1) / 255
    assert statistics.gaussian.count == 300
    np.testing.assert_allclose(statistics.gaussian.mean, pixels.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(statistics.gaussian.covariance, np.cov(pixels.T), atol=1e-6)
    np.testing.assert_allclose(statistics.features, pixels[:100], atol=1e-6)
    assert statistics.projections.shape == (100, 8)


def test_statistics_are_computed_once(store: Store, tmp_path: Path) -> None:
    extractor = CountingFeatures()
    first = real_statistics(store, extractor, PROTOCOL, tmp_path / "cache")
    assert extractor.num_images == 300
    # What concerns generated examples alone does not matter.
    protocol = dataclasses.replace(PROTOCOL, generated_count=7, nearest_k=2)
    second = real_statistics(store, extractor, protocol, tmp_path / "cache")
    assert extractor.num_images == 300
    assert first.gaussian.count == second.gaussian.count
    np.testing.assert_array_equal(first.gaussian.mean, second.gaussian.mean)
    np.testing.assert_array_equal(first.gaussian.covariance, second.gaussian.covariance)
    np.testing.assert_array_equal(first.features, second.features, strict=True)
    np.testing.assert_array_equal(first.projections, second.projections, strict=True)


def test_all_that_statistics_follow_from_makes_its_own_file(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    other_version = CountingFeatures()
    other_version.version = "2"
    variants = [
        (store, PixelFeatures(), {}),
        (open_all("digits", tmp_path, split="train[400:800]"), PixelFeatures(), {}),
        (open_all("digits", tmp_path, classes=("1", "2")), PixelFeatures(), {}),
        (store, other_version, {}),
        (store, RandomFeatures((8, 8, 1)), {}),
        (store, RandomFeatures((8, 8, 1), seed=1), {}),
        (store, PixelFeatures(), {"real_count": 299}),
        (store, PixelFeatures(), {"kept_count": 99}),
        (store, PixelFeatures(), {"num_directions": 9}),
        (store, PixelFeatures(), {"seed": 1}),
    ]
    for each, extractor, changes in variants:
        real_statistics(each, extractor, dataclasses.replace(PROTOCOL, **changes), folder)
    assert len(list(folder.iterdir())) == len(variants)


def test_damaged_file_is_computed_anew(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    first = real_statistics(store, PixelFeatures(), PROTOCOL, folder)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    second = real_statistics(store, PixelFeatures(), PROTOCOL, folder)
    np.testing.assert_array_equal(first.gaussian.covariance, second.gaussian.covariance)
    np.testing.assert_array_equal(np.load(path)["mean"], first.gaussian.mean)
    assert list(folder.iterdir()) == [path]


def test_more_examples_than_there_are_are_refused(store: Store, tmp_path: Path) -> None:
    protocol = dataclasses.replace(PROTOCOL, real_count=401)
    with pytest.raises(ValueError, match="401"):
        real_statistics(store, PixelFeatures(), protocol, tmp_path)
