"""Batches addressed by number: batch t is known without having read batch t - 1."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from wgan_tf.data.store import Store
from wgan_tf.errors import UserError

# tf.random.experimental.index_shuffle fixes 4 rounds, whose permutations for neighbouring epochs
# correlate (0.9 for 60,000 examples, 1.0 for 65,536); from 12 on they look independent.
_CIPHER_ROUNDS = 24
_LOW_BITS = (1 << 32) - 1


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


def replica_batches(
    store: Store,
    *,
    global_batch_size: int,
    seed: int,
    first_batch: int,
    slices: Sequence[int],
    num_slices: int,
) -> tf.data.Dataset:
    """The endless batches of some replicas, one replica's slice an element.

    Element k is slice `slices[k % len(slices)]` of global batch `first_batch + k // len(slices)`,
    so the order depends on neither the number of slices nor on where training began. A global batch
    has the examples that `batch_indices` names, or those that the store's `draw_batch` draws.

    Args:
        store: where the examples come from.
        global_batch_size: examples in a batch over all slices.
        seed: of the order, see `batch_indices`, or of the draws, for which it is an int64.
        first_batch: number of the first global batch.
        slices: numbers of the contiguous slices that this input feeds, in its replicas' order.
        num_slices: equal slices in a global batch.

    Returns:
        A dataset of `{"examples": [B / num_slices, ...], "labels": int32 [B / num_slices]}`,
        without labels where the store has none.

    Raises:
        UserError: the batch does not divide into the slices.
    """
    slice_size = replica_batch_size(global_batch_size, num_slices)
    slice_starts = tf.constant(np.asarray(slices, np.int64) * slice_size)
    dtypes = {"examples": store.examples.dtype}
    shapes: dict[str, tuple[int, ...]] = {"examples": (slice_size, *store.example_shape)}
    if store.labels is not None:
        dtypes["labels"] = np.dtype(np.int32)
        shapes["labels"] = (slice_size,)

    def read(indices: np.ndarray) -> list[np.ndarray]:
        examples, labels = store.read(indices)
        return [examples] if labels is None else [examples, labels]

    def read_slice(batch: tf.Tensor, start: tf.Tensor) -> dict[str, tf.Tensor]:
        positions = batch * global_batch_size + start + tf.range(slice_size, dtype=tf.int64)
        indices = example_indices(positions, num_examples=store.num_examples, seed=seed)
        values = tf.numpy_function(read, [indices], list(dtypes.values()), stateful=False)
        return dict(zip(dtypes, values, strict=True))

    def draw_slice(batch: tf.Tensor, start: tf.Tensor) -> dict[str, tf.Tensor]:
        assert store.draw_batch is not None
        drawn = store.draw_batch(seed, batch, global_batch_size)
        return {key: values[start : start + slice_size] for key, values in drawn.items()}

    def element(number: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = first_batch + number // len(slices)
        start = slice_starts[number % len(slices)]
        values = (draw_slice if store.draw_batch else read_slice)(batch, start)
        return {key: tf.ensure_shape(value, shapes[key]) for key, value in values.items()}

    return tf.data.Dataset.counter().map(element).prefetch(tf.data.AUTOTUNE)
