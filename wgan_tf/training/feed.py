"""Where a trainer's batches come from: the memory of its devices, or the disk."""

from collections.abc import Mapping
from typing import Any, Protocol

import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.data.batches import Batch, BatchSource, rows_of, streamed_batches
from wgan_tf.data.store import Store
from wgan_tf.training.distributed.strategy import worker_devices
from wgan_tf.training.hardware import device_kind

_MEBIBYTE = 2**20
# TensorFlow's operations on GPUs pick rows of such integers, but not of bytes.
_WORD = tf.int64


class Feed(Protocol):
    """Gives batches by number to a loop that is compiled."""

    def source(self, first_batch: int, end: int) -> Any:
        """What `take` takes batches `first_batch` to `end` - 1 from, one after the other."""

    def take(self, source: Any, number: tf.Tensor) -> Batch:
        """A batch, of which each replica has its slice; in the loop, outside of replicas.

        Args:
            source: as `source` gave it.
            number: of the batch, int64.
        """


def build_feed(config: Config, store: Store, strategy: tf.distribute.Strategy) -> Feed:
    """Batches out of the devices' memory if they fit in there, else read ahead from the disk.

    Either way they are the same ones.

    Args:
        config: the run's configuration.
        store: the examples to train on.
        strategy: whose replicas take the batches.

    Raises:
        UserError: the batch does not divide by the replicas.
    """
    batches = BatchSource(
        store,
        global_batch_size=config.batch_size,
        seed=config.seed,
        num_slices=strategy.num_replicas_in_sync,
    )
    fits = batches.is_drawn or store.examples.nbytes <= config.device_data_limit * _MEBIBYTE
    # A TPU runs compiled programs alone, and is fed from outside.
    is_resident = fits and device_kind(strategy) != "TPU"
    return (_ResidentFeed if is_resident else _StreamedFeed)(batches, strategy)


class _ResidentFeed:
    """Picks a batch out of the data on each device, or draws it there."""

    def __init__(self, batches: BatchSource, strategy: tf.distribute.Strategy) -> None:
        self._batches = batches
        self._strategy = strategy
        self._is_packed = bool(batches.data) and device_kind(strategy) != "CPU"
        self._data = strategy.experimental_distribute_values_from_function(self._on_device)

    def source(self, first_batch: int, end: int) -> Any:
        """See `Feed`."""
        del first_batch, end
        return self._data

    def take(self, source: Any, number: tf.Tensor) -> Batch:
        """See `Feed`."""
        batch: Batch = self._strategy.run(self._slice, args=(source, number))
        return batch

    def _on_device(self, context: tf.distribute.experimental.ValueContext) -> dict[str, tf.Tensor]:
        if not self._is_packed:
            return self._batches.data
        devices = worker_devices(self._strategy)
        with tf.device(devices[context.replica_id_in_sync_group % len(devices)]):
            return {name: tf.identity(each) for name, each in packed(self._batches.data).items()}

    @tf.autograph.experimental.do_not_convert
    def _slice(self, data: Mapping[str, tf.Tensor], number: tf.Tensor) -> Batch:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        # What is random is the same on every kind of device if it is drawn on the same.
        with tf.device("CPU:0"):
            if self._batches.is_drawn:
                return self._batches.draw(number, replica)
            indices = self._batches.slice_indices(number, replica)
        rows = rows_of(data, indices)
        return unpacked(rows, self._batches.data["examples"]) if self._is_packed else rows


class _StreamedFeed:
    """Takes what `streamed_batches` has read."""

    def __init__(self, batches: BatchSource, strategy: tf.distribute.Strategy) -> None:
        self._batches = batches
        self._strategy = strategy
        self._iterator: Any = None
        self._next: int | None = None

    def source(self, first_batch: int, end: int) -> Any:
        """See `Feed`."""
        if first_batch != self._next:
            self._iterator = iter(self._distributed(first_batch))
        self._next = end
        return self._iterator

    def take(self, source: Any, number: tf.Tensor) -> Batch:
        """See `Feed`."""
        del number
        batch: Batch = next(source)
        return batch

    def _distributed(self, first_batch: int) -> tf.distribute.DistributedDataset:
        def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
            local = context.num_replicas_in_sync // context.num_input_pipelines
            first = context.input_pipeline_id * local
            return streamed_batches(
                self._batches, first_batch=first_batch, slices=range(first, first + local)
            )

        return self._strategy.distribute_datasets_from_function(of_worker)


def packed(data: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Data whose rows can be picked on any device: bytes as words, with zeros after the last.

    Args:
        data: as `mapped_arrays` gives it.
    """
    examples = data["examples"]
    if examples.dtype == tf.uint8:
        rows = tf.reshape(examples, [len(examples), -1])
        missing = -rows.shape[1] % _WORD.size
        if missing:
            rows = tf.pad(rows, [[0, 0], [0, missing]])
        words = tf.reshape(rows, [len(examples), -1, _WORD.size])
        examples = tf.bitcast(words, _WORD)
    integers = {name: tf.cast(data[name], _WORD) for name in data if name != "examples"}
    return {**integers, "examples": examples}


def unpacked(batch: Batch, like: tf.Tensor) -> Batch:
    """Rows of data that were packed, as they were before.

    Args:
        batch: rows of what `packed` gives.
        like: examples of the shape and dtype of those before.
    """
    examples = batch["examples"]
    if like.dtype == tf.uint8:
        rows = tf.reshape(tf.bitcast(examples, like.dtype), [len(examples), -1])
        example_shape = like.shape[1:]
        examples = tf.reshape(rows[:, : example_shape.num_elements()], [-1, *example_shape])
    integers = {name: tf.cast(batch[name], tf.int32) for name in batch if name != "examples"}
    return {**integers, "examples": examples}
