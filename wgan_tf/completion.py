"""What a finished run has besides its checkpoints, made good where it is missing."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from wgan_tf import reporting
from wgan_tf.config import Config
from wgan_tf.files import copy_directory, same_files
from wgan_tf.log import Log
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.saved_model import exported_steps, newest_version
from wgan_tf.training.checkpoint_folder import CheckpointFolder

EXPORT = "the SavedModel"
COPY = "its published copy"
REPORT = "the report"
LISTS = "the lists of checkpoints"


def missing(config: Config, folder: RunFolder, step: int) -> Sequence[str]:
    """What a run that ended at a step is to have and has not.

    Of `LISTS`, `EXPORT`, `COPY` and `REPORT`.
    """
    found = []
    if not all(kept.is_listed() for kept in _checkpoint_folders(folder)):
        found.append(LISTS)
    if config.export and step not in exported_steps(folder.exports):
        found.append(EXPORT)
    version, copy = newest_version(folder.exports), folder.published_model
    if config.export and copy and version and not same_files(version, copy):
        found.append(COPY)
    if config.report and not _is_reported(folder, step):
        found.append(REPORT)
    return found


def make_good(
    config: Config,
    folder: RunFolder,
    step: int,
    write_model: Callable[[], str],
    log: Log,
) -> None:
    """Writes what `missing` names.

    Args:
        config: the run's configuration.
        folder: the run's.
        step: the one at which it ended.
        write_model: writes the SavedModel and its copy, and returns its path.
        log: takes the path of what is written.
    """
    wanted = missing(config, folder, step)
    for kept in _checkpoint_folders(folder):
        if not kept.is_listed():
            kept.write_list()
    if EXPORT in wanted:
        log(write_model())
    elif COPY in wanted:
        assert folder.published_model
        version = newest_version(folder.exports)
        assert version
        copy_directory(version, folder.published_model)
        log(folder.published_model)
    if REPORT in wanted:
        reporting.write_report([folder], folder.report_file)
        log(folder.report_file)


def _checkpoint_folders(folder: RunFolder) -> list[CheckpointFolder]:
    return [CheckpointFolder(path) for path in (folder.checkpoints, folder.best_checkpoints)]


def _is_reported(folder: RunFolder, step: int) -> bool:
    """Whether there is a report that is not older than the last checkpoint."""
    checkpoint = f"{CheckpointFolder(folder.checkpoints).checkpoint(step)}.index"
    try:
        written = tf.io.gfile.stat(folder.report_file).mtime_nsec
        return written >= tf.io.gfile.stat(checkpoint).mtime_nsec
    except tf.errors.NotFoundError:
        return False
