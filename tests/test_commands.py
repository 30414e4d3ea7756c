"""The commands as a user runs them: exit statuses, messages, interruption."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.command_line import run, run_here, training_that_signals_itself
from wgan_tf import config as configuration
from wgan_tf import flagfile
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.serving.saved_model import read_model_card

# In one process, which makes the runs that the tests share once.
pytestmark = pytest.mark.xdist_group("processes")

TINY = [
    "--dataset=digits",
    "--dcgan_width=4",
    "--dcgan_start_size=2",
    "--batch_size=8",
    "--critic_steps=2",
    "--steps=40",
    "--steps_per_call=5",
    "--summary_every=5",
    "--checkpoint_every=10",
    "--sample_every=20",
]


def interrupt(number: signal.Signals, step: int, *options: str) -> int:
    """Trains until a signal comes at a step, and returns the exit status."""
    process = subprocess.run(
        training_that_signals_itself(number, step, *options),
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return process.returncode


def newest_variables(workdir: pathlib.Path) -> dict[str, np.ndarray]:
    path = tf.train.latest_checkpoint(str(workdir / "checkpoints"))
    reader = tf.train.load_checkpoint(path)
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if name.endswith("VARIABLE_VALUE") and "save_counter" not in name
    }


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def finished(data_dir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A run that nothing interrupted."""
    workdir = tmp_path_factory.mktemp("runs") / "finished"
    result = run("main", *TINY, f"--workdir={workdir}", f"--data_dir={data_dir}")
    assert result.returncode == 0, result.stderr
    # Another test of this module may have prepared them already.
    lines = result.stderr.splitlines()
    assert all(line.startswith("Preparing 1797 examples") for line in lines)
    assert len(lines) <= 1
    return workdir


def test_a_run_leaves_all_that_is_promised(finished: pathlib.Path) -> None:
    names = {path.name for path in finished.iterdir()}
    assert names >= {"config.flags", "checkpoints", "metrics.jsonl", "samples", "export"}
    assert [path.name for path in sorted((finished / "samples").iterdir())] == [
        "step_0000000.png",
        "step_0000020.png",
        "step_0000040.png",
    ]
    metrics = read_metrics(finished / "metrics.jsonl")
    assert [line["step"] for line in metrics] == list(range(5, 45, 5))
    assert metrics[-1].keys() >= {
        "critic_loss",
        "generator_loss",
        "wasserstein_estimate",
        "gradient_penalty",
        "images_per_sec",
    }
    saved = flagfile.from_flagfile((finished / "config.flags").read_text(), "config.flags")
    assert saved.dcgan_width == 4
    assert saved.workdir == str(finished)


def test_a_finished_run_is_left_as_it_is(finished: pathlib.Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    result = run_here("main", f"--flagfile={finished}/config.flags")
    assert result.returncode == 0
    assert "is done" in result.stdout
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before


def test_what_a_killed_process_left_of_a_finished_run_is_cleared(
    finished: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    whole = {path for path in copy.rglob("*") if path.name != ".lock"}
    (copy / ".owner.json").write_text('{"host": "here", "pid": 7, "began": "2020-02-02"}')
    for name in ("report.html", "samples/step_0000020.png"):
        (copy / name).with_name(f".{pathlib.Path(name).name}.{'0' * 32}.tmp").touch()
    result = run_here("main", f"--flagfile={copy}/config.flags", f"--workdir={copy}")
    assert result.returncode == 0, result.stderr
    assert {path for path in copy.rglob("*") if path.name != ".lock"} == whole


def test_an_export_that_was_interrupted_is_made_up_for(
    finished: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    shutil.rmtree(copy / "export")
    result = run_here("main", f"--flagfile={copy}/config.flags", f"--workdir={copy}")
    assert result.returncode == 0, result.stderr
    assert (copy / "export" / "1" / "saved_model.pb").exists()


def test_an_export_of_an_earlier_step_does_not_count(
    finished: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    card = copy / "export" / "1" / "assets.extra" / "model_card.json"
    card.write_text(card.read_text().replace('"step": 40', '"step": 20'))
    result = run_here("main", f"--flagfile={copy}/config.flags", f"--workdir={copy}")
    assert result.returncode == 0, result.stderr
    card = read_model_card(copy / "export")
    assert card is not None
    assert card.step == 40


def test_killed_and_run_again_ends_where_an_unbroken_run_ends(
    finished: pathlib.Path, data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    options = [*TINY, f"--workdir={tmp_path}/run", f"--data_dir={data_dir}"]
    assert interrupt(signal.SIGKILL, 15, *options) == -signal.SIGKILL
    result = run("main", *options)
    assert result.returncode == 0, result.stderr

    expected, actual = newest_variables(finished), newest_variables(tmp_path / "run")
    assert expected.keys() == actual.keys()
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)
    steps = [line["step"] for line in read_metrics(tmp_path / "run" / "metrics.jsonl")]
    assert steps == list(range(5, 45, 5))


def test_terminated_saves_its_state_and_goes_on(
    finished: pathlib.Path, data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    options = [
        *TINY,
        "--checkpoint_every=0",
        f"--workdir={tmp_path}/run",
        f"--data_dir={data_dir}",
    ]
    assert interrupt(signal.SIGTERM, 15, *options) == 42
    assert tf.train.latest_checkpoint(f"{tmp_path}/run/checkpoints") is not None
    assert run("main", *options).returncode == 0
    expected, actual = newest_variables(finished), newest_variables(tmp_path / "run")
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)


@pytest.mark.parametrize("set_by_user", [None, "1"])
def test_a_run_without_onednn_goes_on_without_or_not_at_all(
    set_by_user: str | None,
    finished: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    entries = json.loads((copy / "dataset.json").read_text())
    assert entries["onednn"] is True
    (copy / "dataset.json").write_text(json.dumps({**entries, "onednn": False}))
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    if set_by_user:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", set_by_user)
    result = run("main", f"--flagfile={copy}/config.flags", f"--workdir={copy}")
    if set_by_user is None:
        assert result.returncode == 0, result.stderr
        assert "is done" in result.stdout
    else:
        assert result.returncode == 2
        assert "set TF_ENABLE_ONEDNN_OPTS=0" in result.stderr


def test_sample_and_export(finished: pathlib.Path, tmp_path: pathlib.Path) -> None:
    pictures = []
    out = tmp_path / "grid.png"
    for start, seed in ((run, 1), (run_here, 1), (run_here, 2)):
        result = start("sample", f"--workdir={finished}", "--n=9", f"--seed={seed}", f"--out={out}")
        assert result.returncode == 0, result.stderr
        pictures.append(out.read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]

    before = {path.name for path in (finished / "export").iterdir()}
    result = run("export", f"--workdir={finished}")
    assert result.returncode == 0, result.stderr
    (version,) = {path.name for path in (finished / "export").iterdir()} - before
    assert int(version) == max(map(int, before)) + 1


def test_evaluating_a_run_while_it_trains_changes_no_bit_of_it(
    finished: pathlib.Path, data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    evaluated = tmp_path / "evaluated"
    options = [*TINY, f"--workdir={evaluated}", f"--data_dir={data_dir}", "--export=false"]
    evaluation = ["--eval_every=10", "--eval_split=train[:20%]", "--eval_samples=100"]
    result = run("main", *options, *evaluation, "--eval_features=random")
    assert result.returncode == 0, result.stderr
    expected = newest_variables(finished)
    actual = newest_variables(evaluated)
    assert set(actual) == set(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(actual[name], value, err_msg=name)
    lines = {line["step"]: line for line in read_metrics(evaluated / "metrics.jsonl")}
    names = {"held_out_wasserstein_estimate", "fid_random", "raw_fid_random"}
    assert {step for step, line in lines.items() if names <= set(line)} == {10, 20, 30, 40}
    least = min((lines[step]["fid_random"], step) for step in (10, 20, 30, 40))
    assert (evaluated / f"best/step-{least[1]}.index").exists()

    scores = tmp_path / "scores.json"
    result = run(
        *("evaluate", f"--workdir={evaluated}", "--checkpoint=best", "--n=100", f"--out={scores}")
    )
    assert result.returncode == 0, result.stderr
    values = json.loads(scores.read_text())["values"]
    assert values["fid_random"] == pytest.approx(least[0], rel=1e-5)
    assert "fid_random" in result.stdout


def test_report(finished: pathlib.Path, tmp_path: pathlib.Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    result = run("report", f"--workdir={copy}")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [f"{copy}/report.html"]
    page = (copy / "report.html").read_text()
    assert "has taken all 40 steps" in page
    assert "Training example" in page
    assert "Left out" not in page

    out = tmp_path / "both.html"
    result = run_here("report", f"--workdir={finished}", f"--workdir={copy}", f"--out={out}")
    assert result.returncode == 0, result.stderr
    assert "2 runs compared" in out.read_text()


@pytest.mark.parametrize(
    ("module", "options"),
    [("main", []), ("report", []), ("export", []), ("sample", ["--out={copy}/grid.png"])],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_full_disk_is_told_at_the_end_of_a_run_and_after(
    module: str,
    options: list[str],
    finished: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    (copy / "report.html").unlink(missing_ok=True)
    options = [option.format(copy=copy) for option in options]
    if module == "main":
        options.append(f"--flagfile={copy}/config.flags")
    before = {path for path in copy.rglob("*") if path.name != ".lock"}

    def write(file: tf.io.gfile.GFile, data: bytes) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, f"{file.name}; No space left on device")

    monkeypatch.setattr(tf.io.gfile.GFile, "write", write)
    result = run_here(module, f"--workdir={copy}", *options)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: The disk is full")
    assert {path for path in copy.rglob("*") if path.name != ".lock"} == before


def test_help_lists_every_option_once_below_its_heading() -> None:
    result = run("main", "--help")
    assert result.returncode == 0
    listed = re.findall(r"^  --(\w+)=", result.stdout, re.MULTILINE)
    own = ["accept_changes", "contact_sheet", "dry_run"]
    assert sorted(listed) == sorted([*own, *(field.name for field in configuration.fields())])
    headings = re.findall(r"^(\w.*):$", result.stdout, re.MULTILINE)
    assert headings[:3] == ["This command", "The run", "Data"]
    assert result.stdout.index("Steps and optimizers:") < result.stdout.index("--batch_size=")
    of_sample = run("sample", "--help")
    assert of_sample.returncode == 0
    assert re.findall(r"^  --(\w+)=", of_sample.stdout, re.MULTILINE)[0] == "out"


def test_the_home_folder_may_be_a_tilde(
    data_dir: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    options = ["--steps=1", "--sample_every=0", "--export=false", f"--data_dir={data_dir}"]
    result = run_here("main", *TINY, *options, "--workdir=~/run")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run" / "config.flags").exists()


def test_another_configuration_is_refused(finished: pathlib.Path) -> None:
    result = run_here("main", f"--flagfile={finished}/config.flags", "--batch_size=16")
    assert result.returncode == 2
    assert "--batch_size=16" in result.stderr
    assert "--batch_size=8" in result.stderr


def test_dry_run_writes_nothing(tmp_path: pathlib.Path) -> None:
    result = run_here(
        "main", *TINY, "--dry_run", f"--workdir={tmp_path}/run", f"--data_dir={tmp_path}/data"
    )
    assert result.returncode == 0, result.stderr
    assert "--dcgan_width=4" in result.stdout
    assert "1,797 examples" in result.stdout
    assert "Total params" in result.stdout
    assert not any(tmp_path.iterdir())


def test_what_is_registered_for_the_end_is_done_and_all_is_printed() -> None:
    script = (
        "import atexit; from wgan_tf import commands;"
        "atexit.register(print, 'registered'); print('printed'); commands.leave(42)"
    )
    environment = {name: os.environ[name] for name in os.environ if name != "TF_CONFIG"}
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert result.returncode == 42
    assert result.stdout.split() == ["printed", "registered"]
