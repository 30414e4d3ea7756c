"""Gives the package options and files that are wrong, and looks at how it takes them.

    python tools/fuzz.py --options=10000 --files=2000 --seed=0

Every case runs through the code that commands run: it has to work, or to be refused in one line,
within `--seconds`. A case that does not is told with its traceback and with what shows it again,
`--only=options:123` or `--only=files:123` beside the same `--seed`. The status is 1 if there is
any.
"""

import argparse
import collections
import contextlib
import dataclasses
import faulthandler
import io
import os
import pathlib
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

if __name__ == "__main__":
    # Whoever imports this has TensorFlow already.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import numpy as np
from absl.testing import flagsaver

from tools import fuzz_files
from tools.mangling import command_line, random_value
from wgan_tf import commands, flagfile
from wgan_tf.data.selection import select_classes
from wgan_tf.errors import UserError
from wgan_tf.evaluate import EvaluateOptions
from wgan_tf.options import check_alone, parse_value
from wgan_tf.runner import check_data
from wgan_tf.sample import SampleOptions
from wgan_tf.training.chosen_checkpoint import parse_checkpoint

LONGEST_MESSAGE = 2000
DATA_DIR = "data"


class TooSlowError(Exception):
    """A case has not ended in its time."""


def try_options(random: np.random.Generator, folder: pathlib.Path) -> str:
    """Trains with a random command line up to where the examples are prepared."""
    if random.integers(8) == 0:
        return _try_other_command(random)
    line = command_line(random, str(folder / "run"), str(folder / DATA_DIR))
    with flagsaver.flagsaver():
        commands.parse(["fuzz", *line])
        config = commands.config_from_flags()
    text = flagfile.to_flagfile(config)
    if flagfile.from_flagfile(text, "config.flags") != config:
        raise AssertionError(f"{line} do not come back from their flagfile:\n{text}")
    text.encode()
    flagfile.to_readable(config)
    check_data(config)
    return "accepted"


def _try_other_command(random: np.random.Generator) -> str:
    """Reads the options of a command that uses a run, a checkpoint and a class among them."""
    options = (SampleOptions, EvaluateOptions)[random.integers(2)]
    values: dict[str, Any] = {}
    for field in dataclasses.fields(options):
        if random.integers(3) == 0:
            values[field.name] = parse_value(field, random_value(field, random))
            check_alone(field, values[field.name])
    options(**values)
    parse_checkpoint(values.get("checkpoint", "last"))
    select_classes(np.arange(9) % 3, ("a, b", "1", "c"), (values.get("label") or "1",))
    return "accepted"


def try_file(random: np.random.Generator, folder: pathlib.Path) -> str:
    """Reads a mangled file of a random kind."""
    kinds = fuzz_files.KINDS
    name = sorted(kinds)[random.integers(len(kinds))]
    kinds[name](random, folder)
    return f"{name} read"


def run_case(
    kind: str, number: int, seed: int, folder: pathlib.Path, seconds: float
) -> tuple[str, str | None]:
    """Runs one case: what came of it, and what is wrong with that, if anything."""
    case = CASES[kind]
    random = np.random.default_rng((seed, list(CASES).index(kind), number))
    told = io.StringIO()
    try:
        with _limited(seconds), contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
            return case(random, folder), None
    except UserError as error:
        message = str(error)
        if "\n" in message or len(message) > LONGEST_MESSAGE or not message.endswith("."):
            return "told badly", message
        return "refused", None
    except BaseException:
        return "failed", traceback.format_exc()


CASES: dict[str, Callable[[np.random.Generator, pathlib.Path], str]] = {
    "options": try_options,
    "files": try_file,
}


def run_cases(
    kind: str, numbers: range, seed: int, seconds: float = 20.0
) -> tuple[collections.Counter[str], dict[int, str]]:
    """Runs many cases: how often what came of them, and what is wrong with some, by number."""
    outcomes: collections.Counter[str] = collections.Counter()
    failures = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number in numbers:
            folder = pathlib.Path(scratch) / str(number)
            folder.mkdir()
            outcome, failure = run_case(kind, number, seed, folder, seconds)
            outcomes[outcome] += 1
            if failure is not None:
                failures[number] = failure
            fuzz_files.remove(folder)
    return outcomes, failures


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raises `TooSlowError` after a time; ends the process where Python does not hear of it."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlowError(f"not done after {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(3 * seconds, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, previous)


def main() -> int:
    """Runs the cases that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--options", type=int, default=1000, help="command lines to try")
    parser.add_argument("--files", type=int, default=200, help="mangled files to try")
    parser.add_argument("--seed", type=int, default=0, help="of all of them")
    parser.add_argument("--seconds", type=float, default=20.0, help="that a case may take")
    parser.add_argument("--only", help="one case, such as files:123")
    arguments = parser.parse_args()
    commands.define_config_flags()
    wanted = {"options": range(arguments.options), "files": range(arguments.files)}
    if arguments.only:
        kind, _, number = arguments.only.partition(":")
        wanted = {kind: range(int(number), int(number) + 1)}
    is_wrong = False
    for kind, numbers in wanted.items():
        start = time.monotonic()
        outcomes, failures = run_cases(kind, numbers, arguments.seed, arguments.seconds)
        took = time.monotonic() - start
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items()))
        print(f"{len(numbers):,} {kind} of seed {arguments.seed} in {took:.0f} s: {counts}")
        for number, failure in failures.items():
            print(f"\n--only={kind}:{number} --seed={arguments.seed}\n{failure}")
        is_wrong = is_wrong or bool(failures)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
