"""Some of what `tools/fuzz.py` does at length."""

import pytest

from tests.conftest import ParseFlags
from tools import fuzz

SEED = 14


def test_random_command_lines_are_taken_or_refused_in_a_line(parse_flags: ParseFlags) -> None:
    del parse_flags  # It has defined the flags.
    outcomes, failures = fuzz.run_cases("options", range(150), SEED)
    assert not failures
    assert outcomes["accepted"] > 20
    assert outcomes["refused"] > 20


def test_mangled_files_are_read_or_refused_in_a_line() -> None:
    outcomes, failures = fuzz.run_cases("files", range(60), SEED)
    assert not failures
    assert sum(outcomes.values()) - outcomes["refused"] > 5
    assert outcomes["refused"] > 20


def test_what_is_neither_taken_nor_refused_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*arguments: object) -> str:
        while True:
            pass

    def fail(*arguments: object) -> str:
        raise KeyError("class_names")

    monkeypatch.setitem(fuzz.CASES, "files", hang)
    _, failures = fuzz.run_cases("files", range(1), SEED, seconds=0.05)
    assert "TooSlowError" in failures[0]
    monkeypatch.setitem(fuzz.CASES, "files", fail)
    assert "KeyError" in fuzz.run_cases("files", range(7, 8), SEED)[1][7]
