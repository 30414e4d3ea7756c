"""Measures how soon training answers a request to stop.

    python -m tools.stop_times --times=10 --within=120 -- --flagfile=configs/fashion_mnist.flags

Starts training with the options after `--` again and again, each time from where the last one
stopped, and sends SIGTERM at a random instant of its first `--within` seconds. Tells of each when
it was heard (a line on standard error), when the process ended, and the last line before. The
status is 1 if an end took longer than `--limit` seconds, or was not one in good order.
"""

import argparse
import dataclasses
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import IO

# The system's answer, while Python itself starts, is as good as ours.
IN_GOOD_ORDER = (42, -signal.SIGTERM)
LINE_CHARACTERS = 60


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of a request to stop.

    Attributes:
        asked_after: seconds from the start of the process to the signal.
        heard: seconds from the signal to the line that says so; None without one.
        ended: seconds from the signal to the end of the process.
        status: of the process.
        before: the last line on standard output before the signal.
    """

    asked_after: float
    heard: float | None
    ended: float
    status: int
    before: str

    def __str__(self) -> str:
        heard = "    -  " if self.heard is None else f"{self.heard:5.2f} s"
        return (
            f"after {self.asked_after:6.1f} s: heard {heard}, ended {self.ended:5.2f} s, "
            f"status {self.status}: {self.before[:LINE_CHARACTERS]}"
        )


def ask(options: Sequence[str], wait: float) -> Answer | None:
    """Trains, asks to stop after a time, and waits for the end; None where it came before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wgan_tf.main", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    output, errors = _Lines(process.stdout), _Lines(process.stderr)
    try:
        process.wait(wait)
    except subprocess.TimeoutExpired:
        pass
    else:
        return None
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait()
    ended = time.monotonic()
    before = [line for at, line in output.all() if at < asked]
    heard = [at for at, line in errors.all() if at >= asked and "Stop" in line]
    return Answer(
        asked_after=wait,
        heard=heard[0] - asked if heard else None,
        ended=ended - asked,
        status=process.returncode,
        before=before[-1] if before else "nothing was said yet",
    )


class _Lines:
    """The lines of a stream, and when each came."""

    def __init__(self, stream: IO[str] | None) -> None:
        assert stream is not None
        self._lines: list[tuple[float, str]] = []
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def all(self) -> list[tuple[float, str]]:
        """All, once the stream has ended."""
        self._thread.join()
        return self._lines

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            if line.strip():
                self._lines.append((time.monotonic(), line.strip()))


def main() -> int:
    """Measures as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10, help="requests to stop")
    parser.add_argument("--within", type=float, default=120.0, help="seconds from the start")
    parser.add_argument("--limit", type=float, default=5.0, help="seconds that an end may take")
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    parser.add_argument("options", nargs="*", help="of wgan_tf.main")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    answers: list[Answer] = []
    with tempfile.TemporaryDirectory() as workdir:
        options = [*arguments.options, f"--workdir={workdir}/run"]
        while len(answers) < arguments.times:
            answer = ask(options, chance.uniform(0, arguments.within))
            if answer is None:
                print("Training ended before it was asked to stop; take a smaller --within.")
                return 1
            print(answer, flush=True)
            answers.append(answer)
    longest = max(answer.ended for answer in answers)
    print(f"{len(answers)} requests to stop, each answered within {longest:.2f} s")
    is_good = all(answer.status in IN_GOOD_ORDER for answer in answers)
    return int(longest > arguments.limit or not is_good)


if __name__ == "__main__":
    sys.exit(main())
