"""Checkpoints of a run."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from wgan_tf.errors import DivergenceError, UserError, reason
from wgan_tf.files import write_atomically
from wgan_tf.log import Log
from wgan_tf.networks.graph import weight_names
from wgan_tf.training.checkpoint_folder import CheckpointFolder
from wgan_tf.training.state import TrainingState


class Checkpoints:
    """Saves and restores a `TrainingState` in a folder."""

    def __init__(
        self,
        state: TrainingState,
        directory: str,
        keep: int,
        *,
        every: int = 1,
        is_writer: bool = True,
    ) -> None:
        """Opens the folder, which need not exist yet.

        Args:
            state: what is saved and restored.
            directory: the folder.
            keep: how many of the newest checkpoints stay.
            every: of which steps those are that stay, beside the newest; 0 for no others.
            is_writer: whether `save` writes; of the workers of a cluster one does, and the
                others, whose state is the same, only look at it.
        """
        self._state = state
        self._keep = keep
        self._every = every
        self._is_writer = is_writer
        self._saved: tuple[int, ...] | None = None
        self._folder = CheckpointFolder(directory)

    @property
    def saved_step(self) -> int | None:
        """The step of the checkpoint that was saved or restored last."""
        return None if self._saved is None else self._saved[0]

    def restore_newest(self, log: Log) -> None:
        """Restores the newest checkpoint that can be read; without any, changes nothing.

        Args:
            log: takes a message for the user about each that cannot.

        Raises:
            UserError: there are checkpoints, but none can be read.
        """
        step = self._folder.restore_newest(self._state.take, log)
        self._saved = None if step is None else self._counters()

    def save(self) -> None:
        """Writes a checkpoint of the present step, unless it is there.

        Raises:
            DivergenceError: a variable is not finite; nothing is written.
        """
        counters = self._counters()
        if counters == self._saved:
            return
        step = counters[0]
        for name, variable in _named_variables(self._state):
            if not np.all(np.isfinite(variable.numpy())):
                raise DivergenceError(f"{name} is not finite at step {step:,}")
        if self._is_writer:
            self._folder.write(self._state, step, self._keep, self._every)
        self._saved = counters

    def _counters(self) -> tuple[int, ...]:
        state = self._state
        return tuple(int(x.numpy()) for x in (state.step, state.reported, state.rollbacks))


def _named_variables(state: TrainingState) -> Iterator[tuple[str, keras.Variable]]:
    """Everything that a step updates, what the others are computed of first."""
    for network in (state.critic, state.generator, state.average_generator):
        names = weight_names(network)
        for variable in network.weights:
            yield names[variable.path], variable
    for name, optimizer in (
        ("critic_optimizer", state.critic_optimizer),
        ("generator_optimizer", state.generator_optimizer),
    ):
        for variable in optimizer.variables:
            yield f"{name}/{variable.path}", variable


def best_record(directory: str) -> str:
    """The file in the folder of the best checkpoint that tells how good it is."""
    return f"{directory}/best.json"


class BestCheckpoint:
    """Keeps the state whose metric is least, with the metric beside it in `best.json`."""

    def __init__(
        self,
        state: TrainingState,
        directory: str,
        metric: str,
        told: Sequence[Mapping[str, float | None]] = (),
    ) -> None:
        """Opens the folder, which need not exist yet.

        Args:
            state: what is saved.
            directory: the folder.
            metric: by which states are compared; what was kept by another counts for nothing.
            told: the run's metrics so far, from which a `best.json` that is gone is made again.

        Raises:
            UserError: what is known of the state that is kept cannot be read.
        """
        self._state = state
        self._folder = CheckpointFolder(directory)
        self._record = best_record(directory)
        self._metric = metric
        if not tf.io.gfile.exists(self._record):
            self._write_record_again(told)
        self._least = self._read_least()

    def offer(self, metrics: Mapping[str, float]) -> None:
        """Keeps the present state if its metric is less than all before; without it, does nothing.

        Args:
            metrics: of the present state, by name.
        """
        value = metrics.get(self._metric, math.inf)
        if not value < self._least:
            return
        step = int(self._state.step.numpy())
        self._folder.write(self._state, step, keep=1)
        self._write_record(value, step)
        self._least = value

    def _write_record(self, value: float, step: int) -> None:
        record = {"metric": self._metric, "value": value, "step": step}
        write_atomically(self._record, json.dumps(record).encode())

    def _write_record_again(self, told: Sequence[Mapping[str, float | None]]) -> None:
        kept = self._folder.newest_step()
        for line in told:
            value = line.get(self._metric)
            if kept is not None and line.get("step") == kept and value is not None:
                self._write_record(value, kept)

    def _read_least(self) -> float:
        """The metric of the state that is kept; infinite where none is, or by another metric."""
        if not tf.io.gfile.exists(self._record):
            return math.inf
        try:
            with tf.io.gfile.GFile(self._record) as file:
                record = json.load(file)
            metric, value, step = record["metric"], float(record["value"]), int(record["step"])
        except (tf.errors.OpError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{self._record} cannot be read ({reason(error)}), which tells how good the state "
                "beside it is; bring it back from a copy, or delete it, to have it made again from "
                "the run's metrics."
            ) from error
        is_kept = metric == self._metric and step in self._folder.steps()
        return value if is_kept else math.inf
