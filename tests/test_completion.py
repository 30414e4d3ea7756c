import dataclasses
import os
import pathlib
import shutil

import pytest

from wgan_tf import completion
from wgan_tf.completion import COPY, EXPORT, REPORT, make_good, missing
from wgan_tf.config import Config
from wgan_tf.run_folder import RunFolder
from wgan_tf.training.checkpoint_folder import CheckpointFolder

STEP = 5


@pytest.fixture
def config(tmp_path: pathlib.Path) -> Config:
    return Config(workdir=str(tmp_path / "run"))


@pytest.fixture
def folder(config: Config, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A finished run whose parts are stand-ins: a version's card is its step."""
    folder = RunFolder(config.workdir, {"AIP_MODEL_DIR": str(tmp_path / "published")})
    write(f"{folder.checkpoints}/step-{STEP}.index", "")
    CheckpointFolder(folder.checkpoints).write_list()
    monkeypatch.setattr(completion, "exported_steps", steps)
    monkeypatch.setattr(
        completion.reporting, "write_report", lambda runs, path: write(path, "report")
    )
    return folder


def write(path: str, text: str) -> None:
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(path).write_text(text)


def steps(exports: str) -> set[int]:
    return {int(file.read_text()) for file in pathlib.Path(exports).glob("*/card")}


def export(folder: RunFolder) -> str:
    path = f"{folder.exports}/1"
    write(f"{path}/card", str(STEP))
    write(f"{path}/variables/data", "weights")
    assert folder.published_model
    shutil.copytree(path, folder.published_model, dirs_exist_ok=True)
    return path


def complete(config: Config, folder: RunFolder) -> list[str]:
    told: list[str] = []
    make_good(config, folder, STEP, lambda: export(folder), told.append)
    return told


def test_everything_is_missing_at_first_and_nothing_after(
    config: Config, folder: RunFolder
) -> None:
    assert missing(config, folder, STEP) == [EXPORT, REPORT]
    assert complete(config, folder) == [f"{folder.exports}/1", folder.report_file]
    assert missing(config, folder, STEP) == []
    assert complete(config, folder) == []


def test_what_is_not_wanted_is_not_missing(config: Config, folder: RunFolder) -> None:
    assert missing(dataclasses.replace(config, export=False), folder, STEP) == [REPORT]
    assert missing(dataclasses.replace(config, report=False), folder, STEP) == [EXPORT]


@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_a_published_copy_is_made_whole(damage: str, config: Config, folder: RunFolder) -> None:
    complete(config, folder)
    assert folder.published_model
    copied = pathlib.Path(folder.published_model, "variables", "data")
    if damage == "gone":
        copied.unlink()
    else:
        copied.write_text({"cut": "wei", "other": "WEIGHTS"}[damage])
    assert missing(config, folder, STEP) == [COPY]
    assert complete(config, folder) == [folder.published_model]
    assert copied.read_text() == "weights"


def test_a_report_of_an_earlier_end_is_missing(config: Config, folder: RunFolder) -> None:
    complete(config, folder)
    checkpoint = f"{folder.checkpoints}/step-{STEP}.index"
    later = os.stat(folder.report_file).st_mtime + 5  # noqa: PTH116
    os.utime(checkpoint, (later, later))
    assert missing(config, folder, STEP) == [REPORT]


def test_another_steps_export_is_not_the_last(config: Config, folder: RunFolder) -> None:
    complete(config, folder)
    write(f"{folder.exports}/2/card", "3")
    assert missing(config, folder, STEP) == [COPY]
    shutil.rmtree(f"{folder.exports}/1")
    assert missing(config, folder, STEP) == [EXPORT, COPY]
