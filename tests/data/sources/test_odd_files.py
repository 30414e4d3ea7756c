"""Arrays and IDX files as people have them, and as nobody should."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.data.helpers import describe, open_all, told, write_idx
from wgan_tf.data.sources import npy

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 5, 5, 3)).astype(np.uint8)


def save(path: Path, array: np.ndarray) -> str:
    np.save(path, array)
    return f"npy:{path}"


def test_channels_may_come_first_where_that_leaves_no_doubt(tmp_path: Path) -> None:
    dataset = save(tmp_path / "a.npy", np.moveaxis(IMAGES, -1, 1))
    np.testing.assert_array_equal(open_all(dataset, tmp_path).examples, IMAGES)
    # Images of 3 x 5 x 3 are what they seem to be.
    dataset = save(tmp_path / "b.npy", IMAGES[:, :3])
    assert describe(dataset, data_dir=str(tmp_path), split="train", image_size=4).example_shape == (
        *(4, 4),
        3,
    )


@pytest.mark.parametrize(
    ("low", "high", "how"),
    [
        (0, 1, "np.round(255 * x).astype(np.uint8)"),
        (-1, 1, "np.round(127.5 * (x + 1)).astype(np.uint8)"),
        (0, 255, "np.round(x).astype(np.uint8)"),
    ],
)
def test_how_floats_become_images_is_told(
    tmp_path: Path, low: float, high: float, how: str
) -> None:
    floats = np.linspace(low, high, 75 * 7, dtype=np.float32).reshape(7, 5, 5, 3)
    dataset = save(tmp_path / "a.npy", floats)
    with told("float32", f"[{low}, {high}]", how):
        open_all(dataset, tmp_path)
    x = floats
    made = eval(how, {"np": np, "x": x})
    assert (made.min(), made.max(), made.dtype) == (0, 255, np.uint8)


@pytest.mark.parametrize("number", [1e300, -1e300, 1e13, np.inf, np.nan])
def test_points_that_no_network_can_take_are_refused(tmp_path: Path, number: float) -> None:
    points = np.zeros((9, 2))
    points[6, 1] = number
    with told("in row 6", "1e+12"):
        open_all(save(tmp_path / "a.npy", points), tmp_path)


def test_labels_may_be_a_column(tmp_path: Path) -> None:
    labels = np.arange(7).reshape(7, 1) % 3
    np.savez(tmp_path / "a.npz", x=IMAGES, labels=labels)
    store = open_all(f"npy:{tmp_path / 'a.npz'}", tmp_path)
    np.testing.assert_array_equal(store.labels, labels[:, 0])


def test_an_archive_larger_than_memory_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((10, 100, 100), np.uint8))
    monkeypatch.setattr(npy.os, "sysconf", lambda name: 300)
    with told("unpacks to 0.0 GB, more than there is memory", "numpy.save"):
        open_all(f"npy:{tmp_path / 'a.npz'}", tmp_path)


def test_archives_of_other_files_and_damaged_headers_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")
    whole = io.BytesIO()
    np.save(whole, IMAGES)
    headers = {
        "huge": whole.getvalue().replace(b"(7, 5, 5, 3)", b"(7, 5, 5, 9999999999999)"),
        "unclosed": whole.getvalue().replace(b"(7, 5, 5, 3)", b"(7, 5, 5, 3 "),
        "not text": whole.getvalue().replace(b"descr", b"d\xffscr"),
        "no shape": whole.getvalue().replace(b"shape", b"shapf"),
    }
    for name, content in headers.items():
        (tmp_path / f"{name}.npy").write_bytes(content)
    for file in ("a.npz", *(f"{name}.npy" for name in headers)):
        with told(tmp_path / file):
            open_all(f"npy:{tmp_path / file}", tmp_path)


@pytest.mark.parametrize("shape", [(0, 6, 6), (5, 0, 0), (5, 6, 0)])
def test_idx_files_that_hold_nothing_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    file = write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros(shape))
    with told(file, "holds nothing", shape):
        open_all(f"idx:{tmp_path}", tmp_path)


def test_pipes_are_no_idx_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "train-images-idx3-ubyte")
    with told("holds no train-images-idx3-ubyte"):
        open_all(f"idx:{tmp_path}", tmp_path)
    os.mkfifo(tmp_path / "a.npy")
    with told("is not a file"):
        open_all(f"npy:{tmp_path / 'a.npy'}", tmp_path)


@pytest.mark.parametrize("kind", ["folder", "idx", "npy"])
def test_home_folders_of_nobody_are_refused(tmp_path: Path, kind: str) -> None:
    with told(f"--dataset={kind}:~no_such_user/x", "the whole path"):
        open_all(f"{kind}:~no_such_user/x", tmp_path)
    with told("--data_dir=~no_such_user/x", "the whole path"):
        open_all("digits", Path("~no_such_user/x"))
