"""A run's folder is trained in by one process at a time."""

import contextlib
import datetime
import json
import os
import pathlib
import socket
from collections.abc import Iterator

import filelock
import tensorflow as tf

from wgan_tf.errors import UserError
from wgan_tf.files import is_full_disk, join, write_atomically
from wgan_tf.log import Log

LOCK = ".lock"
OWNER = ".owner.json"


@contextlib.contextmanager
def locked(directory: str, log: Log) -> Iterator[None]:
    """Keeps other processes from training in a folder, which is made if it is not there.

    The lock is the system's, on a file in the folder: it goes with its process, however that ends.
    On a shared file system it holds as far as that carries locks between hosts; a bucket knows
    none. Whoever had such a folder last, and did not end in good order, is told of. A folder that
    was made for this, and in which nothing was written, is not there any more afterwards.

    Args:
        directory: the folder.
        log: takes what cannot be known for sure.

    Raises:
        UserError: another process has the lock, or the folder cannot be written.
    """
    owner = join(directory, OWNER)
    with contextlib.ExitStack() as stack:
        is_local = "://" not in directory
        if is_local:
            is_new = not tf.io.gfile.exists(directory)
            is_local = _lock(directory, owner, stack)
            if is_new:
                stack.callback(_remove_unused, directory)
        last = _read_owner(owner)
        if last and (not is_local or last["host"] != socket.gethostname()):
            log(
                f"{directory} was trained in last by {_described(last)}, and it cannot be known "
                "from here whether that process is gone; two at once would spoil the run."
            )
        mine = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "began": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        write_atomically(owner, json.dumps(mine).encode())
        stack.callback(_remove, owner)
        yield


def require_unlocked(directory: str) -> None:
    """Checks, before anything is written, that no other process has the lock of a folder.

    Raises:
        UserError: one has.
    """
    if "://" not in directory and tf.io.gfile.exists(join(directory, LOCK)):
        with contextlib.ExitStack() as stack:
            _lock(directory, join(directory, OWNER), stack)


def was_abandoned(directory: str) -> bool:
    """Whether whoever had the lock of a folder last still has it, or did not end in good order."""
    return bool(tf.io.gfile.exists(join(directory, OWNER)))


def _lock(directory: str, owner: str, stack: contextlib.ExitStack) -> bool:
    """Locks a folder until the stack is closed; False where the file system knows no locks."""
    lock = filelock.FileLock(join(directory, LOCK), thread_local=False)
    try:
        os.makedirs(directory, exist_ok=True)  # noqa: PTH103
        lock.acquire(timeout=0)
    except filelock.Timeout:
        holder = _read_owner(owner)
        by = _described(holder) if holder else "another process"
        raise UserError(
            f"--workdir={directory} is trained in by {by}; wait for it, stop it, or take another "
            "--workdir."
        ) from None
    except NotImplementedError:
        return False
    except OSError as error:
        if is_full_disk(error):
            raise
        raise UserError(
            f"--workdir={directory} cannot be written ({error.strerror}); name a folder that you "
            "are allowed to make and write in."
        ) from error
    stack.callback(lock.release)
    return True


def _read_owner(path: str) -> dict[str, str | int] | None:
    try:
        with tf.io.gfile.GFile(path) as file:
            owner = json.load(file)
        return {name: owner[name] for name in ("host", "pid", "began")}
    except (tf.errors.OpError, ValueError, KeyError, TypeError):
        return None


def _described(owner: dict[str, str | int]) -> str:
    return f"process {owner['pid']} on {owner['host']}, which began at {owner['began']}"


def _remove(path: str) -> None:
    with contextlib.suppress(tf.errors.OpError):
        tf.io.gfile.remove(path)


def _remove_unused(directory: str) -> None:
    folder = pathlib.Path(directory)
    with contextlib.suppress(OSError):
        if [path.name for path in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            folder.rmdir()
