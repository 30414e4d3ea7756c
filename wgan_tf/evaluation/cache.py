"""Arrays that are costly to compute, kept in files under the digest of what they follow from."""

import hashlib
import io
import json
import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from wgan_tf.data.store import Store
from wgan_tf.files import StrPath, join, write_atomically
from wgan_tf.paths import expand_user


def cache_folder(data_dir: StrPath) -> str:
    """Where the caches of the data sets in `data_dir` lie, beside their stores."""
    return join(expand_user(os.fspath(data_dir), "--data_dir="), "wgan_tf_evaluation")


def digest_of(*parts: object) -> str:
    """16 hexadecimal digits that follow from `parts`, which JSON must be able to hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def examples_digest(store: Store) -> str:
    """16 hexadecimal digits that follow from the examples and labels that `store` reads."""
    selection = b"" if store.selection is None else store.selection.tobytes()
    return digest_of(store.info.digest, store.example_shape, hashlib.sha256(selection).hexdigest())


def arrays_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """16 hexadecimal digits that follow from names, shapes, dtypes and values."""
    described = [
        [name, array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).hexdigest()]
        for name, array in sorted(arrays.items())
    ]
    return digest_of(described)


def write_arrays(path: StrPath, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays to an .npz file, in whole or not at all."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def read_arrays(path: StrPath) -> dict[str, np.ndarray] | None:
    """Reads what `write_arrays` wrote, or returns None if it is missing or damaged."""
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            data = file.read()
    except tf.errors.NotFoundError:
        return None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return dict(archive)
    except Exception:  # zipfile and numpy have a dozen errors for damaged files.
        return None
