"""`--dataset=npy:FILE`: one NumPy array of pictures or points, in an .npz with labels if any."""

import functools
import math
import pathlib
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from wgan_tf.data.sources.source import ChunkBuilder, Source, files_fingerprint
from wgan_tf.errors import UserError

_CHUNK_BYTES = 8 << 20
_MOST_CLASSES = 100_000


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
            arrays = dict(found)
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"--dataset=npy:{path} is no whole NumPy file of numbers ({error}); write it with "
            "numpy.save."
        ) from error
    labels = arrays.pop("labels", None)
    if len(arrays) != 1:
        raise UserError(
            f"--dataset=npy:{path} is an archive of {', '.join(arrays) or 'no examples'}; save one "
            "array of examples with numpy.savez, and their classes as labels."
        )
    (examples,) = arrays.values()
    if labels is not None:
        _check_labels(path, labels, examples)
    return _Arrays(examples, labels)


def _check_labels(path: pathlib.Path, labels: np.ndarray, examples: np.ndarray) -> None:
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
        f"--dataset=npy:{path} holds {array.dtype} of shape {array.shape}; save pictures as uint8 "
        "of shape N x H x W, N x H x W x 1, N x H x W x 3 or N x D with D a square, or points as "
        "float32 or float64 of shape N x D."
    )


class NpyBuilder(ChunkBuilder):
    """An array's examples: uint8 images [H, W, C] or float32 points [D], one split `train`."""

    VERSION = tfds.core.Version("1.1.0")

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._array, self._labels = _load(path)
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

    def read(self, split_name: str, start: int, stop: int) -> Iterator[dict[str, np.ndarray]]:
        """See the base class."""
        del split_name
        rows = max(1, _CHUNK_BYTES // self._array[0].nbytes)
        for first in range(start, stop, rows):
            chunk = np.asarray(self._array[first : min(first + rows, stop)])
            labels = {}
            if self._labels is not None:
                labels["label"] = self._labels[first : first + len(chunk)].astype(np.int64)
            if chunk.dtype == np.uint8:
                yield {"image": chunk.reshape(-1, *self._example_shape), **labels}
                continue
            finite = np.isfinite(chunk).all(axis=1)
            if not finite.all():
                raise UserError(
                    f"--dataset=npy:{self._path} holds NaN or infinity in row "
                    f"{first + int(np.argmin(finite))}; save finite numbers only."
                )
            yield {"point": chunk.astype(np.float32), **labels}


def npy_source(argument: str) -> Source:
    """The source of `--dataset=npy:FILE`.

    Raises:
        UserError: The file is missing.
    """
    path = pathlib.Path(argument).expanduser().resolve()
    if not path.is_file():
        raise UserError(f"--dataset=npy:{path} is not a file; give one that numpy.save wrote.")
    identity = f"npy:{path}/{NpyBuilder.VERSION}/{files_fingerprint([path], path.parent)}"
    return Source(f"npy_{path.stem}", identity, functools.partial(NpyBuilder, path))
