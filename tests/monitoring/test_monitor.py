import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from wgan_tf.monitoring.grids import density_plot, image_grid
from wgan_tf.monitoring.monitor import Monitor, charts_of
from wgan_tf.run_folder import RunFolder

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)
METRICS = {
    "critic_loss": -3.0,
    "generator_loss": 1.0,
    "wasserstein_estimate": 3.5,
    "gradient_penalty": 0.25,
    "images_per_sec": 100.0,
}


def picture(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def monitor_in(path: Path, **options: Any) -> Monitor:
    defaults: dict[str, Any] = {"total_steps": 20, "initial_step": 0, "stream": io.StringIO()}
    return Monitor(RunFolder(str(path)), **{**defaults, **options})


def test_charts_that_would_stay_empty_are_left_out() -> None:
    charts = charts_of(["critic_loss", "wasserstein_estimate", "fid_classifier", "images_per_sec"])
    assert {title for titled in charts.values() for title in titled} == {
        *("Wasserstein estimate", "Critic scores", "Losses"),
        *("Frechet distance", "Real images a second"),
    }
    assert charts_of([]) == {}


def test_summary_has_the_same_names_everywhere(tmp_path: Path) -> None:
    stream = io.StringIO()
    with monitor_in(tmp_path, stream=stream) as monitor:
        monitor.configuration("--steps=20\n--dataset=digits", {"steps": 20}, list(METRICS))
        monitor.summary(10, METRICS, {"critic/kernel": np.arange(9.0)})
        monitor.samples(10, IMAGES)
        monitor.log("done")
    line = json.loads((tmp_path / "metrics.jsonl").read_text())
    assert line == {"step": 10, "time": line["time"], **METRICS}
    assert stream.getvalue().startswith("step 10/20  ETA ")
    assert stream.getvalue().endswith("\ndone\n")

    runs = EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload().Runs()
    assert list(runs) == ["tensorboard"]
    assert set(runs["tensorboard"]["tensors"]) == {
        *METRICS,
        "critic/kernel",
        "samples",
        "configuration",
        "_hparams_/session_start_info",
        "custom_scalars__config__",
    }


def test_images_are_written_as_a_grid(tmp_path: Path) -> None:
    with monitor_in(tmp_path) as monitor:
        monitor.samples(1234567, IMAGES)
        monitor.samples(5, IMAGES[..., :1])
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == [
        "step_0000005.png",
        "step_1234567.png",
    ]
    samples = tmp_path / "samples"
    np.testing.assert_array_equal(picture(samples / "step_1234567.png"), image_grid(IMAGES))
    assert picture(samples / "step_0000005.png").ndim == 2


def test_points_are_drawn_over_the_reference(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(50, 2))
    reference = np.random.default_rng(1).normal(size=(80, 2))
    with monitor_in(tmp_path, reference_points=reference) as monitor:
        monitor.samples(5, points)
    expected = density_plot(points, reference)
    np.testing.assert_array_equal(picture(tmp_path / "samples" / "step_0000005.png"), expected)


def test_points_need_a_reference(tmp_path: Path) -> None:
    with (
        monitor_in(tmp_path) as monitor,
        pytest.raises(ValueError, match="reference points"),
    ):
        monitor.samples(5, np.zeros((3, 2)))


def test_resumed_run_has_each_step_once(tmp_path: Path) -> None:
    for initial_step, steps in ((0, range(1, 11)), (5, range(6, 8))):
        with Monitor(
            RunFolder(str(tmp_path)),
            total_steps=20,
            initial_step=initial_step,
            stream=io.StringIO(),
        ) as monitor:
            for step in steps:
                monitor.summary(step, METRICS)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]


def test_monitor_closes_after_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyError),
        monitor_in(tmp_path) as monitor,
    ):
        monitor.summary(1, METRICS)
        raise KeyError
    runs = EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload().Runs()
    assert set(runs["tensorboard"]["tensors"]) == set(METRICS)
