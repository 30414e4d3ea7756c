import datetime
import json
from pathlib import Path

import numpy as np
import pytest

from wgan_tf.errors import UserError
from wgan_tf.monitoring.metrics_log import MetricsLog, read_metrics


def written(path: Path, steps: range) -> MetricsLog:
    log = MetricsLog(path)
    for step in steps:
        log.append(step, {"critic_loss": step / 3})
    return log


def steps_in(path: Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def test_each_summary_is_one_line_that_reads_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path)
    assert not path.exists()
    log.append(1, {"critic_loss": -0.1, "generator_loss": 2.0})
    log.append(2, {"critic_loss": np.float32(0.25)})
    lines = path.read_text().split("\n")
    read = [json.loads(line) for line in lines[:2]]
    for line in read:
        told = datetime.datetime.fromisoformat(line.pop("time"))
        age = datetime.datetime.now(datetime.UTC) - told
        assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=5)
    assert read == [
        {"step": 1, "critic_loss": -0.1, "generator_loss": 2.0},
        {"step": 2, "critic_loss": 0.25},
    ]
    assert lines[2:] == [""]
    assert read_metrics(path) == [json.loads(line) for line in lines[:2]]


def test_non_finite_values_are_null_in_standard_json(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    MetricsLog(path).append(1, {"a": float("nan"), "b": float("-inf"), "c": np.float32("inf")})
    assert path.read_text().endswith('"a": null, "b": null, "c": null}\n')


def test_resuming_drops_the_lost_future(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = written(path, range(0, 100, 10))
    kept = path.read_text().splitlines()[:6]
    log.resume_at(55)
    assert path.read_text().splitlines() == kept
    log.append(60, {"critic_loss": 1.0})
    assert steps_in(path) == [0, 10, 20, 30, 40, 50, 60]
    assert [entry.name for entry in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_resuming_keeps_the_line_of_that_very_step(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    written(path, range(1, 9)).resume_at(5)
    assert steps_in(path) == [1, 2, 3, 4, 5]


def test_a_run_that_starts_over_has_no_past(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = written(path, range(0, 5))
    log.resume_at(0)
    log.append(0, {"critic_loss": 1.0})
    assert steps_in(path) == [0]


def test_a_half_written_last_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = written(path, range(1, 4))
    with path.open("a") as file:
        file.write('{"step": 4, "critic')
    assert [line["step"] for line in read_metrics(path)] == [1, 2, 3]
    log.resume_at(10)
    log.append(4, {"critic_loss": 1.0})
    assert steps_in(path) == [1, 2, 3, 4]


def test_resuming_without_a_file_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    MetricsLog(path).resume_at(5)
    assert not path.exists()
    assert read_metrics(path) == []


@pytest.mark.parametrize("damaged", ["\x00\x00", "[1]", '{"critic_loss": 1.0}', '{"step": "x"}'])
def test_a_damaged_line_is_named(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"step": 1}}\n{damaged}\n{{"step": 3}}\n')
    with pytest.raises(UserError, match=f"Line 2 of {path}"):
        MetricsLog(path).resume_at(5)
    assert len(path.read_text().splitlines()) == 3
