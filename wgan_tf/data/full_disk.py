"""Telling a full disk from other failures."""

import errno
import os

import tensorflow as tf

_ERROR_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
# TFDS looks at the free space itself, and its error has no number.
_MESSAGES = (*map(os.strerror, _ERROR_NUMBERS), "Not enough disk space")


def is_full_disk(error: BaseException) -> bool:
    """Whether an error, or one that led to it, is that a disk or a quota on it is full."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _ERROR_NUMBERS:
            return True
        if isinstance(cause, OSError | tf.errors.ResourceExhaustedError) and any(
            message in str(cause) for message in _MESSAGES
        ):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
