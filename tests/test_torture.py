"""The tool that interrupts runs, for a few interruptions of each kind."""

import pathlib
import subprocess
import sys

import pytest

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
