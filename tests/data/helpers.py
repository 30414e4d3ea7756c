import contextlib
import gzip
import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.data import store
from wgan_tf.data.batches import BatchSource, streamed_batches
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.store import Store, open_store
from wgan_tf.errors import UserError


@contextlib.contextmanager
def told(*parts: object) -> Iterator[pytest.ExceptionInfo[UserError]]:
    """Expects a UserError of one sentence with its remedy after a semicolon, and every part."""
    with pytest.raises(UserError) as raised:
        yield raised
    message = str(raised.value)
    assert "\n" not in message
    assert re.fullmatch(r".+; .+\.", message)
    for part in parts:
        assert str(part) in message


def open_all(dataset: str, data_dir: Path, **changes: Any) -> Store:
    split = changes.pop("split", "train")
    return open_store(Config(dataset=dataset, data_dir=str(data_dir), **changes), split)


def describe(dataset: str, *, split: str, **options: Any) -> DatasetInfo:
    return store.describe(Config(dataset=dataset, **options), split)


def write_idx(path: Path, array: np.ndarray) -> Path:
    header = struct.pack(f">{array.ndim + 1}I", 0x800 + array.ndim, *array.shape)
    content = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def replica_batches(
    store: Store,
    *,
    global_batch_size: int,
    seed: int,
    first_batch: int,
    slices: Sequence[int],
    num_slices: int,
) -> tf.data.Dataset:
    """Batches of some slices, one after another."""
    source = BatchSource(
        store, global_batch_size=global_batch_size, seed=seed, num_slices=num_slices
    )
    return streamed_batches(source, first_batch=first_batch, slices=slices)
