"""A folder of checkpoints: which there are, writing one, and taking the old ones away."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from wgan_tf.errors import UserError, reason
from wgan_tf.files import remove_leftovers, write_atomically
from wgan_tf.log import Log

# What TensorFlow raises on a checkpoint whose files are damaged, gone or of other variables.
UNREADABLE = (tf.errors.OpError, AssertionError, IndexError, ValueError, RuntimeError)


_FILE = re.compile(r"step-(0|[1-9]\d*)\.(index|data-\d{5}-of-\d{5})")
_LIST = "checkpoint"
_WRITING = ".writing"


@dataclasses.dataclass(frozen=True)
class CheckpointFolder:
    """A folder that holds a checkpoint a step, laid out as `tf.train.CheckpointManager` does.

    What is there is told by the files' names alone. The list beside them, by which
    `tf.train.latest_checkpoint` goes, is written and never read: it can be lost or out of date.
    TensorFlow's manager believes it, and deletes by pattern, in which a folder's name may match
    another's.

    Attributes:
        path: the folder, which need not exist.
    """

    path: str

    def steps(self) -> list[int]:
        """The steps that have a checkpoint, or files of one, in rising order."""
        return sorted(self._files())

    def newest_step(self) -> int | None:
        """The last of `steps`; None where there is none."""
        return max(self._files(), default=None)

    def checkpoint(self, step: int) -> str:
        """The path of a step's checkpoint, as TensorFlow names one: of its files without ending."""
        return f"{self.path}/step-{step}"

    def write(self, state: tf.train.Checkpoint, step: int, keep: int, every: int = 1) -> None:
        """Writes the checkpoint of a step, whole or not at all, and takes others away.

        It stays with the `keep` - 1 newest before it of steps that `every` divides. So what is
        there is not changed by checkpoints in between, of a stop, say, once the next is written.
        Those of later steps go, since training comes by them again.

        Args:
            state: what is saved.
            step: the number of steps that it has taken.
            keep: how many checkpoints stay.
            every: which steps' checkpoints stay, beside the newest; 0 for no others.

        Raises:
            tf.errors.OpError: the folder cannot be written; what was there is still there.
        """
        writing = f"{self.path}/{_WRITING}"
        self.clear()
        tf.io.gfile.makedirs(writing)
        try:
            state.write(f"{writing}/step-{step}")
            # The index makes a checkpoint of the data: it comes last.
            for name in sorted(tf.io.gfile.listdir(writing)):
                tf.io.gfile.rename(f"{writing}/{name}", f"{self.path}/{name}", overwrite=True)
        finally:
            self.clear()
        files = self._files()
        regular = [other for other in sorted(files) if other < step and every and not other % every]
        kept = [*regular[len(regular) - min(keep - 1, len(regular)) :], step]
        self._write_list(kept)
        for other in files.keys() - set(kept):
            # Without its index, the rest of a checkpoint is none.
            for name in sorted(files[other], reverse=True):
                tf.io.gfile.remove(f"{self.path}/{name}")

    def clear(self) -> None:
        """Removes what a process left that was killed while it wrote; the folder's one writer."""
        remove_leftovers(self.path)
        writing = f"{self.path}/{_WRITING}"
        if tf.io.gfile.exists(writing):
            tf.io.gfile.rmtree(writing)

    def is_listed(self) -> bool:
        """Whether there is a list of the checkpoints, if there are any."""
        return not self.steps() or tf.io.gfile.exists(f"{self.path}/{_LIST}")

    def write_list(self) -> None:
        """Writes the list of the checkpoints that are there; the folder's one writer."""
        self._write_list(self.steps())

    def restore_newest(self, restore: Callable[[str], object], log: Log) -> int | None:
        """Restores the newest checkpoint that can be read.

        Args:
            restore: restores the checkpoint of a path, and raises one of `UNREADABLE` if it cannot.
            log: takes a message for the user about each that cannot be read.

        Returns:
            The step of the checkpoint; None where there are no checkpoints.

        Raises:
            UserError: there are checkpoints, but none can be read.
        """
        steps = self.steps()
        for step in reversed(steps):
            path = self.checkpoint(step)
            try:
                restore(path)
            except UNREADABLE as error:
                log(f"Checkpoint {path} cannot be read ({reason(error)}); trying an older one.")
            else:
                return step
        if steps:
            raise UserError(
                f"None of the checkpoints in {self.path} can be read; restore them from a copy, or "
                "start again with another --workdir."
            )
        return None

    def read(self, step: int) -> Mapping[str, Any] | None:
        """The variables in a step's checkpoint by TensorFlow's names; None if any is damaged."""
        try:
            reader = tf.train.load_checkpoint(self.checkpoint(step))
            values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
        except UNREADABLE:
            return None
        # Object names, which differ from process to process.
        values.pop("_CHECKPOINTABLE_OBJECT_GRAPH", None)
        return values

    def _files(self) -> dict[int, list[str]]:
        """The names of the files of each step's checkpoint."""
        found: dict[int, list[str]] = {}
        if tf.io.gfile.isdir(self.path):
            for name in tf.io.gfile.listdir(self.path):
                if match := _FILE.fullmatch(name):
                    found.setdefault(int(match[1]), []).append(name)
        return found

    def _write_list(self, steps: list[int]) -> None:
        lines = [f'model_checkpoint_path: "step-{steps[-1]}"']
        lines += [f'all_model_checkpoint_paths: "step-{step}"' for step in steps]
        write_atomically(f"{self.path}/{_LIST}", "".join(f"{line}\n" for line in lines).encode())
