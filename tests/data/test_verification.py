"""A store that something happened to."""

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.data.helpers import open_all, write_idx
from wgan_tf.data import verification
from wgan_tf.data.metadata import read_metadata
from wgan_tf.data.npy_writer import BLOCK_BYTES, NpyWriter

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 6)).astype(np.uint8)


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    write_idx(tmp_path / "train-images-idx3-ubyte", IMAGES)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.arange(40) % 4)
    return f"idx:{tmp_path}"


def flip_bit(file: Path, offset: int) -> None:
    content = bytearray(file.read_bytes())
    content[offset] ^= 4
    file.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a bit of a label": lambda folder: flip_bit(folder / "labels.npy", -2),
    "a bit of an example": lambda folder: flip_bit(folder / "examples.npy", -50),
    "a bit of a header": lambda folder: flip_bit(folder / "examples.npy", 30),
    "cut short": lambda folder: os.truncate(folder / "examples.npy", 500),
    "longer": lambda folder: os.truncate(folder / "labels.npy", 5000),
    "empty": lambda folder: (folder / "examples.npy").write_bytes(b""),
    "missing": lambda folder: (folder / "labels.npy").unlink(),
    "another array": lambda folder: np.save(folder / "examples.npy", np.zeros((2, 2), np.float32)),
    "half its metadata": lambda folder: (folder / "store.json").write_text('{"dataset"'),
    "other metadata": lambda folder: (folder / "store.json").write_text('["dataset"]'),
    "metadata of zeros": lambda folder: (folder / "store.json").write_bytes(bytes(400)),
    "a file that it does not know": lambda folder: (folder / "store.json").write_text(
        (folder / "store.json").read_text().replace('"examples.npy"', '"exemples.npy"')
    ),
    "no metadata": lambda folder: (folder / "store.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_store_is_made_again_and_told_in_a_line(
    tmp_path: Path, dataset: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = open_all(dataset, tmp_path)
    digest, folder = first.info.digest, Path(first.examples.filename).parent
    capsys.readouterr()
    DAMAGES[damage](folder)
    again = open_all(dataset, tmp_path)
    assert again.info.digest == digest
    np.testing.assert_array_equal(again.examples[..., 0], IMAGES)
    np.testing.assert_array_equal(again.labels, np.arange(40) % 4)
    lines = capsys.readouterr().err.splitlines()
    told = [line for line in lines if "are damaged (" in line and "are made again" in line]
    assert len(told) == (damage != "no metadata")
    open_all(dataset, tmp_path)
    assert capsys.readouterr().err == ""


def test_large_files_are_looked_at_in_parts_and_read_whole_when_asked(
    tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wgan_tf.data.npy_writer.BLOCK_BYTES", 100)
    monkeypatch.setattr(verification, "BLOCK_BYTES", 100)
    monkeypatch.setattr(verification, "_BLOCKS_LOOKED_AT", 3)
    store = open_all(dataset, tmp_path)
    folder = Path(store.examples.filename).parent
    metadata = read_metadata(folder)
    assert metadata is not None
    assert len(metadata.checksums["examples.npy"]) == 15
    for block in (0, 7, 14, 3):
        flip_bit(folder / "examples.npy", 128 + 100 * block)
        told = f"block {block} of examples.npy has changed"
        seen = block != 3
        assert verification.find_damage(folder, metadata) == (told if seen else None)
        assert verification.find_damage(folder, metadata, whole=True) == told
        flip_bit(folder / "examples.npy", 128 + 100 * block)
    assert verification.find_damage(folder, metadata, whole=True) is None


def test_checksums_do_not_depend_on_how_rows_come(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (5, BLOCK_BYTES // 2)).astype(np.uint8)
    found = []
    for cuts in ([], [1, 2, 3, 4], [3]):
        with NpyWriter(tmp_path / "a.npy", np.dtype(np.uint8), rows.shape[1:]) as writer:
            for part in np.split(rows, cuts):
                writer.append(part)
        found.append(writer.checksums)
    data = rows.tobytes()
    expected = [zlib.crc32(data[n : n + BLOCK_BYTES]) for n in range(0, len(data), BLOCK_BYTES)]
    assert found == [expected] * 3


def test_metadata_hold_what_they_are_checked_by(tmp_path: Path, dataset: str) -> None:
    folder = Path(open_all(dataset, tmp_path).examples.filename).parent
    fields = json.loads((folder / "store.json").read_text())
    assert fields["checksums"]["examples.npy"] == [zlib.crc32(IMAGES.tobytes())]
