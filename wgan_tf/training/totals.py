"""Sums of a step's metrics, and where values are first not finite."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

NEVER = 2**53


class Totals:
    """Sums of values over steps, kept by each replica and added up when taken.

    A sum over steps in their order, so that it is the same however they are divided into calls.
    """

    def __init__(self, names: Sequence[str], watched: Sequence[str] = ()) -> None:
        """Begins at zero; to be called in the strategy's scope.

        Args:
            names: of the values that are summed.
            watched: of values that must be finite as well, but are not summed.
        """
        self.names = tuple(names)
        self._watched = tuple(watched)
        self._sums = _replica_variable(tf.zeros(len(names) + 1))
        count = len(self.names) + len(self._watched)
        self._first = _replica_variable(tf.fill([count], tf.constant(NEVER, tf.float64)))

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names of what is summed, then of what is watched."""
        return (*self.names, *self._watched)

    @property
    def size(self) -> int:
        """Entries of `read`."""
        return len(self.names) + 1

    def add(self, values: Mapping[str, tf.Tensor], step: tf.Tensor) -> None:
        """Adds this replica's summands of the global means at a step; in a replica's context."""
        share = 1.0 / tf.distribute.get_strategy().num_replicas_in_sync
        summed = tf.stack([tf.cast(values[name], tf.float32) for name in self.names])
        self._sums.assign_add(tf.concat([summed, [share]], axis=0))
        watched = [tf.cast(values[name], tf.float32) for name in self._watched]
        is_finite = tf.math.is_finite(tf.concat([summed, watched], axis=0))
        found = tf.where(is_finite, tf.constant(NEVER, tf.float64), tf.cast(step, tf.float64))
        self._first.assign(tf.minimum(self._first.read_value(), found))

    def first_not_finite(self) -> tf.Tensor:
        """That step of each of `all_names`, float64, or `NEVER`; in a replica's context."""
        return self._first.read_value()

    def forget_not_finite(self) -> None:
        """Begins anew to look for the first; in a replica's context."""
        self._first.assign(tf.fill(self._first.shape, tf.constant(NEVER, tf.float64)))

    def read(self) -> np.ndarray:
        """The sums, and last the number of steps that they are of, over all replicas."""
        return self._sums.read_value().numpy()

    def means(self) -> dict[str, float]:
        """Means over the calls of `add` since the last reset; none where there was none."""
        *sums, count = self.read().tolist()
        if not count:
            return {}
        return {name: total / count for name, total in zip(self.names, sums, strict=True)}

    def assign(self, sums: tf.Tensor) -> None:
        """Goes on from what `read` gave."""
        self._sums.assign(sums)

    def reset(self) -> None:
        """Begins new means."""
        self.assign(tf.zeros_like(self._sums))


def _replica_variable(initial: tf.Tensor) -> tf.Variable:
    """One of which each replica has its own, whose sum is read outside of them."""
    return tf.Variable(
        initial,
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.SUM,
    )
