"""Contestants as processes that take turns, and what is told of them."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.contestant import Turn
from wgan_tf.errors import UserError

# As it was before TensorFlow was imported here, which sets some for itself.
_ENVIRONMENT = dict(os.environ)


class Start(NamedTuple):
    """How a contestant began.

    Attributes:
        seconds: from the command to the end of the first step.
        compile_seconds: by which the first step took longer than the second.
    """

    seconds: float
    compile_seconds: float


class Team:
    """Processes that take each turn together: one, or the workers of one run."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self._processes = processes
        self.peak_mebibytes = 0.0

    def start(self, began: float) -> Start:
        """Waits for the first two steps of all."""
        first = [self._answer(process).seconds for process in self._processes]
        seconds = time.perf_counter() - began
        second = [self._answer(process).seconds for process in self._processes]
        return Start(seconds, max(0.0, max(first) - max(second)))

    def turn(self, steps: int) -> Turn:
        """A turn of all; of the one that took the longest."""
        for process in self._processes:
            assert process.stdin is not None
            print(steps, file=process.stdin, flush=True)
        return max((self._answer(process) for process in self._processes), key=lambda t: t.seconds)

    def _answer(self, process: subprocess.Popen[str]) -> Turn:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise UserError(
                f"A process to compare with ended with status {process.wait()}; see above."
            )
        answer = json.loads(line)
        self.peak_mebibytes = max(self.peak_mebibytes, answer.pop("peak_mebibytes"))
        return Turn(**answer)


@contextlib.contextmanager
def process(
    arguments: Sequence[str], environment: Mapping[str, str], core: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process of Python that answers as `contestant.serve` does, and ends with the block.

    Args:
        arguments: the interpreter and its arguments.
        environment: what is other in it than here.
        core: the only one that it may use.
    """
    with subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Threads that wait for work take none from the others.
        env={**_ENVIRONMENT, "OMP_WAIT_POLICY": "PASSIVE", **environment},
    ) as started:
        if core is not None:
            # Before the process imports TensorFlow, which makes a thread a core.
            os.sched_setaffinity(started.pid, {core})
        try:
            yield started
        finally:
            started.kill()


def compare(
    teams: Mapping[str, Team], starts: Mapping[str, Start], rounds: int, steps: int
) -> dict[str, Any]:
    """Has all take turns, and sums up.

    Returns:
        By contestant: medians over the rounds, their range, and the median of each round's ratio
        of its rate to the first contestant's.
    """
    turns: dict[str, list[Turn]] = {name: [] for name in teams}
    for _ in range(rounds):
        for name, team in teams.items():
            turns[name].append(team.turn(steps))
    rates = {name: [turn.images / turn.seconds for turn in turns[name]] for name in teams}
    first = next(iter(rates.values()))
    return {
        name: {
            "images_per_sec": statistics.median(rates[name]),
            "images_per_sec_range": [min(rates[name]), max(rates[name])],
            "ratio_to_first": statistics.median(
                rate / other for rate, other in zip(rates[name], first, strict=True)
            ),
            "seconds_per_generator_step": statistics.median(
                turn.seconds / turn.steps for turn in turns[name]
            ),
            "seconds_to_first_step": starts[name].seconds,
            "compile_seconds": starts[name].compile_seconds,
            "peak_mebibytes": team.peak_mebibytes,
        }
        for name, team in teams.items()
    }


def table(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """A table in Markdown of what `compare` gives."""
    lines = [
        "| | images/s (range) | ratio | s a generator step | s to the first step (compiling) "
        "| peak MiB |",
        "|---|---|---|---|---|---|",
    ]
    for name, of in measured.items():
        low, high = of["images_per_sec_range"]
        lines.append(
            f"| {name} | {of['images_per_sec']:,.0f} ({low:,.0f} to {high:,.0f}) "
            f"| {of['ratio_to_first']:.3f} | {of['seconds_per_generator_step']:.4f} "
            f"| {of['seconds_to_first_step']:.1f} ({of['compile_seconds']:.1f}) "
            f"| {of['peak_mebibytes']:,.0f} |"
        )
    return "\n".join(lines)


def python(*arguments: str) -> list[str]:
    """This interpreter with some arguments."""
    return [sys.executable, *arguments]
