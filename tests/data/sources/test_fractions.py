"""Parts of folders, of IDX files and of arrays, whose examples lie sorted by class."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.helpers import open_all, write_idx

# Sorted by class, as folders are: 40 of class 0, 20 of class 1, 12 of class 2.
LABELS = np.repeat([0, 1, 2], [40, 20, 12])
IMAGES = np.random.default_rng(0).integers(0, 256, (72, 4, 4)).astype(np.uint8)


def write_folder(root: Path) -> str:
    for number, (pixels, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        file = root / "images" / str(label) / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    return f"folder:{root / 'images'}"


def write_idx_set(root: Path) -> str:
    write_idx(root / "train-images-idx3-ubyte.gz", IMAGES)
    write_idx(root / "train-labels-idx1-ubyte", LABELS)
    return f"idx:{root}"


def write_archive(root: Path) -> str:
    np.savez(root / "a.npz", images=IMAGES, labels=LABELS)
    return f"npy:{root / 'a.npz'}"


@pytest.mark.parametrize("write", [write_folder, write_idx_set, write_archive])
def test_parts_hold_every_class_in_its_share(tmp_path: Path, write: object) -> None:
    dataset = write(tmp_path)
    half = open_all(dataset, tmp_path, split="train[:50%]")
    rest = open_all(dataset, tmp_path, split="train[50%:]")
    for part in (half, rest):
        assert (np.abs(np.bincount(part.labels) - [20, 10, 6]) <= 1).all()
        # Each label is still its image's.
        for image, label in zip(part.examples[..., 0], part.labels, strict=True):
            (row,) = np.flatnonzero((image == IMAGES).all(axis=(1, 2)))
            assert LABELS[row] == label
    together = np.concatenate([half.examples, rest.examples])[..., 0]
    assert {image.tobytes() for image in together} == {image.tobytes() for image in IMAGES}
    # Within a class they are not the first ones.
    first = IMAGES[LABELS == 0][:20]
    assert not {image.tobytes() for image in first} <= {x.tobytes() for x in half.examples}


def test_parts_are_the_same_of_every_kind_of_source(tmp_path: Path) -> None:
    digests = {
        open_all(write(tmp_path), tmp_path, split="train[10:30]+train[-7:]").info.digest
        for write in (write_folder, write_idx_set, write_archive)
    }
    assert len(digests) == 1


def test_a_whole_split_keeps_the_order_of_its_source(tmp_path: Path) -> None:
    for write in (write_folder, write_idx_set, write_archive):
        store = open_all(write(tmp_path), tmp_path, split="train[:100%]")
        np.testing.assert_array_equal(store.examples[..., 0], IMAGES)
        np.testing.assert_array_equal(store.labels, LABELS)


def test_parts_of_what_is_shuffled_already_are_taken_as_they_lie(tmp_path: Path) -> None:
    whole = open_all("digits", tmp_path)
    part = open_all("digits", tmp_path, split="train[100:130]")
    np.testing.assert_array_equal(part.examples, whole.examples[100:130])
