import io
import re

import pytest

from wgan_tf.monitoring.progress import Progress

METRICS = {
    "critic_loss": -3.1,
    "wasserstein_estimate": 3.41234,
    "images_per_sec": 2310.4,
    "fid": float("nan"),
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_line_tells_step_time_left_rate_and_metrics() -> None:
    stream, clock = io.StringIO(), Clock()
    with Progress(20_000, stream=stream, clock=clock) as progress:
        clock.seconds += 48
        progress.update(1_200, METRICS)
    # 48 s for 1,200 steps leave 0.04 s * 18,800 = 752 s.
    assert stream.getvalue() == (
        "step 1,200/20,000  ETA 0:12:32  2,310 images/s  "
        "critic_loss -3.1  wasserstein_estimate 3.412  fid nan\n"
    )


def test_time_left_ignores_the_steps_before_a_resume() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(2_000, initial_step=1_000, stream=stream, clock=clock)
    progress.update(1_000, {})
    clock.seconds += 60
    progress.update(1_100, {})
    assert stream.getvalue().splitlines() == [
        "step 1,000/2,000  ETA unknown",
        "step 1,100/2,000  ETA 0:09:00",
    ]


def test_terminal_shows_a_bar_with_the_main_metrics() -> None:
    stream = Terminal()
    with Progress(2_000, initial_step=500, stream=stream) as progress:
        progress.update(1_000, METRICS)
    last = stream.getvalue().split("\r")[-1]
    assert re.search(r"50%\|.*\| step 1,000/2,000 \[", last)
    assert "2,310 images/s  wasserstein_estimate 3.412" in last
    assert "critic_loss" not in last
    assert last.endswith("\n")


def test_the_bar_alone_moves_between_summaries() -> None:
    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        with Progress(2_000, stream=stream) as progress:
            progress.advance(300)
    assert "step 300/2,000" in terminal.getvalue().split("\r")[-1]
    assert log.getvalue() == ""


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_message_has_a_line_of_its_own(stream: io.StringIO) -> None:
    with Progress(10, stream=stream) as progress:
        progress.update(1, METRICS)
        progress.log("checkpoint saved")
        progress.update(2, METRICS)
    lines = [re.split(r"[\r]", line)[-1].strip() for line in stream.getvalue().split("\n")]
    assert "checkpoint saved" in lines
