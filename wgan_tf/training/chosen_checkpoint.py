"""Which of a run's checkpoints is drawn from or exported."""

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

import tensorflow as tf

from wgan_tf.errors import UserError, reason
from wgan_tf.log import log_to_stderr
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.run_folder import RunFolder
from wgan_tf.training.checkpoint_folder import UNREADABLE, CheckpointFolder

Checkpoint: TypeAlias = Literal["last", "best"] | int
# Python refuses to read numbers of thousands.
_MOST_DIGITS = 18


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that `--checkpoint` names: last, best or a step.

    Raises:
        UserError: it is none of these.
    """
    if text == "last":
        return "last"
    if text == "best":
        return "best"
    if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS:
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
    step = CheckpointFolder(directory).restore_newest(restore, log_to_stderr)
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


def require_no_progress(folder: RunFolder) -> None:
    """Checks that a run without checkpoints has taken no steps, so that it may begin at the first.

    A run's first checkpoint is of its first state: where files tell of later ones, some are lost.

    Raises:
        UserError: it has taken steps.
    """
    grids = tf.io.gfile.listdir(folder.samples) if tf.io.gfile.isdir(folder.samples) else []
    found = {
        folder.metrics_file: [line["step"] for line in read_metrics(folder.metrics_file)],
        folder.samples: [
            int(match[1]) for match in map(re.compile(r"step_(\d+)\.png").fullmatch, grids) if match
        ],
        folder.best_checkpoints: CheckpointFolder(folder.best_checkpoints).steps(),
    }
    for path, steps in found.items():
        if max(steps, default=0) > 0:
            raise UserError(
                f"The run in {folder.path} has no checkpoint in {folder.checkpoints}, but came to "
                f"step {max(steps):,} by {path}; bring the checkpoints back from a copy, or begin "
                "again with another --workdir."
            )


def _restore_step(folder: RunFolder, step: int, restore: Callable[[str], object]) -> int:
    paths = {
        kept: checkpoints.checkpoint(kept)
        for checkpoints in map(CheckpointFolder, (folder.best_checkpoints, folder.checkpoints))
        for kept in checkpoints.steps()
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
