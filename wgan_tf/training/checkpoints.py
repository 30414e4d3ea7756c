"""Checkpoints of a run."""

from collections.abc import Callable

import tensorflow as tf

from wgan_tf.errors import UserError
from wgan_tf.training.state import TrainingState

# What TensorFlow raises on a checkpoint whose files are damaged, gone or of other variables.
UNREADABLE = (tf.errors.OpError, AssertionError, IndexError, ValueError, RuntimeError)


class Checkpoints:
    """Saves and restores a `TrainingState` in a folder."""

    def __init__(self, state: TrainingState, directory: str, keep: int) -> None:
        """Opens the folder, which need not exist yet.

        Args:
            state: what is saved and restored.
            directory: the folder.
            keep: how many of the newest checkpoints stay.
        """
        self._state = state
        self._step_on_disk: int | None = None
        self._manager = tf.train.CheckpointManager(
            state, directory, max_to_keep=keep, checkpoint_name="step"
        )

    def restore_newest(self, tell: Callable[[str], None]) -> None:
        """Restores the newest checkpoint that can be read; without any, changes nothing.

        Args:
            tell: takes a message for the user about each that cannot.

        Raises:
            UserError: there are checkpoints, but none can be read.
        """
        paths = self._manager.checkpoints
        for path in reversed(paths):
            try:
                self._state.restore(path).assert_consumed()
            except UNREADABLE as error:
                tell(f"Checkpoint {path} cannot be read ({_first_line(error)}); trying an older.")
            else:
                self._step_on_disk = int(self._state.step.numpy())
                return
        if paths:
            raise UserError(
                f"None of the checkpoints in {self._manager.directory} can be read; restore them "
                "from a copy, or start again with another --workdir."
            )

    def save(self) -> None:
        """Writes a checkpoint of the present step; a second one of a step writes nothing."""
        step = int(self._state.step.numpy())
        if step != self._step_on_disk:
            self._manager.save(checkpoint_number=step)
            self._step_on_disk = step


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
