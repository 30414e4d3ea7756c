"""Batches addressed by number: batch t is known without having read batch t - 1."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from wgan_tf.data.store import Store
from wgan_tf.errors import UserError

# tf.random.experimental.index_shuffle fixes 4 rounds, whose permutations for neighbouring epochs
# correlate (0.9 for 60,000 examples, 1.0 for 65,536); from 12 on they look independent.
_CIPHER_ROUNDS = 24
_LOW_BITS = (1 << 32) - 1

Batch = Mapping[str, tf.Tensor]


def example_indices(positions: tf.Tensor, *, num_examples: int, seed: int) -> tf.Tensor:
    """The example at each position of the endless order of training.

    Position p belongs to epoch p // num_examples, and each epoch is a permutation of its own.

    Args:
        positions: int64 [n], not negative.
        num_examples: examples in an epoch.
        seed: any integer; its low 64 bits count.

    Returns:
        int64 [n] in [0, num_examples).
    """
    epochs = positions // num_examples
    low = tf.fill(tf.shape(positions), tf.constant(seed & _LOW_BITS, tf.int64))
    high = tf.fill(tf.shape(positions), tf.constant(seed >> 32 & _LOW_BITS, tf.int64))
    return tf.raw_ops.RandomIndexShuffle(
        index=positions % num_examples,
        seed=tf.stack([low, high, epochs], axis=1),
        max_index=tf.constant(num_examples - 1, tf.int64),
        rounds=_CIPHER_ROUNDS,
    )


def batch_indices(num_examples: int, batch_size: int, seed: int, batch_number: int) -> np.ndarray:
    """The examples of one global batch; batches run on over the end of an epoch.

    Args:
        num_examples: examples in an epoch.
        batch_size: the global batch size; it may exceed `num_examples`.
        seed: any integer; its low 64 bits count.
        batch_number: counted from 0.

    Returns:
        int64 [batch_size] in [0, num_examples).
    """
    positions = tf.range(batch_size, dtype=tf.int64) + batch_number * batch_size
    return example_indices(positions, num_examples=num_examples, seed=seed).numpy()


def replica_batch_size(global_batch_size: int, num_replicas: int) -> int:
    """Examples of a global batch that each replica takes, as many as every other.

    Raises:
        UserError: the batch does not divide by the replicas.
    """
    if global_batch_size % num_replicas:
        raise UserError(
            f"--batch_size={global_batch_size} does not divide by the {num_replicas} replicas; "
            f"take a multiple of {num_replicas}, or --strategy=one_device."
        )
    return global_batch_size // num_replicas


class BatchSource:
    """The batches of a store, by number, as TensorFlow's operations; slices of each for replicas.

    A global batch has the examples that `batch_indices` names, or those that the store's
    `draw_batch` draws. Batch t does not depend on the number of slices.

    Attributes:
        data: what is read by row: `examples` [N, ...], and `labels` int32 [N] and `selection` int64
            if the store has them; empty where examples are drawn. Nothing of it is copied: the
            examples stay on the disk and in the system's cache of it.
    """

    def __init__(self, store: Store, *, global_batch_size: int, seed: int, num_slices: int) -> None:
        """Opens nothing that is not open.

        Args:
            store: where the examples come from.
            global_batch_size: examples in a batch over all slices.
            seed: of the order, see `batch_indices`, or of the draws, for which it is an int64.
            num_slices: equal slices in a global batch.

        Raises:
            UserError: the batch does not divide into the slices.
        """
        self.data = {} if store.draw_batch else mapped_arrays(store)
        self._slice_size = replica_batch_size(global_batch_size, num_slices)
        self._batch_size = global_batch_size
        self._num_examples = store.num_examples
        self._example_shape = store.example_shape
        self._draw_batch = store.draw_batch
        self._seed = seed

    def slice_indices(self, number: tf.Tensor, slice_number: tf.Tensor | int) -> tf.Tensor:
        """The examples of a contiguous slice of a global batch, int64 [B / num_slices].

        Args:
            number: of the batch, int64, from 0.
            slice_number: from 0.
        """
        first = number * self._batch_size + tf.cast(slice_number, tf.int64) * self._slice_size
        positions = first + tf.range(self._slice_size, dtype=tf.int64)
        return example_indices(positions, num_examples=self._num_examples, seed=self._seed)

    @property
    def is_drawn(self) -> bool:
        """Whether every batch is drawn anew, and none is read."""
        return self._draw_batch is not None

    def draw(self, number: tf.Tensor, slice_number: tf.Tensor | int) -> Batch:
        """A slice of a batch that is drawn; see `read`."""
        assert self._draw_batch is not None
        drawn = self._draw_batch(self._seed, number, self._batch_size)
        start = slice_number * self._slice_size
        return {
            key: tf.ensure_shape(
                values[start : start + self._slice_size], (self._slice_size, *values.shape[1:])
            )
            for key, values in drawn.items()
        }

    def read(self, number: tf.Tensor, slice_number: tf.Tensor | int) -> Batch:
        """A slice of a batch, from the disk.

        Returns:
            `examples` [B / num_slices, ...], and `labels` int32 [B / num_slices] if there are any.
        """
        if self.is_drawn:
            return self.draw(number, slice_number)
        return rows_of(self.data, self.slice_indices(number, slice_number))


def mapped_arrays(store: Store) -> dict[str, tf.Tensor]:
    """A store's arrays as tensors on the CPU, nothing of which is read or copied."""
    arrays = {"examples": tf.experimental.dlpack.from_dlpack(_exportable(store.examples))}
    if store.labels is not None:
        arrays["labels"] = tf.constant(store.labels, tf.int32)
    if store.selection is not None:
        arrays["selection"] = tf.constant(store.selection, tf.int64)
    return arrays


def rows_of(data: Mapping[str, tf.Tensor], indices: tf.Tensor) -> Batch:
    """The examples of the chosen classes at some numbers, and their labels if there are any.

    Args:
        data: as `mapped_arrays` gives it.
        indices: int64 [n], from 0.
    """
    rows = tf.gather(data["selection"], indices) if "selection" in data else indices
    return {key: tf.gather(data[key], rows) for key in ("examples", "labels") if key in data}


def streamed_batches(
    source: BatchSource, *, first_batch: int, slices: Sequence[int]
) -> tf.data.Dataset:
    """The endless batches of some replicas, one replica's slice an element, read ahead of training.

    Element k is slice `slices[k % len(slices)]` of global batch `first_batch + k // len(slices)`,
    so the order does not depend on where training began.

    Args:
        source: of the batches.
        first_batch: number of the first global batch.
        slices: numbers of the slices that this input feeds, in its replicas' order.

    Returns:
        A dataset of what `BatchSource.read` gives.
    """
    numbers = tf.constant(np.asarray(slices, np.int64))

    def element(number: tf.Tensor) -> Batch:
        return source.read(first_batch + number // len(slices), numbers[number % len(slices)])

    dataset = tf.data.Dataset.counter().map(element, num_parallel_calls=tf.data.AUTOTUNE)
    options = tf.data.Options()
    # They would make a copy of what is mapped.
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(options)


class _Exportable:
    """An array on read-only memory, which DLPack takes only if it is said to be writable.

    TensorFlow does not write to it: tensors are values.
    """

    def __init__(self, array: np.ndarray) -> None:
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}
        self._owner = array


def _exportable(array: np.ndarray) -> Any:
    return np.asarray(_Exportable(array)).__dlpack__()
