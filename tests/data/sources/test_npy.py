from pathlib import Path

import numpy as np
import pytest

from tests.data.helpers import describe, open_all, told


@pytest.mark.parametrize(
    ("shape", "stored_shape"),
    [
        ((7, 4, 4), (7, 4, 4, 1)),
        ((7, 4, 4, 1), (7, 4, 4, 1)),
        ((7, 4, 4, 3), (7, 4, 4, 3)),
        ((7, 16), (7, 4, 4, 1)),
    ],
)
def test_pictures_keep_their_bytes(
    tmp_path: Path, shape: tuple[int, ...], stored_shape: tuple[int, ...]
) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.save(tmp_path / "a.npy", array)
    store = open_all(f"npy:{tmp_path / 'a.npy'}", tmp_path)
    np.testing.assert_array_equal(store.examples, array.reshape(stored_shape))
    assert store.examples.dtype == np.uint8
    assert store.labels is None


@pytest.mark.parametrize("dtype", ["<f4", "<f8", ">f4"])
def test_points_are_float32(tmp_path: Path, dtype: str) -> None:
    points = np.random.default_rng(0).standard_normal((50, 3)).astype(dtype)
    np.save(tmp_path / "a.npy", points)
    store = open_all(f"npy:{tmp_path / 'a.npy'}", tmp_path)
    assert store.examples.dtype == np.float32
    np.testing.assert_array_equal(store.examples, points.astype(np.float32))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((5, 10), np.uint8),
        np.zeros((5, 4, 4, 4), np.uint8),
        np.zeros((5, 4, 4), np.float32),
        np.zeros((5, 4, 4), np.int64),
        np.zeros((5, 2), np.float16),
        np.zeros(9, np.uint8),
        np.zeros((0, 4, 4), np.uint8),
    ],
)
def test_other_arrays_are_refused_with_dtype_and_shape(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "a.npy"
    np.save(path, array)
    with told(path, array.dtype, array.shape, "save images as uint8"):
        describe(f"npy:{path}", data_dir=str(tmp_path), split="train", image_size=0)


def test_files_that_are_no_array_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", np.zeros((3, 2)), np.ones((3, 2)))
    np.save(tmp_path / "objects.npy", np.array([{}, {}]), allow_pickle=True)
    (tmp_path / "text.npy").write_text("hello")
    np.save(tmp_path / "short.npy", np.zeros((9, 4, 4), np.uint8))
    whole = (tmp_path / "short.npy").read_bytes()
    (tmp_path / "short.npy").write_bytes(whole[:-5])
    for name in ("a.npz", "objects.npy", "text.npy", "short.npy", "absent.npy"):
        with told(tmp_path / name, "numpy.save"):
            describe(f"npy:{tmp_path / name}", data_dir=str(tmp_path), split="train", image_size=0)


def test_an_archive_has_the_classes_of_its_examples(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    pictures = np.arange(5 * 16, dtype=np.uint8).reshape(5, 4, 4)
    np.savez(path, images=pictures, labels=np.array([2, 0, 0, 2, 1], np.uint8))
    store = open_all(f"npy:{path}", tmp_path)
    np.testing.assert_array_equal(store.examples[..., 0], pictures)
    np.testing.assert_array_equal(store.labels, [2, 0, 0, 2, 1])
    assert store.info.class_names == ("0", "1", "2")
    np.savez(path, images=pictures, labels=np.zeros(4, int))
    with told(path, "(4,)", "a whole number for each example"):
        describe(f"npy:{path}", data_dir=str(tmp_path), split="train", image_size=0)


def test_nan_is_refused_with_its_row(tmp_path: Path) -> None:
    points = np.zeros((9, 2), np.float32)
    points[6, 1] = np.nan
    np.save(tmp_path / "a.npy", points)
    with told(tmp_path / "a.npy", "row 6"):
        open_all(f"npy:{tmp_path / 'a.npy'}", tmp_path)


def test_size_of_images(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((3, 4, 6), np.uint8))
    with told(path, "4 x 6", "--image_size"):
        describe(f"npy:{path}", data_dir=str(tmp_path), split="train", image_size=0)
    description = describe(f"npy:{path}", data_dir=str(tmp_path), split="train", image_size=8)
    assert description.example_shape == (8, 8, 1)
    assert open_all(f"npy:{path}", tmp_path, image_size=8).example_shape == (8, 8, 1)


def test_size_has_no_meaning_for_points(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((3, 2), np.float32))
    with told("--image_size=8", path):
        describe(f"npy:{path}", data_dir=str(tmp_path), split="train", image_size=8)
