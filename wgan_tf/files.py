"""Writing files so that nothing is ever half-written, on local disks and gs://.

Paths are joined as strings: `pathlib` would collapse the two slashes of gs://bucket.
"""

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterator
from typing import TypeAlias

import tensorflow as tf

from wgan_tf.errors import UserError, reason

StrPath: TypeAlias = str | os.PathLike[str]

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\.tmp")

_FULL_DISK_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
# TFDS looks at the free space itself, and its error has no number; TensorFlow's have none either.
_FULL_DISK_MESSAGES = (*map(os.strerror, _FULL_DISK_NUMBERS), "Not enough disk space")


def join(folder: StrPath, *names: str) -> str:
    """The path of `names`, one below the other, in `folder`, which may be a gs:// address."""
    return "/".join([os.fspath(folder).rstrip("/"), *names])


def read_bytes(path: StrPath) -> bytes:
    """The bytes of a file.

    Raises:
        tf.errors.OpError: it cannot be read.
    """
    with tf.io.gfile.GFile(os.fspath(path), "rb") as file:
        return bytes(file.read())


def write_atomically(path: StrPath, data: bytes) -> None:
    """Writes `data` to the file `path` in whole or not at all, making its folder if needed.

    Raises:
        tf.errors.OpError: The file cannot be written; what was at `path` is still there.
    """
    with replacing(path) as temporary, tf.io.gfile.GFile(temporary, "wb") as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: StrPath) -> Iterator[str]:
    """Yields the path of a file to be written, which takes the place of `path` when it is whole."""
    with _temporary_beside(os.fspath(path)) as temporary:
        yield temporary
        tf.io.gfile.rename(temporary, os.fspath(path), overwrite=True)


def write_output(path: StrPath, data: bytes) -> None:
    """Writes what a command was asked for to the file of its `--out`, as `write_atomically` does.

    Raises:
        UserError: the file cannot be written.
        tf.errors.OpError: the disk is full.
    """
    try:
        write_atomically(path, data)
    except tf.errors.OpError as error:
        if is_full_disk(error):
            raise
        raise UserError(
            f"--out={os.fspath(path)} cannot be written ({reason(error)}); name a file in a folder "
            "that you may write in."
        ) from error


def remove_leftovers(*directories: StrPath) -> None:
    """Removes what killed processes left half-written in folders; only where none writes now."""
    for path in [os.fspath(directory) for directory in directories]:
        names = tf.io.gfile.listdir(path) if tf.io.gfile.isdir(path) else []
        for name in filter(_TEMPORARY.fullmatch, names):
            tf.io.gfile.remove(join(path, name))


def copy_directory(source: StrPath, target: StrPath) -> None:
    """Copies a folder's files over those of `target`, which need not exist.

    Raises:
        tf.errors.OpError: A file cannot be read or written.
    """
    for folder, _, files in tf.io.gfile.walk(os.fspath(source)):
        inside = folder.removeprefix(os.fspath(source)).strip("/")
        copied = join(target, inside) if inside else join(target)
        tf.io.gfile.makedirs(copied)
        for file in files:
            tf.io.gfile.copy(join(folder, file), join(copied, file), overwrite=True)


def same_files(first: StrPath, second: StrPath) -> bool:
    """Whether a folder has every file of another, with the same bytes."""
    root = os.fspath(first)
    for folder, _, files in tf.io.gfile.walk(root):
        inside = folder.removeprefix(root).strip("/")
        for name in files:
            other = join(second, inside, name) if inside else join(second, name)
            if not tf.io.gfile.exists(other):
                return False
            with (
                tf.io.gfile.GFile(join(folder, name), "rb") as one,
                tf.io.gfile.GFile(other, "rb") as two,
            ):
                if one.size() != two.size() or one.read() != two.read():
                    return False
    return True


def require_writable(directory: StrPath, option: str = "--workdir") -> None:
    """Checks that `directory`, which need not exist yet, can be written in; leaves no trace.

    Raises:
        UserError: it cannot be made or written in; the message names `option`.
        tf.errors.OpError: the disk is full.
    """
    path = os.fspath(directory)
    try:
        existing = _nearest_existing(path)
        if not tf.io.gfile.isdir(existing):
            raise UserError(_unwritable(option, path, f"{existing} is a file"))
        with (
            _temporary_beside(join(existing, "writable")) as probe,
            tf.io.gfile.GFile(probe, "wb") as file,
        ):
            file.write(b"probe")
    except tf.errors.OpError as error:
        if is_full_disk(error):
            raise
        raise UserError(_unwritable(option, path, reason(error).rpartition("; ")[2])) from error


def is_full_disk(error: BaseException) -> bool:
    """Whether an error, or one that led to it, is that a disk or a quota on it is full."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _FULL_DISK_NUMBERS:
            return True
        if isinstance(cause, OSError | tf.errors.OpError) and any(
            message in str(cause) for message in _FULL_DISK_MESSAGES
        ):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is that there is not enough memory, of the machine or of a device."""
    return isinstance(error, MemoryError | tf.errors.ResourceExhaustedError)


def _unwritable(option: str, path: str, why: str) -> str:
    return (
        f"{option}={path} cannot be written ({why}); "
        "name a folder that you are allowed to make and write in."
    )


def _nearest_existing(path: str) -> str:
    """The first of `path`, its parent, and so on up to the root or the bucket, that exists."""
    scheme, mark, rest = path.rpartition("://")
    parts = rest.rstrip("/").split("/")
    for length in range(len(parts), 0, -1):
        ancestor = scheme + mark + "/".join(parts[:length]) or "/"
        if tf.io.gfile.exists(ancestor):
            return ancestor
    if mark:
        raise tf.errors.NotFoundError(None, None, f"{scheme}{mark}{parts[0]} does not exist")
    return "."


@contextlib.contextmanager
def _temporary_beside(path: str) -> Iterator[str]:
    """Yields an unused hidden path in the folder of `path`; removes what is left there after."""
    parent, slash, name = path.rpartition("/")
    if slash:
        tf.io.gfile.makedirs(parent or "/")
    temporary = f"{parent}{slash}.{name}.{uuid.uuid4().hex}.tmp"
    try:
        yield temporary
    finally:
        if tf.io.gfile.exists(temporary):
            tf.io.gfile.remove(temporary)
