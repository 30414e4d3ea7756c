"""Which of a run's checkpoints is drawn from or exported."""

import sys
from collections.abc import Callable
from typing import Literal, TypeAlias

from wgan_tf.errors import UserError, reason
from wgan_tf.run_folder import RunFolder
from wgan_tf.training.checkpoints import (
    UNREADABLE,
    checkpoint_paths,
    checkpoint_step,
    restore_newest,
)

Checkpoint: TypeAlias = Literal["last", "best"] | int


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that `--checkpoint` names: last, best or a step.

    Raises:
        UserError: it is none of these.
    """
    if text == "last":
        return "last"
    if text == "best":
        return "best"
    if text.isascii() and text.isdecimal():
        return int(text)
    raise UserError(
        f"--checkpoint={text} names no checkpoint; take last, best or the number of a step."
    )


def restore_checkpoint(
    folder: RunFolder, checkpoint: Checkpoint, restore: Callable[[str], object]
) -> int:
    """Restores a checkpoint of a run; in place of a damaged last or best one, the one before it.

    Args:
        folder: the run's.
        checkpoint: which one.
        restore: restores the checkpoint of a path, and raises one of `UNREADABLE` if it cannot.

    Returns:
        The step that it is of.

    Raises:
        UserError: it is not there, or cannot be read.
    """
    if isinstance(checkpoint, int):
        return _restore_step(folder, checkpoint, restore)
    directory = folder.best_checkpoints if checkpoint == "best" else folder.checkpoints
    step = restore_newest(directory, restore, lambda message: print(message, file=sys.stderr))
    if step is not None:
        return step
    if checkpoint == "best":
        raise UserError(
            f"--checkpoint=best is not there: {directory} holds no checkpoint; take "
            "--checkpoint=last."
        )
    raise UserError(
        f"--workdir={folder.path} has no checkpoint yet; train until the first is written."
    )


def _restore_step(folder: RunFolder, step: int, restore: Callable[[str], object]) -> int:
    paths = {
        checkpoint_step(path): path
        for directory in (folder.best_checkpoints, folder.checkpoints)
        for path in checkpoint_paths(directory)
    }
    if step not in paths:
        kept = ", ".join(map(str, sorted(paths))) or "none"
        raise UserError(
            f"--checkpoint={step} is not kept in {folder.path}; the steps that are: {kept}."
        )
    try:
        restore(paths[step])
    except UNREADABLE as error:
        raise UserError(
            f"--checkpoint={step} cannot be read from {paths[step]} ({reason(error)}); "
            "take another step."
        ) from error
    return step
