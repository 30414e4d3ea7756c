"""Checkpoints of a run."""

import json
import math
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from wgan_tf.errors import DivergenceError, UserError, reason
from wgan_tf.files import write_atomically
from wgan_tf.training.state import TrainingState

# What TensorFlow raises on a checkpoint whose files are damaged, gone or of other variables.
UNREADABLE = (tf.errors.OpError, AssertionError, IndexError, ValueError, RuntimeError)

Tell = Callable[[str], None]


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
        self._is_writer = is_writer
        self._step_on_disk: int | None = None
        self._manager = tf.train.CheckpointManager(
            state, directory, max_to_keep=keep, checkpoint_name="step"
        )

    def restore_newest(self, tell: Tell) -> None:
        """Restores the newest checkpoint that can be read; without any, changes nothing.

        Args:
            tell: takes a message for the user about each that cannot.

        Raises:
            UserError: there are checkpoints, but none can be read.
        """
        self._step_on_disk = restore_newest(
            self._manager.directory,
            lambda path: self._state.restore(path).assert_consumed(),
            tell,
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
            self._manager.save(checkpoint_number=step)
        self._step_on_disk = step


class BestCheckpoint:
    """Keeps the state whose metric is least, with the metric beside it in `best.json`."""

    def __init__(self, state: TrainingState, directory: str, metric: str) -> None:
        """Opens the folder, which need not exist yet.

        Args:
            state: what is saved.
            directory: the folder.
            metric: by which states are compared; what was kept by another counts for nothing.
        """
        self._state = state
        self._record = f"{directory}/best.json"
        self._metric = metric
        self._manager = tf.train.CheckpointManager(
            state, directory, max_to_keep=1, checkpoint_name="step"
        )
        self._least = math.inf
        if tf.io.gfile.exists(self._record):
            with tf.io.gfile.GFile(self._record) as file:
                record = json.load(file)
            if record["metric"] == metric:
                self._least = record["value"]

    def offer(self, metrics: Mapping[str, float]) -> None:
        """Keeps the present state if its metric is less than all before; without it, does nothing.

        Args:
            metrics: of the present state, by name.
        """
        value = metrics.get(self._metric, math.inf)
        if not value < self._least:
            return
        step = int(self._state.step.numpy())
        self._manager.save(checkpoint_number=step)
        record = {"metric": self._metric, "value": value, "step": step}
        write_atomically(self._record, json.dumps(record).encode())
        self._least = value


def restore_newest(directory: str, restore: Callable[[str], object], tell: Tell) -> int | None:
    """Restores the newest checkpoint in a folder that can be read.

    Args:
        directory: the folder.
        restore: restores the checkpoint of a path, and raises one of `UNREADABLE` if it cannot.
        tell: takes a message for the user about each that cannot be read.

    Returns:
        The step of the checkpoint; None where there are no checkpoints.

    Raises:
        UserError: there are checkpoints, but none can be read.
    """
    paths = checkpoint_paths(directory)
    for path in reversed(paths):
        try:
            restore(path)
        except UNREADABLE as error:
            tell(f"Checkpoint {path} cannot be read ({reason(error)}); trying an older one.")
        else:
            return checkpoint_step(path)
    if paths:
        raise UserError(
            f"None of the checkpoints in {directory} can be read; restore them from a copy, or "
            "start again with another --workdir."
        )
    return None


def checkpoint_paths(directory: str) -> list[str]:
    """The checkpoints in a folder, oldest first."""
    found = tf.train.get_checkpoint_state(directory)
    return list(found.all_model_checkpoint_paths) if found else []


def newest_step(directory: str) -> int | None:
    """The step of the newest checkpoint in a folder, by its name; None where there is none."""
    path = tf.train.latest_checkpoint(directory)
    return None if path is None else checkpoint_step(path)


def checkpoint_step(path: str) -> int:
    """The step that a checkpoint's name tells."""
    return int(path.rpartition("-")[2])
