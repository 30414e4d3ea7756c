import errno
import os
from pathlib import Path

import pytest
import tensorflow as tf

from wgan_tf import files
from wgan_tf.errors import UserError
from wgan_tf.files import is_full_disk

FULL = Path("/dev/full")


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_join_keeps_the_two_slashes_of_a_bucket(tmp_path: Path) -> None:
    assert files.join("gs://bucket/run/", "samples", "a.png") == "gs://bucket/run/samples/a.png"
    assert files.join("/", "a") == "/a"
    assert files.join(tmp_path, "a") == f"{tmp_path}/a"


def test_write_makes_the_folder_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    files.write_atomically(path, b"first, and longer")
    files.write_atomically(path, b"second\x00")
    assert path.read_bytes() == b"second\x00"
    assert tree(tmp_path) == ["new", "new/file"]


def test_write_works_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files.write_atomically("file", b"x")
    assert tree(tmp_path) == ["file"]


def test_write_works_on_a_remote_file_system() -> None:
    files.write_atomically("ram://bucket/run/file", b"first")
    files.write_atomically("ram://bucket/run/file", b"second")
    with tf.io.gfile.GFile("ram://bucket/run/file", "rb") as file:
        assert file.read() == b"second"
    assert tf.io.gfile.listdir("ram://bucket/run") == ["file"]


def test_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full_disk(*_: object, **__: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.io.gfile, "rename", full_disk)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert tree(tmp_path) == ["file"]


@pytest.mark.parametrize("name", [".", "new", "new/er/still", "there/new"])
def test_writable_folder_passes_and_no_trace_is_left(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").mkdir()
    files.require_writable(tmp_path / name)
    assert tree(tmp_path) == ["there"]


def test_writable_relative_folder_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files.require_writable("runs/first")
    assert tree(tmp_path) == []


def test_writable_remote_folder_passes() -> None:
    tf.io.gfile.makedirs("ram://writable")
    files.require_writable("ram://writable/runs/first")
    assert tf.io.gfile.listdir("ram://writable") == []


@pytest.mark.parametrize("below", ["", "/run", "/runs/first"])
def test_path_at_or_below_a_file_is_the_users_mistake(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_bytes(b"precious")
    path = f"{tmp_path}/file{below}"
    with pytest.raises(UserError) as error:
        files.require_writable(path, option="--out")
    assert f"--out={path} " in str(error.value)
    assert f"{tmp_path}/file is a file" in str(error.value)
    assert "\n" not in str(error.value)
    assert (tmp_path / "file").read_bytes() == b"precious"
    assert tree(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission_is_the_users_mistake(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match=r"--workdir=.*/run cannot be written \(Permission denied"):
        files.require_writable(tmp_path / "run")


def test_unknown_file_system_is_the_users_mistake() -> None:
    with pytest.raises(UserError, match="--workdir=nowhere://bucket/run cannot be written"):
        files.require_writable("nowhere://bucket/run")


@pytest.mark.parametrize("path", ["/dev/null/page.html", "nowhere://bucket/page.html"])
def test_an_output_that_cannot_be_written_is_the_users_mistake(path: str) -> None:
    with pytest.raises(UserError, match=rf"--out={path} cannot be written \(.+\); name a file"):
        files.write_output(path, b"x")


def test_a_folder_is_copied_over_another(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "inner").mkdir(parents=True)
    (source / "a").write_bytes(b"new")
    (source / "inner" / "b").write_bytes(b"deep")
    target.mkdir()
    (target / "a").write_bytes(b"old")
    files.copy_directory(source, target)
    assert (target / "a").read_bytes() == b"new"
    assert (target / "inner" / "b").read_bytes() == b"deep"


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
