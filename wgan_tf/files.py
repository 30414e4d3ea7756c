"""Writing files so that nothing is ever half-written, on local disks and gs://.

Paths are joined as strings: `pathlib` would collapse the two slashes of gs://bucket.
"""

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import TypeAlias

import tensorflow as tf

from wgan_tf.errors import UserError

StrPath: TypeAlias = str | os.PathLike[str]


def join(folder: StrPath, *names: str) -> str:
    """The path of `names`, one below the other, in `folder`, which may be a gs:// address."""
    return "/".join([os.fspath(folder).rstrip("/"), *names])


def write_atomically(path: StrPath, data: bytes) -> None:
    """Writes `data` to the file `path` in whole or not at all, making its folder if needed.

    Raises:
        tf.errors.OpError: The file cannot be written; what was at `path` is still there.
    """
    with _temporary_beside(os.fspath(path)) as temporary:
        with tf.io.gfile.GFile(temporary, "wb") as file:
            file.write(data)
        tf.io.gfile.rename(temporary, os.fspath(path), overwrite=True)


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


def require_writable(directory: StrPath, option: str = "--workdir") -> None:
    """Checks that `directory`, which need not exist yet, can be written in; leaves no trace.

    Raises:
        UserError: It cannot be made or written in; the message names `option`.
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
        reason = error.message.split("\n")[0].rpartition("; ")[2]
        raise UserError(_unwritable(option, path, reason)) from error


def _unwritable(option: str, path: str, reason: str) -> str:
    return (
        f"{option}={path} cannot be written ({reason}); "
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
