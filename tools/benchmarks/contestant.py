"""What takes turns: a way to train, compiled and ready, in this process."""

import importlib
import itertools
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol


class Turn(NamedTuple):
    """A turn as it was timed.

    Attributes:
        images: real ones that passed through the critic.
        steps: generator steps, in which the critic's are.
        seconds: that it took.
    """

    images: int
    steps: int
    seconds: float


class Contestant(Protocol):
    """Something to be timed; its first turn compiles."""

    def turn(self, steps: int) -> Turn:
        """Takes so many generator steps, each with its critic steps, and waits for the last."""


# Where each is made, and from what: `Config`'s, or what `networks_as_json` writes of one.
OURS = {
    "loop": "ours:Loop",
    "bare": "ours:BareStep",
    "floor": "kernel_floor:KernelFloor",
    "keras": "keras_user:KerasFit",
    "keras_without_xla": "keras_user:KerasFitWithoutXla",
}
PYTORCH = {"torch": False, "torch_compiled": True}


def timed(steps: int, batch_size: int, critic_steps: int, take: Callable[[], object]) -> Turn:
    """Times what takes generator steps that have equally many critic steps each."""
    began = time.perf_counter()
    take()
    seconds = time.perf_counter() - began
    return Turn(steps * critic_steps * batch_size, steps, seconds)


def make(kind: str, config: object) -> Contestant:
    """Imports and makes a contestant of `OURS`."""
    module, _, name = OURS[kind].partition(":")
    contestant: Contestant = getattr(importlib.import_module(f"benchmarks.{module}"), name)(config)
    return contestant


def serve(made: Callable[[], Contestant]) -> None:
    """Makes a contestant, takes two steps, and a turn for each line of standard input.

    A line is a number of steps; the answers are lines of JSON, of each turn its fields and the most
    memory that the process has had so far. The first two are of the first step, which compiles, and
    of the second.
    """
    answers = sys.stdout
    # What else is printed is no answer.
    sys.stdout = sys.stderr
    contestant = made()
    for line in itertools.chain("11", sys.stdin):
        turn = contestant.turn(int(line))
        # Linux tells kibibytes, macOS bytes.
        unit = 1024**2 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
        print(json.dumps({**turn._asdict(), "peak_mebibytes": peak}), file=answers, flush=True)
