import math
import pathlib

import numpy as np
import pytest

from tests.reporting.conftest import LINES, MakeRun
from wgan_tf.errors import UserError
from wgan_tf.reporting import runs
from wgan_tf.reporting.runs import read_runs
from wgan_tf.run_folder import RunFolder


def test_a_run_is_read_as_its_folder_has_it(make_run: MakeRun) -> None:
    folder = make_run()
    (run,) = read_runs([folder])
    assert run.name == "run"
    assert run.step == 800
    assert run.metric_names() == list(LINES[0])
    steps, values = run.series("wasserstein_estimate")
    np.testing.assert_array_equal(steps, range(100, 900, 100))
    np.testing.assert_array_equal(values, [line["wasserstein_estimate"] for line in LINES])
    assert [grid.step for grid in run.grids] == [0, 400, 800]
    files = sorted(pathlib.Path(folder.samples).iterdir())
    assert [grid.png for grid in run.grids] == [file.read_bytes() for file in files]


def test_a_value_that_was_not_finite_is_nan_and_one_that_was_not_taken_is_left_out(
    make_run: MakeRun,
) -> None:
    (run,) = read_runs([make_run(lines=[{"a": 1.0}, {"a": math.inf, "b": 2.0}, {"a": 3.0}])])
    np.testing.assert_array_equal(run.series("a")[1], [1, math.nan, 3])
    np.testing.assert_array_equal(run.series("b"), [[200], [2]])


def test_time_is_the_images_over_the_rates(make_run: MakeRun) -> None:
    lines = [{"images_per_sec": 500.0}, {"images_per_sec": 250.0}]
    (run,) = read_runs([make_run(lines=lines, critic_steps=5, batch_size=10)])
    # 100 steps of 5 batches of 10 images, twice.
    assert run.training_seconds() == 5000 / 500 + 5000 / 250
    (bare,) = read_runs([make_run("bare", lines=[{"a": 1.0}])])
    assert bare.training_seconds() is None


def test_names_tell_runs_apart(make_run: MakeRun) -> None:
    folders = [make_run(name) for name in ("a/seed_0", "b/seed_0", "b/seed_1")]
    assert [run.name for run in read_runs(folders)] == ["a/seed_0", "b/seed_0", "b/seed_1"]


def test_of_many_grids_some_are_kept_from_the_first_to_the_last(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run()
    source = pathlib.Path(folder.samples, "step_0000000.png").read_bytes()
    for step in range(1, 100):
        pathlib.Path(folder.samples, f"step_{step:07d}.png").write_bytes(source)
    (run,) = read_runs([folder])
    assert len(run.grids) == runs.MAX_GRIDS
    assert (run.grids[0].step, run.grids[-1].step) == (0, 800)
    monkeypatch.setattr(runs, "MAX_GRID_BYTES", 5 * len(source))
    (run,) = read_runs([folder])
    assert len(run.grids) <= 5
    assert (run.grids[0].step, run.grids[-1].step) == (0, 800)


def test_a_folder_without_a_run_is_told(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UserError, match=r"--workdir=.*holds no run"):
        read_runs([RunFolder(str(tmp_path))])
