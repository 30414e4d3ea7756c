"""Exports of a generator in TensorFlow Serving's folder layout."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import uuid
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from wgan_tf.errors import ExportError
from wgan_tf.serving.model_card import ModelCard
from wgan_tf.serving.served_module import ServedModule
from wgan_tf.serving.warmup import write_warmup_requests

TOLERANCE = 1e-6
SAVED_MODEL_FILE = "saved_model.pb"
_UNFINISHED = ".unfinished-"


def write_saved_model(
    module: ServedModule, export_dir: str | os.PathLike[str], card: ModelCard
) -> str:
    """Writes a served module as the next version below a folder, once it is shown to work.

    The model is saved to a hidden folder beside the versions, loaded from there, compared with
    the module on every signature, and only then renamed to `export_dir/N`, N being one above the
    highest version there. Where the newest version is this very model and only its card is gone or
    damaged, it is given the card in place of another version. Hidden folders that killed exports
    left on a local disk are removed.
    Integers and bytes must be equal at every call; floating-point values may differ by 1e-6,
    absolute or relative. The comparison runs on the CPU, where convolutions give the same bits
    each time. Must be called outside the scope of a distribution strategy,
    within which TensorFlow can not run a loaded model; the variables may be mirrored ones.

    A version holds, besides the SavedModel, `assets.extra/model_card.json` and the requests that
    TensorFlow Serving warms it up with.

    Args:
        module: what to save.
        export_dir: the folder of all versions; made if it does not exist.
        card: the facts about the model.

    Returns:
        The path of the version.

    Raises:
        ExportError: if the loaded model differs from the module or gives values that are not
            finite. No version is added then.
        TypeError: if the model card holds something that JSON has no form for.
        ValueError: if the model card holds a number that is not finite.
    """
    root = os.fspath(export_dir)
    newest = newest_version(root)
    if newest and read_model_card(root) is None and _is_same(module, newest):
        card.write(newest)
        return newest
    with _unfinished_folder(root) as unfinished:
        card.write(unfinished)
        tf.saved_model.save(module, unfinished, signatures=module.signatures())
        write_warmup_requests(unfinished, module.probes())
        _compare(module, unfinished)
        return _publish(unfinished, root)


def read_model_card(export_dir: str | os.PathLike[str]) -> ModelCard | None:
    """The newest version's model card; None without a version, or where it cannot be read."""
    version = newest_version(export_dir)
    if version is None:
        return None
    try:
        return ModelCard.read(version)
    except (tf.errors.OpError, ValueError, LookupError, TypeError, AttributeError):
        return None


def exported_steps(export_dir: str | os.PathLike[str]) -> set[int]:
    """The steps that the versions in a folder are of, as far as their model cards can be read."""
    root = os.fspath(export_dir)
    steps = set()
    for version in _versions(root) if tf.io.gfile.exists(root) else []:
        with contextlib.suppress(tf.errors.OpError, ValueError, KeyError, TypeError):
            steps.add(ModelCard.read(f"{root}/{version}").step)
    return steps


def newest_version(export_dir: str | os.PathLike[str]) -> str | None:
    """The path of the highest version in a folder; None where there is none."""
    root = os.fspath(export_dir)
    highest = _highest_version(root) if tf.io.gfile.exists(root) else 0
    return f"{root}/{highest}" if highest else None


def _is_same(module: ServedModule, path: str) -> bool:
    try:
        _compare(module, path)
    except (ExportError, OSError, tf.errors.OpError, ValueError, LookupError, RuntimeError):
        return False
    return True


def _compare(module: ServedModule, path: str) -> None:
    with tf.device("/CPU:0"):
        probes = module.probes()
        # The functions of a loaded model do not keep its variables alive.
        loaded = tf.saved_model.load(path)
        for name, function in module.signatures().items():
            expected = function(**probes[name])
            # A generator that draws noise of its own can agree at the first call.
            for _ in range(2):
                actual = loaded.signatures[name](**probes[name])
                for key in expected:
                    _compare_output(f"{name}.{key}", actual[key].numpy(), expected[key].numpy())


def _compare_output(name: str, actual: np.ndarray, expected: np.ndarray) -> None:
    if not np.issubdtype(expected.dtype, np.floating):
        if not np.array_equal(actual, expected):
            raise ExportError(f"The exported model's {name} is not that of the model in memory.")
        return
    if not np.all(np.isfinite(expected)):
        raise ExportError(f"The model's {name} is not finite.")
    if actual.shape != expected.shape or not np.allclose(
        actual, expected, rtol=TOLERANCE, atol=TOLERANCE
    ):
        raise ExportError(
            f"The exported model's {name} is not that of the model in memory to {TOLERANCE:g}."
        )


def _publish(unfinished: str, root: str) -> str:
    while True:
        target = f"{root}/{_highest_version(root) + 1}"
        try:
            tf.io.gfile.rename(unfinished, target)
        except tf.errors.OpError:
            # Another export may have taken the number since; anything else is an error.
            if not tf.io.gfile.exists(target):
                raise
        else:
            return target


def _highest_version(root: str) -> int:
    return max(_versions(root), default=0)


def _versions(root: str) -> list[int]:
    names = (name.rstrip("/") for name in tf.io.gfile.listdir(root))
    return [int(name) for name in names if name.isascii() and name.isdecimal()]


@contextlib.contextmanager
def _unfinished_folder(root: str) -> Iterator[str]:
    """A new hidden folder, removed in the end if it is still there, as are abandoned ones."""
    path = f"{root}/{_UNFINISHED}{uuid.uuid4().hex}"
    tf.io.gfile.makedirs(path)
    lock = _lock(path)
    try:
        if lock is not None:
            _remove_abandoned(root)
        yield path
    finally:
        if tf.io.gfile.exists(path):
            tf.io.gfile.rmtree(path)
        if lock is not None:
            os.close(lock)


def _remove_abandoned(root: str) -> None:
    for folder in pathlib.Path(root).glob(f"{_UNFINISHED}*"):
        lock = _lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _lock(path: str | os.PathLike[str]) -> int | None:
    """Locks a folder until the descriptor is closed or the process is killed.

    Returns:
        The descriptor; None if another export has the lock, or the file system knows no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
