import errno
from pathlib import Path

import pytest
import tensorflow as tf

from wgan_tf.data.full_disk import is_full_disk

FULL = Path("/dev/full")


def wrapped(error: Exception) -> Exception:
    try:
        raise RuntimeError("in between") from error
    except RuntimeError as outer:
        return outer


@pytest.mark.skipif(not FULL.exists(), reason=f"{FULL} is absent")
def test_full_device_is_recognized_from_python_and_from_tensorflow() -> None:
    with pytest.raises(OSError) as raised, FULL.open("wb") as stream:
        stream.write(b"1")
    assert is_full_disk(raised.value)
    assert is_full_disk(wrapped(raised.value))
    with pytest.raises(tf.errors.OpError) as failed, tf.io.TFRecordWriter(str(FULL)) as writer:
        writer.write(b"1")
    assert is_full_disk(failed.value)


def test_exceeded_quota_is_a_full_disk() -> None:
    assert is_full_disk(OSError(errno.EDQUOT, "Disk quota exceeded"))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "Permission denied"),
        ConnectionError("refused"),
        ValueError("No space left on device"),
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
    ],
)
def test_other_errors_are_no_full_disk(error: Exception) -> None:
    assert not is_full_disk(error)
    assert not is_full_disk(wrapped(error))
