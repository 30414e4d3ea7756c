"""The tools that interrupt runs, for a few interruptions of each kind."""

import pathlib
import subprocess
import sys

import pytest

from tools.torture import OPTIONS

REPOSITORY = pathlib.Path(__file__).parents[1]


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("how", ["kill", "stop", "damage"])
def test_interrupted_runs_end_as_an_unbroken_one(how: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tools.torture", f"--how={how}", "--times=4", "--seed=3"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("0 differences\n")


@pytest.mark.long
def test_how_soon_a_stop_is_answered_is_measured(tmp_path: pathlib.Path) -> None:
    measurement = ["--times=2", "--within=8", "--limit=60", "--seed=1"]
    options = [*OPTIONS, "--steps=100000", f"--data_dir={tmp_path}"]
    result = subprocess.run(
        [sys.executable, "-m", "tools.stop_times", *measurement, "--", *options],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    *answers, last = result.stdout.splitlines()
    assert len(answers) == 2
    assert last.startswith("2 requests to stop, each answered within ")
