"""`--dataset=idx:DIR`: MNIST's original files, gzipped or not."""

import contextlib
import dataclasses
import functools
import gzip
import io
import math
import pathlib
import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from wgan_tf.data.sources.source import ChunkBuilder, SeeImage, Source, files_fingerprint
from wgan_tf.data.stratification import stratified_order
from wgan_tf.errors import UserError
from wgan_tf.paths import expand_user

_FILE_NAME = re.compile(r"(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")
_SPLITS = {"train": "train", "t10k": "test"}
_MAGIC = {"images": 0x00000803, "labels": 0x00000801}
_NUM_DIMENSIONS = {"images": 3, "labels": 1}
_CHUNK = 1024


@dataclasses.dataclass(frozen=True)
class IdxFile:
    """An IDX file of bytes whose length has been checked.

    Attributes:
        path: the file.
        shape: the sizes that its header gives.
        header_bytes: where the first value lies in the (unpacked) file.
    """

    path: pathlib.Path
    shape: tuple[int, ...]
    header_bytes: int


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Iterator[io.BufferedIOBase]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path} is no whole gzip file ({error}); fetch it again.") from error


def _unpacked_bytes(path: pathlib.Path, expected: int) -> int:
    if path.suffix != ".gz":
        return path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4))
        stated = int.from_bytes(stream.read(4), "little")
    # A gzip file ends with its unpacked length, but only modulo 2**32 and of its last member.
    if stated == expected % 2**32:
        return expected
    count = 0
    with contextlib.suppress(EOFError, zlib.error), gzip.open(path, "rb") as stream:
        while count <= expected and (block := stream.read(1 << 20)):
            count += len(block)
    return count


def read_idx_header(path: pathlib.Path, kind: str) -> IdxFile:
    """Reads and checks the header of an IDX file.

    Args:
        path: the file; gzipped if its name ends in `.gz`.
        kind: `images` (three dimensions) or `labels` (one).

    Raises:
        UserError: the magic number is wrong, there are no entries, or the length is not the one
            that the header tells.
    """
    header_bytes = 4 + 4 * _NUM_DIMENSIONS[kind]
    with _opened(path) as stream:
        header = stream.read(header_bytes)
    if len(header) < header_bytes:
        raise UserError(
            f"{path} is cut short: expected a header of {header_bytes} bytes, found "
            f"{len(header)}; fetch it again."
        )
    magic, *shape = struct.unpack(f">{header_bytes // 4}I", header)
    if magic != _MAGIC[kind]:
        raise UserError(
            f"{path} is no IDX file of {kind}: expected the magic bytes {_MAGIC[kind]:08x}, found "
            f"{magic:08x}; put MNIST's original file there."
        )
    if not all(shape):
        raise UserError(
            f"{path} holds nothing, its header tells the shape {tuple(shape)}; fetch it again."
        )
    expected = header_bytes + math.prod(shape)
    found = _unpacked_bytes(path, expected)
    if found != expected:
        raise UserError(
            f"{path} has the wrong length: expected {expected} bytes for the shape "
            f"{tuple(shape)} in its header, found {found}; fetch it again."
        )
    return IdxFile(path, tuple(shape), header_bytes)


def read_idx(file: IdxFile, start: int, stop: int) -> Iterator[np.ndarray]:
    """Yields uint8 entries `start` to `stop` of the first dimension in chunks of `_CHUNK`.

    Raises:
        UserError: the file ends before `stop`.
    """
    entry_bytes = math.prod(file.shape[1:])
    with _opened(file.path) as stream:
        stream.seek(file.header_bytes + start * entry_bytes)
        for first in range(start, stop, _CHUNK):
            count = min(_CHUNK, stop - first)
            data = stream.read(count * entry_bytes)
            if len(data) < count * entry_bytes:
                raise UserError(f"{file.path} ends too early; fetch it again.")
            yield np.frombuffer(data, np.uint8).reshape(count, *file.shape[1:])
        # gzip compares its checksum only when it meets the end.
        stream.read(1)


@dataclasses.dataclass(frozen=True)
class IdxSplit:
    """The files of one split; `labels` is None for unlabelled images."""

    images: IdxFile
    labels: IdxFile | None


class IdxBuilder(ChunkBuilder):
    """MNIST-like files: uint8 images [H, W, 1], labels if given, splits `train` and `test`."""

    VERSION = tfds.core.Version("2.0.0")

    def __init__(self, folder: pathlib.Path) -> None:
        self._files = _read_splits(folder)
        height, width = next(iter(self._files.values())).images.shape[1:]
        features: dict[str, tfds.features.FeatureConnector] = {
            "image": tfds.features.Image(shape=(height, width, 1))
        }
        labels = [split.labels for split in self._files.values() if split.labels]
        if labels:
            chunks = (chunk for file in labels for chunk in read_idx(file, 0, file.shape[0]))
            highest = max((int(chunk.max()) for chunk in chunks), default=0)
            features["label"] = tfds.features.ClassLabel(num_classes=highest + 1)
        super().__init__(
            location=folder,
            features=features,
            split_sizes={name: split.images.shape[0] for name, split in self._files.items()},
        )

    def order(self, split_name: str) -> np.ndarray:
        """See the base class; some of these files are sorted by class."""
        num_images = self._files[split_name].images.shape[0]
        return stratified_order(num_images, self.labels(split_name))

    def labels(self, split_name: str) -> np.ndarray | None:
        """See the base class."""
        file = self._files[split_name].labels
        if file is None:
            return None
        return np.concatenate(list(read_idx(file, 0, file.shape[0]))).astype(np.int64)

    def try_examples(self, split: str, most: int, see: SeeImage) -> tuple[int, int]:
        """See the base class; what cannot be read is an error here."""
        return self.read_some(split, most, see), 0

    def read(self, split_name: str, rows: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
        """See the base class."""
        labels = self.labels(split_name)
        first, stop = int(rows[0]), int(rows[-1]) + 1
        # A gzip file can only be read from its beginning on.
        for image in read_idx(self._files[split_name].images, first, stop):
            last = first + len(image)
            chosen = rows[np.searchsorted(rows, first) : np.searchsorted(rows, last)]
            chunk = {"image": image[chosen - first, ..., np.newaxis]}
            yield chunk if labels is None else {**chunk, "label": labels[chosen]}
            first = last


def _list_files(folder: pathlib.Path) -> dict[tuple[str, str], pathlib.Path]:
    if not folder.is_dir():
        raise UserError(f"--dataset=idx:{folder} is not a folder; give the one with MNIST's files.")
    files: dict[tuple[str, str], pathlib.Path] = {}
    for path in sorted(folder.iterdir()):
        match = _FILE_NAME.fullmatch(path.name)
        # To open a pipe would wait for whoever writes into it.
        if match and path.is_file():
            # Sorted, the unpacked file comes before the gzipped one and is preferred.
            files.setdefault((match[1], match[2]), path)
    if not any(kind == "images" for _, kind in files):
        raise UserError(
            f"--dataset=idx:{folder} holds no train-images-idx3-ubyte or t10k-images-idx3-ubyte "
            "(.gz or not); put MNIST's files there under their original names."
        )
    return files


def _read_splits(folder: pathlib.Path) -> dict[str, IdxSplit]:
    files = _list_files(folder)
    splits: dict[str, IdxSplit] = {}
    for prefix, name in _SPLITS.items():
        if (prefix, "images") not in files:
            continue
        images = read_idx_header(files[prefix, "images"], "images")
        labels = None
        if (prefix, "labels") in files:
            labels = read_idx_header(files[prefix, "labels"], "labels")
            if labels.shape[0] != images.shape[0]:
                raise UserError(
                    f"{labels.path} has {labels.shape[0]} labels but {images.path} has "
                    f"{images.shape[0]} images; put two files there that belong together."
                )
        splits[name] = IdxSplit(images, labels)
    if len({split.images.shape[1:] for split in splits.values()}) > 1:
        raise UserError(
            f"--dataset=idx:{folder} holds train and t10k images of different sizes; put files of "
            "one data set there or move one of the two elsewhere."
        )
    if len({split.labels is None for split in splits.values()}) > 1:
        raise UserError(
            f"--dataset=idx:{folder} holds the labels of only one of train and t10k; add the "
            "missing labels file or move the images without labels elsewhere."
        )
    return splits


def idx_source(argument: str) -> Source:
    """The source of `--dataset=idx:DIR`.

    Raises:
        UserError: the folder is missing or holds no such files.
    """
    folder = expand_user(argument, "--dataset=idx:").resolve()
    fingerprint = files_fingerprint(list(_list_files(folder).values()), folder)
    identity = f"idx:{folder}/{IdxBuilder.VERSION}/{fingerprint}"
    return Source(f"idx_{folder.name}", identity, functools.partial(IdxBuilder, folder))
