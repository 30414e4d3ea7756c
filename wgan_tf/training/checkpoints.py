"""Checkpoints of a run."""

import json
import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from wgan_tf.errors import DivergenceError, UserError, reason
from wgan_tf.files import write_atomically
from wgan_tf.training.checkpoint_folder import CheckpointFolder, Tell
from wgan_tf.training.state import TrainingState


class Checkpoints:
    """Saves and restores a `TrainingState` in a folder."""

    def __init__(
        self, state: TrainingState, directory: str, keep: int, *, is_writer: bool = True
    ) -> None:
        """Opens the folder, which need not exist yet.

        Args:
            state: what is saved and restored.
            directory: the folder.
            keep: how many of the newest checkpoints stay.
            is_writer: whether `save` writes; of the workers of a cluster one does, and the
                others, whose state is the same, only look at it.
        """
        self._state = state
        self._keep = keep
        self._is_writer = is_writer
        self._step_on_disk: int | None = None
        self._folder = CheckpointFolder(directory)

    def restore_newest(self, tell: Tell) -> None:
        """Restores the newest checkpoint that can be read; without any, changes nothing.

        Args:
            tell: takes a message for the user about each that cannot.

        Raises:
            UserError: there are checkpoints, but none can be read.
        """
        self._step_on_disk = self._folder.restore_newest(
            lambda path: self._state.read(path).assert_consumed(), tell
        )

    def save(self) -> None:
        """Writes a checkpoint of the present step; a second one of a step writes nothing.

        Raises:
            DivergenceError: a variable is not finite; nothing is written.
        """
        step = int(self._state.step.numpy())
        if step == self._step_on_disk:
            return
        for network in (self._state.generator, self._state.critic):
            for variable in network.weights:
                if not np.all(np.isfinite(variable.numpy())):
                    raise DivergenceError(
                        f"{network.name}/{variable.path} is not finite at step {step}; the last "
                        "checkpoint is of an earlier step; lower the learning rates, or take "
                        "--precision=float32."
                    )
        if self._is_writer:
            self._folder.write(self._state, step, self._keep)
        self._step_on_disk = step


class BestCheckpoint:
    """Keeps the state whose metric is least, with the metric beside it in `best.json`."""

    def __init__(self, state: TrainingState, directory: str, metric: str) -> None:
        """Opens the folder, which need not exist yet.

        Args:
            state: what is saved.
            directory: the folder.
            metric: by which states are compared; what was kept by another counts for nothing.

        Raises:
            UserError: what is known of the state that is kept cannot be read.
        """
        self._state = state
        self._folder = CheckpointFolder(directory)
        self._record = f"{directory}/best.json"
        self._metric = metric
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
        record = {"metric": self._metric, "value": value, "step": step}
        write_atomically(self._record, json.dumps(record).encode())
        self._least = value

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
                "beside it is; bring it back from a copy, or delete it to begin the search anew."
            ) from error
        is_kept = metric == self._metric and step in self._folder.steps()
        return value if is_kept else math.inf
