"""`--dataset=npy:FILE`: one NumPy array of images or points, in an .npz with labels if any."""

import functools
import math
import os
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from wgan_tf.data.sources.source import ChunkBuilder, SeeImage, Source, files_fingerprint
from wgan_tf.data.stratification import stratified_order
from wgan_tf.errors import UserError, reason
from wgan_tf.paths import expand_user

_CHUNK_BYTES = 8 << 20
_MOST_CLASSES = 100_000
# Sums of many squares of points have to fit in float32.
_LARGEST_NUMBER = 1e12
_ROWS_IN_ERRORS = 1000


class _Arrays(NamedTuple):
    """What a file holds: examples [N, ...], and the number of each one's class, [N], if any."""

    examples: np.ndarray
    labels: np.ndarray | None


def _load(path: pathlib.Path) -> _Arrays:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(found, np.ndarray):
            return _Arrays(found, None)
        with found:
            unpacked = sum(member.file_size for member in found.zip.infolist())
            if unpacked > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
                raise UserError(
                    f"--dataset=npy:{path} unpacks to {unpacked / 1e9:.1f} GB, more than there is "
                    "memory; write its array with numpy.save, from which it is read in parts."
                )
            # NumPy gives the bytes of members that are no arrays.
            arrays = {name: np.asarray(found[name]) for name in found.files}
    except (UserError, OSError):
        raise
    except Exception as error:  # zipfile and NumPy have a dozen errors for damaged files.
        raise UserError(
            f"--dataset=npy:{path} is no whole NumPy file of numbers ({reason(error)}); write it "
            "with numpy.save."
        ) from error
    labels = arrays.pop("labels", None)
    if len(arrays) != 1:
        raise UserError(
            f"--dataset=npy:{path} is an archive of {', '.join(arrays) or 'no examples'}; save one "
            "array of examples with numpy.savez, and their classes as labels."
        )
    (examples,) = arrays.values()
    if labels is not None:
        labels = _checked_labels(path, labels, examples)
    return _Arrays(examples, labels)


def _checked_labels(path: pathlib.Path, labels: np.ndarray, examples: np.ndarray) -> np.ndarray:
    if labels.shape == (*examples.shape[:1], 1):
        labels = labels[:, 0]
    is_whole = np.issubdtype(labels.dtype, np.integer)
    if not is_whole or labels.shape != examples.shape[:1] or not labels.size:
        raise UserError(
            f"--dataset=npy:{path} has labels of {labels.dtype} and shape {labels.shape} beside "
            f"examples of shape {examples.shape}; give a whole number for each example."
        )
    if labels.min() < 0 or labels.max() >= _MOST_CLASSES:
        raise UserError(
            f"--dataset=npy:{path} has labels from {labels.min()} to {labels.max()}; number the "
            f"classes from 0, up to {_MOST_CLASSES - 1}."
        )
    return labels


def _channels_last(array: np.ndarray) -> np.ndarray:
    """Images N x C x H x W as N x H x W x C, where the shape leaves no doubt that they are."""
    is_first = array.ndim == 4 and array.shape[1] in (1, 3) and array.shape[3] not in (1, 3)
    return np.moveaxis(array, 1, -1) if is_first else array


def _example_shape(path: pathlib.Path, array: np.ndarray) -> tuple[int, ...]:
    if array.size:
        if array.dtype == np.uint8:
            if array.ndim == 3:
                return (*array.shape[1:], 1)
            if array.ndim == 4 and array.shape[3] in (1, 3):
                return array.shape[1:]
            if array.ndim == 2 and math.isqrt(array.shape[1]) ** 2 == array.shape[1]:
                side = math.isqrt(array.shape[1])
                return (side, side, 1)
        if array.dtype.kind == "f" and array.dtype.itemsize in (4, 8) and array.ndim == 2:
            return array.shape[1:]
    raise UserError(
        f"--dataset=npy:{path} holds {array.dtype} of shape {array.shape}; save images as uint8 "
        "of shape N x H x W, N x H x W x 1, N x H x W x 3 (or channels first) or N x D with D a "
        f"square, or points as float32 or float64 of shape N x D{_as_uint8(array)}."
    )


def _as_uint8(array: np.ndarray) -> str:
    """How images that are no bytes become bytes, where their values tell."""
    if array.ndim not in (3, 4) or not array.size or array.dtype.kind not in "bfiu":
        return ""
    some = array[:_ROWS_IN_ERRORS].astype(np.float64)
    low, high = float(some.min()), float(some.max())
    if low >= 0 and high <= 1:
        how = "np.round(255 * x).astype(np.uint8)"
    elif low >= -1 and high <= 1:
        how = "np.round(127.5 * (x + 1)).astype(np.uint8)"
    elif low >= 0 and high <= 255:
        how = "np.round(x).astype(np.uint8)"
    else:
        return ""
    return f"; its first values lie in [{low:g}, {high:g}], which {how} makes bytes of"


class NpyBuilder(ChunkBuilder):
    """An array's examples: uint8 images [H, W, C] or float32 points [D], one split `train`."""

    VERSION = tfds.core.Version("2.0.0")

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        array, self._labels = _load(path)
        self._array = _channels_last(array)
        self._example_shape = _example_shape(path, self._array)
        if self._array.dtype == np.uint8:
            features = {"image": tfds.features.Image(shape=self._example_shape)}
        else:
            features = {"point": tfds.features.Tensor(shape=self._example_shape, dtype=np.float32)}
        if self._labels is not None:
            num_classes = int(self._labels.max()) + 1
            features["label"] = tfds.features.ClassLabel(num_classes=num_classes)
        super().__init__(
            location=path, features=features, split_sizes={"train": self._array.shape[0]}
        )

    def order(self, split_name: str) -> np.ndarray:
        """See the base class; arrays are often sorted by class."""
        return stratified_order(len(self._array), self.labels(split_name))

    def labels(self, split_name: str) -> np.ndarray | None:
        """See the base class."""
        return None if self._labels is None else self._labels.astype(np.int64)

    def try_examples(self, split: str, most: int, see: SeeImage) -> tuple[int, int]:
        """See the base class; what cannot be read is an error here."""
        return self.read_some(split, most, see), 0

    def read(self, split_name: str, rows: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
        """See the base class."""
        labels = self.labels(split_name)
        at_once = max(1, _CHUNK_BYTES // self._array[0].nbytes)
        for start in range(0, len(rows), at_once):
            chosen = rows[start : start + at_once]
            chunk = np.asarray(self._array[chosen])
            key = "point"
            if chunk.dtype == np.uint8:
                key, chunk = "image", chunk.reshape(-1, *self._example_shape)
            else:
                chunk = self._checked_points(chosen, chunk).astype(np.float32)
            yield {key: chunk} if labels is None else {key: chunk, "label": labels[chosen]}

    def _checked_points(self, rows: np.ndarray, points: np.ndarray) -> np.ndarray:
        fits = (np.abs(points) <= _LARGEST_NUMBER).all(axis=1)
        if not fits.all():
            raise UserError(
                f"--dataset=npy:{self._path} holds NaN, infinity or a number beyond "
                f"{_LARGEST_NUMBER:g} in row {rows[np.argmin(fits)]}; save finite numbers, best of "
                "a size about one."
            )
        return points


def npy_source(argument: str) -> Source:
    """The source of `--dataset=npy:FILE`.

    Raises:
        UserError: the file is missing.
    """
    path = expand_user(argument, "--dataset=npy:").resolve()
    if not path.is_file():
        raise UserError(f"--dataset=npy:{path} is not a file; give one that numpy.save wrote.")
    identity = f"npy:{path}/{NpyBuilder.VERSION}/{files_fingerprint([path], path.parent)}"
    return Source(f"npy_{path.stem}", identity, functools.partial(NpyBuilder, path))
