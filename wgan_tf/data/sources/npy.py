"""`--dataset=npy:FILE`: one NumPy array of pictures or points."""

import functools
import math
import pathlib
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from wgan_tf.data.sources.source import ChunkBuilder, Source, files_fingerprint
from wgan_tf.errors import UserError

_CHUNK_BYTES = 8 << 20


def _map_array(path: pathlib.Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise UserError(
            f"--dataset=npy:{path} is no whole NumPy file of numbers ({error}); write it with "
            "numpy.save."
        ) from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise UserError(f"--dataset=npy:{path} is an archive; write its one array with numpy.save.")
    return array


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

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._array = _map_array(path)
        self._example_shape = _example_shape(path, self._array)
        if self._array.dtype == np.uint8:
            features = {"image": tfds.features.Image(shape=self._example_shape)}
        else:
            features = {"point": tfds.features.Tensor(shape=self._example_shape, dtype=np.float32)}
        super().__init__(
            location=path, features=features, split_sizes={"train": self._array.shape[0]}
        )

    def read(self, split_name: str, start: int, stop: int) -> Iterator[dict[str, np.ndarray]]:
        """See the base class."""
        del split_name
        rows = max(1, _CHUNK_BYTES // self._array[0].nbytes)
        for first in range(start, stop, rows):
            chunk = np.asarray(self._array[first : min(first + rows, stop)])
            if chunk.dtype == np.uint8:
                yield {"image": chunk.reshape(-1, *self._example_shape)}
                continue
            finite = np.isfinite(chunk).all(axis=1)
            if not finite.all():
                raise UserError(
                    f"--dataset=npy:{self._path} holds NaN or infinity in row "
                    f"{first + int(np.argmin(finite))}; save finite numbers only."
                )
            yield {"point": chunk.astype(np.float32)}


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
