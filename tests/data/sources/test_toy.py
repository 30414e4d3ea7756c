from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.data.helpers import describe, open_all, replica_batches, told
from wgan_tf.data.sources import toy
from wgan_tf.data.sources.toy import draw_toy_batch, gaussian_mixture, sample_toy
from wgan_tf.data.store import Store

Draw = Callable[[str], tuple[np.ndarray, np.ndarray | None]]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Store]:
    """Opens samples of 2,000 points."""
    data_dir = tmp_path_factory.mktemp("data")

    def open_small(name: str, **changes: Any) -> Store:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(toy, "NUM_POINTS", 2000)
            return open_all(f"toy:{name}", data_dir, **changes)

    return open_small


def draw_all(name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """As many points as are stored, out of several batches."""
    batches = [draw_toy_batch(name, 3, tf.constant(t, tf.int64), 10_000) for t in range(10)]
    points = np.concatenate([batch["examples"] for batch in batches])
    if "labels" not in batches[0]:
        return points, None
    return points, np.concatenate([batch["labels"] for batch in batches])


def take(
    store: Store, count: int, *, first_batch: int = 0, num_slices: int = 1, seed: int = 3
) -> list[np.ndarray]:
    """Global batches of 8 points, put together from their slices."""
    slices = replica_batches(
        store,
        global_batch_size=8,
        seed=seed,
        first_batch=first_batch,
        slices=range(num_slices),
        num_slices=num_slices,
    )
    taken = [batch["examples"] for batch in slices.take(count * num_slices).as_numpy_iterator()]
    return [
        np.concatenate(taken[start : start + num_slices])
        for start in range(0, len(taken), num_slices)
    ]


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


@pytest.mark.parametrize(
    ("name", "draw"),
    [("8gaussians", sample_toy), ("25gaussians", sample_toy), ("8gaussians", draw_all)],
)
def test_points_scatter_about_the_center_of_their_label(name: str, draw: Draw) -> None:
    points, labels = draw(name)
    assert labels is not None
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


@pytest.mark.parametrize("draw", [sample_toy, draw_all])
def test_swissroll_lies_on_its_spiral(draw: Draw) -> None:
    points, labels = draw("swissroll")
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
    # The angle is uniform, so its mean is known to 0.01.
    assert radius.mean() == pytest.approx(3 * np.pi, abs=0.05)


@pytest.mark.parametrize("name", ["8gaussians", "swissroll"])
def test_every_batch_of_training_is_drawn_anew(name: str, stores: Callable[..., Store]) -> None:
    store = stores(name)
    batches = take(store, 50)
    points = np.concatenate([*batches, *take(store, 50, seed=4)])
    assert len(np.unique(points, axis=0)) == len(points)
    stored = {point.tobytes() for point in np.asarray(store.examples)}
    assert not stored & {point.tobytes() for point in points}
    for number, batch in enumerate(take(store, 3, first_batch=47)):
        np.testing.assert_array_equal(batch, batches[47 + number])
    for num_slices in (2, 4):
        np.testing.assert_array_equal(take(store, 50, num_slices=num_slices), batches)


def test_a_mixtures_new_points_come_with_their_modes(stores: Callable[..., Store]) -> None:
    store = stores("8gaussians")
    options = {"global_batch_size": 64, "seed": 5, "first_batch": 2, "num_slices": 2}
    whole = draw_toy_batch("8gaussians", 5, tf.constant(2, tf.int64), 64)
    batches = replica_batches(store, slices=[1], **options)
    assert batches.element_spec == {
        "examples": tf.TensorSpec([32, 2], tf.float32),
        "labels": tf.TensorSpec([32], tf.int32),
    }
    (batch,) = batches.take(1).as_numpy_iterator()
    np.testing.assert_array_equal(batch["labels"], whole["labels"][32:])
    distances = np.linalg.norm(
        batch["examples"][:, None] - gaussian_mixture("8gaussians").centers, axis=2
    )
    np.testing.assert_array_equal(batch["labels"], distances.argmin(axis=1))


def test_the_sample_or_a_part_of_it_is_trained_on_where_it_is_asked_for(
    stores: Callable[..., Store],
) -> None:
    for name, changes in [
        ("25gaussians", {}),
        ("swissroll", {"split": "train[:1000]"}),
        ("8gaussians", {"classes": ("2", "3")}),
    ]:
        store = stores(name, **changes)
        stored = {point.tobytes() for point in store.read(np.arange(store.num_examples))[0]}
        assert {point.tobytes() for point in np.concatenate(take(store, 5))} <= stored


def test_no_batch_is_drawn_by_a_key_of_sampling_or_of_a_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = []
    for name in ("stateless_normal", "stateless_uniform"):
        original = getattr(tf.random, name)

        def spy(
            shape: Any, key: tf.Tensor, *rest: Any, original: Any = original, **more: Any
        ) -> Any:
            keys.append(tuple(key.numpy()))
            return original(shape, key, *rest, **more)

        monkeypatch.setattr(tf.random, name, spy)
    for batch in (0, 1, 2, 2**40):
        draw_toy_batch("8gaussians", 7, tf.constant(batch, tf.int64), 4)
    assert len(set(keys)) == 8
    assert {seed for seed, _ in keys} == {7}
    # Sampling counts its blocks from zero, and training its draws from 2^62.
    assert all(position < 0 for _, position in keys)


def test_store_holds_the_sample(tmp_path: Path) -> None:
    store = open_all("toy:25gaussians", tmp_path, split="train[:5000]")
    points, labels = sample_toy("25gaussians")
    np.testing.assert_array_equal(store.examples, points[:5000])
    np.testing.assert_array_equal(store.labels, labels[:5000])
    assert len(store.info.class_names) == 25


def test_description_and_unknown_name(tmp_path: Path) -> None:
    description = describe("toy:swissroll", data_dir=str(tmp_path), split="train", image_size=0)
    assert (description.num_examples, description.example_shape) == (100_000, (2,))
    assert description.class_names is None
    with told("toy:9gaussians", "toy:8gaussians, toy:25gaussians, toy:swissroll"):
        describe("toy:9gaussians", data_dir=str(tmp_path), split="train", image_size=0)
    with told("--image_size=8"):
        describe("toy:swissroll", data_dir=str(tmp_path), split="train", image_size=8)
