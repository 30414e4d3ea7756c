"""What the commands say of mistakes and of what goes wrong: a sentence and a status."""

import errno
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from tests.command_line import run, run_here
from wgan_tf import commands
from wgan_tf.errors import DivergenceError, Status, Stopped, UserError


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--lipschitz=clip"], ["--lipschitz=clip", "weight_clipping"]),
        (["--bogus=1"], ["bogus"]),
        (["--flagfile=/absent.flags"], ["/absent.flags"]),
        (["--steps=many"], ["--steps=many"]),
        (["--export=maybe"], ["export", "maybe"]),
        (["--workdir="], ["--workdir"]),
        (["--lipschitz=weight_clipping", "--penalty_weight=1"], ["--penalty_weight=1"]),
        (["--dcgan_critic_norm=batch"], ["--dcgan_critic_norm=batch", "layer"]),
        (["--eval_every=5"], ["--eval_every=5", "--eval_split"]),
        (["--eval_split=test"], ["--eval_split", "'test'", "train (1797 examples)"]),
        (["--classes=ten"], ["--classes", "'ten'"]),
        (["extra"], ["extra"]),
        (["--dataset=folder:/absent"], ["folder:/absent"]),
        (["--workdir=/dev/null/run"], ["--workdir=/dev/null/run"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_mistake_is_one_sentence_and_status_2(
    options: list[str], named: list[str], tmp_path: pathlib.Path
) -> None:
    workdir = tmp_path / "run"
    result = run_here("main", f"--workdir={workdir}", f"--data_dir={tmp_path}/data", *options)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    for word in named:
        assert word in line
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("mistake", ["--lipschitz=clip", "--classes=ten"])
def test_nothing_else_is_said_whether_tensorflow_has_started_or_not(
    mistake: str, tmp_path: pathlib.Path
) -> None:
    result = run("main", f"--workdir={tmp_path}/run", f"--data_dir={tmp_path}/data", mistake)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert mistake.partition("=")[0] in line
    assert result.stdout == ""


def test_damaged_data_are_a_mistake(tmp_path: pathlib.Path) -> None:
    truncated = tmp_path / "idx" / "train-images-idx3-ubyte"
    truncated.parent.mkdir()
    truncated.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 8]) + b"12345")
    wrong_rank = tmp_path / "wrong_rank.npy"
    np.save(wrong_rank, np.zeros(7, np.uint8))
    for dataset, file in (
        (f"idx:{truncated.parent}", truncated),
        (f"npy:{wrong_rank}", wrong_rank),
    ):
        options = [f"--dataset={dataset}", f"--data_dir={tmp_path}/data"]
        result = run_here("main", *options, f"--workdir={tmp_path}/run")
        assert result.returncode == 2
        (line,) = result.stderr.splitlines()
        assert str(file) in line
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UserError("Mend it."), 2),
        (DivergenceError("Not finite."), 1),
        (OSError(errno.ENOSPC, "No space left on device"), 1),
        (tf.errors.ResourceExhaustedError(None, None, "x; No space left on device"), 1),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\ntensor"), 1),
        (MemoryError(), 1),
        (KeyboardInterrupt(), 42),
        (Stopped(), 42),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_goes_wrong_is_one_sentence(
    error: BaseException, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> Status:
        raise error

    with pytest.raises(SystemExit) as exit_:
        commands._told(fail)
    assert exit_.value.code == status
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("module", ["sample", "export", "report"])
def test_a_folder_without_a_run_is_a_mistake(module: str, tmp_path: pathlib.Path) -> None:
    extra = ["--out=x.png"] if module == "sample" else []
    result = run_here(module, f"--workdir={tmp_path}", *extra)
    assert result.returncode == 2
    assert str(tmp_path) in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_points_that_no_plane_shows_are_refused(tmp_path: pathlib.Path) -> None:
    np.save(tmp_path / "points.npy", np.zeros((10, 3), np.float32))
    options = ["--architecture=mlp", "--output_activation=linear", f"--data_dir={tmp_path}/data"]
    options += [f"--dataset=npy:{tmp_path}/points.npy", f"--workdir={tmp_path}/run"]
    result = run_here("main", *options)
    assert result.returncode == 2
    assert "points of 3 numbers" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["points.npy"]
