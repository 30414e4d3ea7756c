import gzip
from pathlib import Path

import numpy as np
import pytest

from tests.data.helpers import describe, open_all, told, write_idx

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


def write_set(folder: Path, suffix: str = "") -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (14, 6, 6)).astype(np.uint8)
    labels = np.arange(14) % 4
    for prefix, rows in {"train": slice(0, 10), "t10k": slice(10, 14)}.items():
        write_idx(folder / f"{prefix}-images-idx3-ubyte{suffix}", images[rows])
        write_idx(folder / f"{prefix}-labels-idx1-ubyte{suffix}", labels[rows])
    return images[..., None], labels


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("split", "rows"),
    [
        ("train", range(10)),
        ("test", range(10, 14)),
        ("train+test", range(14)),
        ("test+train", [*range(10, 14), *range(10)]),
        ("all", range(14)),
        ("train[:100%]", range(10)),
    ],
)
def test_reads_the_named_examples_in_order(
    tmp_path: Path, suffix: str, split: str, rows: list[int]
) -> None:
    images, labels = write_set(tmp_path, suffix)
    store = open_all(f"idx:{tmp_path}", tmp_path, split=split)
    np.testing.assert_array_equal(store.examples, images[list(rows)])
    np.testing.assert_array_equal(store.labels, labels[list(rows)])
    assert store.info.class_names == ("0", "1", "2", "3")


def test_fashion_mnist_equals_an_independent_parse(tmp_path: Path) -> None:
    if not FASHION_MNIST.is_dir():
        pytest.skip(f"{FASHION_MNIST} is absent (Debian's package dataset-fashion-mnist)")
    images, labels = [], []
    for prefix, count in (("train", 60000), ("t10k", 10000)):
        packed = (FASHION_MNIST / f"{prefix}-images-idx3-ubyte.gz").read_bytes()
        images.append(
            np.frombuffer(gzip.decompress(packed)[16:], np.uint8).reshape(count, 28, 28, 1)
        )
        packed = (FASHION_MNIST / f"{prefix}-labels-idx1-ubyte.gz").read_bytes()
        labels.append(np.frombuffer(gzip.decompress(packed)[8:], np.uint8))
    store = open_all(f"idx:{FASHION_MNIST}", tmp_path, split="test+train")
    assert (np.bincount(store.labels) == 7000).all()
    np.testing.assert_array_equal(store.examples, np.concatenate(images[::-1]))
    np.testing.assert_array_equal(store.labels, np.concatenate(labels[::-1]))


def test_images_alone_are_unlabelled(tmp_path: Path) -> None:
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", np.ones((3, 5, 5)))
    description = describe(f"idx:{tmp_path}", data_dir=str(tmp_path), split="test", image_size=0)
    assert description.num_examples == 3
    assert description.example_shape == (5, 5, 1)
    assert description.class_names is None
    assert open_all(f"idx:{tmp_path}", tmp_path, split="test").labels is None


@pytest.mark.parametrize("split", ["tset", "train[5:", "train[:200]", "train[4:4]", "", "train[x]"])
def test_wrong_split_names_the_splits_there_are(tmp_path: Path, split: str) -> None:
    write_set(tmp_path)
    with told(repr(split), "train (10 examples), test (4 examples)"):
        describe(f"idx:{tmp_path}", data_dir=str(tmp_path), split=split, image_size=0)


def expect_refusal(folder: Path, *parts: object) -> None:
    with told(*parts):
        describe(f"idx:{folder}", data_dir=str(folder), split="train", image_size=0)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_wrong_length_tells_the_bytes_expected_and_found(tmp_path: Path, suffix: str) -> None:
    write_set(tmp_path, suffix)
    path = tmp_path / f"train-images-idx3-ubyte{suffix}"
    whole = path.read_bytes()
    content = (gzip.decompress(whole) if suffix else whole)[:-7]
    path.write_bytes(gzip.compress(content) if suffix else content)
    expect_refusal(tmp_path, path, "expected 376 bytes", "found 369")


def test_gzip_file_cut_short_is_named(tmp_path: Path) -> None:
    write_set(tmp_path, ".gz")
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:200])
    expect_refusal(tmp_path, path, "expected 376 bytes", "found")


def test_gzip_file_of_two_members_is_read(tmp_path: Path) -> None:
    images, _ = write_set(tmp_path, ".gz")
    path = tmp_path / "train-images-idx3-ubyte.gz"
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[:100]) + gzip.compress(content[100:]))
    np.testing.assert_array_equal(open_all(f"idx:{tmp_path}", tmp_path).examples, images[:10])


def test_damage_inside_a_gzip_file_is_named(tmp_path: Path) -> None:
    write_set(tmp_path, ".gz")
    path = tmp_path / "train-images-idx3-ubyte.gz"
    damaged = bytearray(path.read_bytes())
    damaged[-5] ^= 0xFF  # The checksum.
    path.write_bytes(damaged)
    with told(path):
        open_all(f"idx:{tmp_path}", tmp_path)
    assert not list(tmp_path.glob("wgan_tf_stores/*/store.json"))


def test_file_that_is_no_gzip_is_named(tmp_path: Path) -> None:
    write_set(tmp_path, ".gz")
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.decompress(path.read_bytes()))
    expect_refusal(tmp_path, path, "gzip")


def test_wrong_magic_is_named(tmp_path: Path) -> None:
    write_set(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes((tmp_path / "train-labels-idx1-ubyte").read_bytes() + bytes(16))
    expect_refusal(tmp_path, path, "expected the magic bytes 00000803", "found 00000801")


def test_empty_file_is_named(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(b"")
    expect_refusal(tmp_path, tmp_path / "train-labels-idx1-ubyte", "expected a header of 8 bytes")


def test_counts_that_differ_are_told(tmp_path: Path) -> None:
    write_set(tmp_path)
    path = write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(9))
    expect_refusal(tmp_path, path, "9 labels", "10 images")


def test_folders_without_the_files_are_refused(tmp_path: Path) -> None:
    expect_refusal(tmp_path, tmp_path, "train-images-idx3-ubyte")
    expect_refusal(tmp_path / "absent", tmp_path / "absent", "not a folder")


def test_labels_of_one_split_only_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    expect_refusal(tmp_path, tmp_path, "labels")


def test_images_of_two_sizes_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path)
    write_idx(tmp_path / "t10k-images-idx3-ubyte", np.zeros((4, 5, 5)))
    expect_refusal(tmp_path, tmp_path, "sizes")
