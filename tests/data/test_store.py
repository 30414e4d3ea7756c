import collections
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.helpers import describe
from wgan_tf.data import preparation
from wgan_tf.data.npy_writer import NpyWriter

from .helpers import open_all, told, write_idx


@pytest.fixture
def points_file(tmp_path: Path) -> Path:
    path = tmp_path / "points.npy"
    np.save(path, np.arange(6000, dtype=np.float32).reshape(3000, 2))
    return path


def start_process(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_store_is_a_memory_map_prepared_once(
    tmp_path: Path, points_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = open_all(f"npy:{points_file}", tmp_path)
    assert "Preparing 3000 examples" in capsys.readouterr().err
    second = open_all(f"npy:{points_file}", tmp_path)
    assert capsys.readouterr().err == ""
    assert first.info.digest == second.info.digest
    assert isinstance(second.examples, np.memmap)
    assert not second.examples.flags.writeable
    np.testing.assert_array_equal(second.examples, np.load(points_file))
    np.testing.assert_array_equal(np.load(second.examples.filename), second.examples)


def test_preparation_streams(
    tmp_path: Path, points_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    append = NpyWriter.append

    def spy(writer: NpyWriter, rows: np.ndarray) -> None:
        sizes.append(rows.nbytes)
        append(writer, rows)

    monkeypatch.setattr(NpyWriter, "append", spy)
    monkeypatch.setattr(preparation, "_BATCH_BYTES", 800)
    open_all(f"npy:{points_file}", tmp_path)
    assert max(sizes) == 800
    assert sum(sizes) == 24000


def test_everything_that_decides_the_bytes_makes_its_own_store(
    tmp_path: Path, points_file: Path
) -> None:
    stores = [
        open_all(f"npy:{points_file}", tmp_path),
        open_all(f"npy:{points_file}", tmp_path, split="train[:10]"),
        open_all("digits", tmp_path, split="train[:10]"),
        open_all("digits", tmp_path, split="train[:10]", image_size=16),
    ]
    np.save(points_file, np.ones((5, 2), np.float32))
    stores.append(open_all(f"npy:{points_file}", tmp_path))
    assert stores[-1].num_examples == 5
    assert len({store.examples.filename for store in stores}) == 5
    assert len({store.info.digest for store in stores}) == 5


def test_digest_is_of_the_bytes_wherever_they_lie(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6)).astype(np.uint8)
    labels = np.arange(20) % 4
    other_pixel, other_label = images.copy(), labels.copy()
    other_pixel[13, 2, 5] ^= 1
    other_label[13] ^= 1

    def digest(name: str, images: np.ndarray, labels: np.ndarray | None) -> str:
        (tmp_path / name).mkdir()
        path = write_idx(tmp_path / name / "train-images-idx3-ubyte", images)
        os.utime(path, ns=(len(list(tmp_path.iterdir())), 0))
        if labels is not None:
            write_idx(tmp_path / name / "train-labels-idx1-ubyte.gz", labels)
        return open_all(f"idx:{tmp_path / name}", tmp_path / f"{name}_stores").info.digest

    first = digest("here", images, labels)
    assert digest("elsewhere", images, labels) == first
    others = {
        digest("pixel", other_pixel, labels),
        digest("label", images, other_label),
        digest("unlabelled", images, None),
        digest("order", images[::-1], labels[::-1]),
    }
    assert len(others - {first}) == 4
    np.save(tmp_path / "a.npy", images)
    assert open_all(f"npy:{tmp_path / 'a.npy'}", tmp_path).info.digest == digest("no", images, None)
    assert open_all(f"idx:{tmp_path / 'here'}", tmp_path, classes=("1",)).info.digest == first


def test_classes_are_chosen_by_name_or_number_without_a_new_store(tmp_path: Path) -> None:
    whole = open_all("digits", tmp_path)
    chosen = open_all("digits", tmp_path, classes=("7", "3", "7"))
    assert chosen.examples.filename == whole.examples.filename
    assert chosen.info.class_names == ("3", "7")
    assert chosen.num_examples == 183 + 179
    np.testing.assert_array_equal(chosen.selection, np.flatnonzero(np.isin(whole.labels, (3, 7))))
    examples, labels = chosen.read(np.arange(chosen.num_examples))
    np.testing.assert_array_equal(examples, whole.examples[chosen.selection])
    np.testing.assert_array_equal(labels, whole.labels[chosen.selection] == 7)
    assert labels.dtype == np.int32


def test_wrong_classes_are_told_before_anything_is_prepared(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data_dir": str(tmp_path), "split": "train", "image_size": 0}
    with told("'ten'", "0 to 9"):
        describe("digits", classes=("3", "ten"), **options)
    with told("--classes=3", "labels"):
        describe("toy:swissroll", classes=("3",), **options)
    assert not list(tmp_path.iterdir())


def test_wrong_classes_are_refused(tmp_path: Path, points_file: Path) -> None:
    for wrong in ("ten", "10", "-1", "9" * 5000):
        with told(
            f"'{wrong[:99]}", "choose among 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, or their numbers 0 to 9"
        ):
            open_all("digits", tmp_path, classes=("1", wrong))
    with told("--classes=1", points_file):
        open_all(f"npy:{points_file}", tmp_path, classes=("1",))
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((4, 2, 2)))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.array([0, 0, 2, 2]))
    with told("--classes=1"):
        open_all(f"idx:{tmp_path}", tmp_path, classes=("1",))


def test_two_processes_prepare_one_store_once(tmp_path: Path, points_file: Path) -> None:
    script = (
        "import sys; from wgan_tf.data import npy_writer, store\n"
        "append = npy_writer.NpyWriter.append\n"
        "def append_when_told(writer, rows):\n"
        "    sys.stdin.readline()\n"
        "    append(writer, rows)\n"
        "npy_writer.NpyWriter.append = append_when_told\n"
        "from wgan_tf.config import Config\n"
        "opened = store.open_store(Config(dataset=sys.argv[1], data_dir=sys.argv[2]), 'train')\n"
        "assert opened.num_examples == 3000 and opened.examples[-1, 1] == 5999\n"
    )
    first = start_process(script, f"npy:{points_file}", tmp_path)
    assert any("Preparing 3000" in line for line in first.stderr)
    second = start_process(script, f"npy:{points_file}", tmp_path)
    assert any("Waiting for another process" in line for line in second.stderr)
    first.communicate("go on\n" * 10)
    _, errors = second.communicate()
    assert (first.returncode, second.returncode) == (0, 0), errors
    assert "Preparing" not in errors


def test_killed_preparation_leaves_nothing_that_is_taken_for_a_store(
    tmp_path: Path, points_file: Path
) -> None:
    script = (
        "import os, signal, sys; from wgan_tf.data import npy_writer, store\n"
        "append = npy_writer.NpyWriter.append\n"
        "def die(writer, rows):\n"
        "    append(writer, rows)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "npy_writer.NpyWriter.append = die\n"
        "from wgan_tf.config import Config\n"
        "store.open_store(Config(dataset=sys.argv[1], data_dir=sys.argv[2]), 'train')\n"
    )
    process = start_process(script, f"npy:{points_file}", tmp_path)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert list(tmp_path.glob("wgan_tf_stores/*.partial/examples.npy"))
    assert not list(tmp_path.glob("wgan_tf_stores/*/store.json"))
    store = open_all(f"npy:{points_file}", tmp_path)
    np.testing.assert_array_equal(store.examples, np.load(points_file))
    assert not list(tmp_path.glob("wgan_tf_stores/*.partial"))


def test_too_small_a_disk_is_told_before_writing(
    tmp_path: Path, points_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 1000))
    with told("--data_dir", tmp_path, "0.00 GB"):
        open_all(f"npy:{points_file}", tmp_path)
    assert not list(tmp_path.glob("wgan_tf_stores/*/"))


def test_disk_that_fills_up_is_told(
    tmp_path: Path, points_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(NpyWriter, "append", fail)
    with told(tmp_path, "the disk is full", "--data_dir"):
        open_all(f"npy:{points_file}", tmp_path)
    assert not list(tmp_path.glob("wgan_tf_stores/*/"))


def test_folders_that_cannot_hold_a_store_are_refused(tmp_path: Path, points_file: Path) -> None:
    with told(points_file, "--data_dir"):
        open_all("digits", points_file)
    # To describe a data set, nothing need be written.
    described = describe("digits", data_dir=str(points_file), split="train", image_size=0)
    assert described.num_examples == 1797
    with told("--data_dir=gs://bucket", "local"):
        describe("digits", data_dir="gs://bucket", split="train", image_size=0)


def test_description_does_not_start_tensorflow(tmp_path: Path) -> None:
    # A multi-worker strategy must be made before TensorFlow starts.
    script = (
        "import sys; import tensorflow as tf; from wgan_tf.data.store import describe\n"
        "from wgan_tf.config import Config\n"
        "for dataset in ('digits', 'toy:swissroll'):\n"
        "    describe(Config(dataset=dataset, data_dir=sys.argv[1]), 'train')\n"
        "cpu = tf.config.list_physical_devices('CPU')[0]\n"
        "two = [tf.config.LogicalDeviceConfiguration()] * 2\n"
        "tf.config.set_logical_device_configuration(cpu, two)\n"
        "assert len(tf.config.list_logical_devices('CPU')) == 2\n"
    )
    process = start_process(script, tmp_path)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
