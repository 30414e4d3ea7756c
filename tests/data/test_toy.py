from pathlib import Path

import numpy as np
import pytest

from wgan_tf.data.store import describe
from wgan_tf.data.toy import gaussian_mixture, sample_toy

from .helpers import open_all, told


def test_centers_and_deviation_are_the_papers() -> None:
    eight = gaussian_mixture("8gaussians")
    angles = np.arctan2(*eight.centers.T[::-1])
    np.testing.assert_allclose(np.linalg.norm(eight.centers, axis=1), 2 / 1.414)
    np.testing.assert_allclose(np.sort(angles), np.pi / 4 * np.arange(-3, 5))
    assert eight.sigma == pytest.approx(0.0141443, rel=1e-5)
    grid = gaussian_mixture("25gaussians")
    assert {tuple(center) for center in np.round(grid.centers * 2.828, 9)} == {
        (x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)
    }
    assert grid.sigma == pytest.approx(0.0176803, rel=1e-5)
    assert gaussian_mixture("swissroll") is None


@pytest.mark.parametrize("name", ["8gaussians", "25gaussians"])
def test_points_scatter_about_the_center_of_their_label(name: str) -> None:
    points, labels = sample_toy(name)
    mixture = gaussian_mixture(name)
    assert points.shape == (100_000, 2)
    assert points.dtype == np.float32
    counts = np.bincount(labels)
    assert counts.min() > 0.95 * counts.max()
    scatter = (points - mixture.centers[labels]) / mixture.sigma
    np.testing.assert_allclose(scatter.std(axis=0), 1, atol=0.02)
    np.testing.assert_allclose(scatter.mean(axis=0), 0, atol=0.02)
    assert np.abs(scatter).max() < 6
    # Modes come mixed, so any part of the data holds them all.
    assert len(np.unique(labels[:1000])) == len(counts)


def test_swissroll_lies_on_its_spiral() -> None:
    points, labels = sample_toy("swissroll")
    assert labels is None
    assert points.dtype == np.float32
    x, z = 7.5 * points.T.astype(np.float64)
    # On the spiral the radius is the angle, up to whole turns.
    radius = np.hypot(x, z)
    turn = np.angle(np.exp(1j * (np.arctan2(z, x) - radius)))
    across = turn / np.sqrt(1 + radius**-2)
    assert across.std() == pytest.approx(0.25, abs=0.02)
    assert radius.min() == pytest.approx(1.5 * np.pi, abs=1.2)
    assert radius.max() == pytest.approx(4.5 * np.pi, abs=1.2)


def test_store_holds_the_sample(tmp_path: Path) -> None:
    store = open_all("toy:25gaussians", tmp_path, split="train[:5000]")
    points, labels = sample_toy("25gaussians")
    np.testing.assert_array_equal(store.examples, points[:5000])
    np.testing.assert_array_equal(store.labels, labels[:5000])
    assert len(store.class_names) == 25


def test_description_and_unknown_name(tmp_path: Path) -> None:
    description = describe("toy:swissroll", data_dir=str(tmp_path), split="train", image_size=0)
    assert (description.num_examples, description.example_shape) == (100_000, (2,))
    assert description.class_names is None
    with told("toy:9gaussians", "toy:8gaussians, toy:25gaussians, toy:swissroll"):
        describe("toy:9gaussians", data_dir=str(tmp_path), split="train", image_size=0)
    with told("--image_size=8"):
        describe("toy:swissroll", data_dir=str(tmp_path), split="train", image_size=8)
