from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from wgan_tf.monitoring.tensorboard import Summaries


def read(logdir: Path) -> EventAccumulator:
    return EventAccumulator(str(logdir), size_guidance={"tensors": 0}).Reload()


def points(events: EventAccumulator, name: str) -> list[tuple[int, float]]:
    return [(e.step, float(tf.make_ndarray(e.tensor_proto))) for e in events.Tensors(name)]


def plugin(events: EventAccumulator, name: str) -> str:
    return events.SummaryMetadata(name).plugin_data.plugin_name


def process(logdir: Path, initial_step: int, report: Callable[[Summaries], None]) -> None:
    """What one process of a run writes, as though the next one starts a second later."""
    summaries = Summaries(logdir, initial_step)
    report(summaries)
    summaries.close()
    # TensorBoard reads event files in the order of their names, which begin with the second.
    (path,) = logdir.glob("events.out.tfevents.*.*")
    order = len(list(logdir.glob("events.out.tfevents.0*")))
    path.rename(logdir / f"events.out.tfevents.{order:010d}")


def losses(steps: range, offset: float) -> Callable[[Summaries], None]:
    def report(summaries: Summaries) -> None:
        for step in steps:
            summaries.scalars(step, {"critic_loss": step + offset})

    return report


def test_resumed_run_shows_each_step_once(tmp_path: Path) -> None:
    process(tmp_path, 0, losses(range(1, 11), 0.0))
    process(tmp_path, 5, losses(range(6, 8), 0.5))
    expected = [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 5.0), (6, 6.5), (7, 7.5)]
    assert points(read(tmp_path), "critic_loss") == expected


def test_run_resumed_twice_shows_each_step_once(tmp_path: Path) -> None:
    process(tmp_path, 0, losses(range(1, 5), 0.0))
    process(tmp_path, 2, losses(range(3, 5), 0.25))
    process(tmp_path, 3, losses(range(4, 6), 0.5))
    expected = [(1, 1.0), (2, 2.0), (3, 3.25), (4, 4.5), (5, 5.5)]
    assert points(read(tmp_path), "critic_loss") == expected


def test_run_that_starts_over_shows_nothing_of_before(tmp_path: Path) -> None:
    process(tmp_path, 0, losses(range(0, 9), 0.0))
    process(tmp_path, 0, losses(range(0, 2), 0.5))
    assert points(read(tmp_path), "critic_loss") == [(0, 0.5), (1, 1.5)]


def test_scalars_keep_their_names_and_values(tmp_path: Path) -> None:
    metrics = {"wasserstein_estimate": np.float32(3.5), "generator_loss": float("nan")}
    process(tmp_path, 0, lambda summaries: summaries.scalars(7, metrics))
    events = read(tmp_path)
    assert points(events, "wasserstein_estimate") == [(7, 3.5)]
    ((step, value),) = points(events, "generator_loss")
    assert step == 7
    assert np.isnan(value)
    assert plugin(events, "generator_loss") == "scalars"


def test_histogram_counts_the_finite_values(tmp_path: Path) -> None:
    values = np.array([[0.0, 1.0, np.nan], [1.0, 4.0, np.inf]], np.float32)
    process(tmp_path, 0, lambda summaries: summaries.histogram(3, "critic/kernel", values))
    events = read(tmp_path)
    (event,) = events.Tensors("critic/kernel")
    buckets = tf.make_ndarray(event.tensor_proto)
    assert (event.step, plugin(events, "critic/kernel")) == (3, "histograms")
    assert (buckets[0, 0], buckets[-1, 1]) == (0.0, 4.0)
    for value, count in ((0.0, 1), (1.0, 2), (4.0, 1)):
        holding = (buckets[:, 0] <= value) & (value <= buckets[:, 1]) & (buckets[:, 2] > 0)
        assert buckets[holding, 2].tolist() == [count]
    assert buckets[:, 2].sum() == 4


@pytest.mark.parametrize("channels", [1, 3])
def test_image_reads_back_equal(tmp_path: Path, channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    process(tmp_path, 0, lambda summaries: summaries.image(4, "samples", image))
    events = read(tmp_path)
    (event,) = events.Tensors("samples")
    width, height, png = event.tensor_proto.string_val
    assert (event.step, plugin(events, "samples")) == (4, "images")
    assert (width, height) == (b"7", b"5")
    np.testing.assert_array_equal(tf.io.decode_png(png), image)


def test_text_is_there_before_the_run_ends(tmp_path: Path) -> None:
    summaries = Summaries(tmp_path, 0)
    summaries.text(0, "configuration", "*steps*")
    summaries.flush()
    events = read(tmp_path)
    (event,) = events.Tensors("configuration")
    summaries.close()
    assert tf.make_ndarray(event.tensor_proto).tolist() == b"*steps*"
    assert plugin(events, "configuration") == "text"
