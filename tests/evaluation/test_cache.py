from pathlib import Path

import numpy as np
import pytest

from tests.data.helpers import open_all
from wgan_tf.evaluation.cache import (
    arrays_digest,
    cache_folder,
    digest_of,
    examples_digest,
    read_arrays,
    write_arrays,
)

ARRAYS = {"b": np.arange(6.0).reshape(2, 3), "a": np.array(["x"]), "c": np.zeros(0, np.int8)}


def test_arrays_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "arrays.npz"
    write_arrays(path, ARRAYS)
    arrays = read_arrays(path)
    assert arrays is not None
    assert list(arrays) == ["b", "a", "c"]
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)
    assert [file.name for file in path.parent.iterdir()] == ["arrays.npz"]


def test_missing_file_is_nothing(tmp_path: Path) -> None:
    assert read_arrays(tmp_path / "arrays.npz") is None


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "scribbled"])
def test_damaged_file_is_nothing(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "arrays.npz"
    write_arrays(path, ARRAYS)
    data = path.read_bytes()
    position = data.index(np.float64(5).tobytes())
    path.write_bytes(
        {
            "cut": data[: len(data) // 2],
            "changed": data[:position] + b"\x01" + data[position + 1 :],
            "emptied": b"",
            "scribbled": b"not an archive",
        }[damage]
    )
    assert read_arrays(path) is None


def test_digests_tell_apart() -> None:
    assert digest_of(1, "a") == digest_of(1, "a") != digest_of("1", "a")
    others = [
        {"a": np.zeros(3)},
        {"a": np.zeros((3, 1))},
        {"a": np.zeros(3, np.float32)},
        {"b": np.zeros(3)},
        {"a": np.array([0, 0, 1.0])},
    ]
    assert len({arrays_digest(arrays) for arrays in others}) == len(others)
    assert arrays_digest({"a": np.zeros(3)}) == arrays_digest(others[0])


def test_examples_are_told_apart_by_split_class_and_size(tmp_path: Path) -> None:
    digests = [
        examples_digest(open_all("digits", tmp_path / folder, **options))
        for folder, options in [
            ("first", {}),
            ("first", {"split": "train[:50%]"}),
            ("first", {"classes": ("3", "4")}),
            ("first", {"classes": ("3", "5")}),
            ("first", {"image_size": 4}),
        ]
    ]
    assert len(set(digests)) == len(digests)
    assert examples_digest(open_all("digits", tmp_path / "second")) == digests[0]


def test_cache_lies_beside_the_stores(tmp_path: Path) -> None:
    assert cache_folder(tmp_path) == f"{tmp_path}/wgan_tf_evaluation"


def test_caches_lie_beside_the_stores_of_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("~/sets") == f"{tmp_path}/sets/wgan_tf_evaluation"
    assert cache_folder("/sets") == "/sets/wgan_tf_evaluation"
