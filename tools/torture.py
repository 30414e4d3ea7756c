"""Interrupts a small run again and again, and compares what comes of it with an unbroken run.

    python -m tools.torture                      # 100 kills
    python -m tools.torture --how=stop           # SIGTERM in place of SIGKILL
    python -m tools.torture --how=damage         # kills, and a damaged file before each restart
    python -m tools.torture --how=full           # a disk that fills; needs root, to mount it

Each time the same command is started again, and interrupted at a random instant from its start-up
to the end of its report. When a run comes to its end it must be the unbroken one: every variable of
every checkpoint, every line of metrics but for what the clock says, every sample grid, the set of
files, and what TensorBoard shows. Then another begins, until there were enough interruptions.
"""

import argparse
import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.training.checkpoint_folder import CheckpointFolder

OPTIONS = (
    "--dataset=digits",
    "--architecture=mlp",
    "--mlp_generator_units=8",
    "--mlp_critic_units=8",
    "--latent_dim=4",
    "--batch_size=8",
    "--critic_steps=2",
    "--steps=60",
    "--steps_per_call=3",
    "--summary_every=7",
    "--sample_every=20",
    "--checkpoint_every=10",
    "--keep_checkpoints=2",
    "--eval_every=20",
    "--eval_split=train[:20%]",
    "--eval_samples=100",
    "--eval_features=pixels",
    "--eval_metrics=sliced_wasserstein",
)
CLOCK = ("time", "images_per_sec")
# What TensorBoard shows at the steps of a run; texts and the like are written at every start.
SHOWN = ("scalars", "histograms", "images")
DAMAGED = (
    "checkpoints/checkpoint",
    "best/best.json",
    "config.flags",
    "dataset.json",
    "export/1/assets.extra/model_card.json",
)
DAMAGED_DATA = ("wgan_tf_stores/*/*",)
ALLOWED = {"kill": {0, -signal.SIGKILL}, "stop": {0, 42, -signal.SIGTERM}}


def main() -> int:
    """Interrupts runs as the command line says; 1 if one differs from the unbroken run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--how", choices=("kill", "stop", "damage", "full"), default="kill")
    parser.add_argument("--times", type=int, default=100, help="interruptions in all")
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as scratch,
        _Torture(pathlib.Path(scratch), random.Random(arguments.seed)) as torture,
    ):
        while torture.interruptions < arguments.times:
            torture.run(arguments.how)
            print(torture.summary(), flush=True)
        return int(bool(torture.failures))


class _Torture:
    """One unbroken run, and others that are interrupted until they end as it did."""

    def __init__(self, scratch: pathlib.Path, chance: random.Random) -> None:
        self._scratch = scratch
        self._chance = chance
        self._mounted: list[pathlib.Path] = []
        self.interruptions = 0
        self.failures: list[str] = []
        self._outcomes: Counter[str] = Counter()
        self._answers: list[float] = []
        self._runs = 0
        self._unbroken = scratch / "unbroken"
        self._start(self._unbroken).communicate()
        began = time.monotonic()
        process = self._start(scratch / "timed")
        process.communicate()
        if process.returncode:
            raise SystemExit("The run cannot be made at all.")
        self._seconds = time.monotonic() - began

    def __enter__(self) -> "_Torture":
        return self

    def __exit__(self, *_: object) -> None:
        for folder in self._mounted:
            subprocess.run(["umount", folder], check=False)

    def run(self, how: str) -> None:
        """Interrupts one run until it ends, and compares it."""
        self._runs += 1
        workdir = self._scratch / f"run{self._runs}"
        if how == "full":
            self._fill(workdir)
        else:
            self._interrupt(workdir, how)
        self.failures += [
            f"run {self._runs}: {difference}" for difference in differences(workdir, self._unbroken)
        ]
        if workdir not in self._mounted:
            shutil.rmtree(workdir)

    def summary(self) -> str:
        """What was done and found so far."""
        outcomes = ", ".join(f"{count} {name}" for name, count in sorted(self._outcomes.items()))
        text = f"{self.interruptions} interruptions of {self._runs} runs: {outcomes}"
        if self._answers:
            text += f"; a signal was answered within {max(self._answers):.1f} s"
        return "\n".join([text, *self.failures, f"{len(self.failures)} differences"])

    def _interrupt(self, workdir: pathlib.Path, how: str) -> None:
        number = signal.SIGTERM if how == "stop" else signal.SIGKILL
        while True:
            process = self._start(workdir)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._chance.uniform(0, self._seconds))
            is_running = process.poll() is None
            asked = time.monotonic()
            process.send_signal(number)
            _, errors = process.communicate()
            self._note(
                workdir, process.returncode, errors, ALLOWED["stop" if how == "stop" else "kill"]
            )
            if not is_running:
                return
            self.interruptions += 1
            if how == "stop":
                self._answers.append(time.monotonic() - asked)
            if how == "damage":
                self._damage(workdir)

    def _damage(self, workdir: pathlib.Path) -> None:
        """Damages a file; where that is refused in a sentence, it is brought back from a copy."""
        patterns = list(DAMAGED)
        # An older one would stay as it is: no run goes back to make good what it has passed.
        for step in CheckpointFolder(f"{workdir}/checkpoints").steps()[-1:]:
            patterns += [f"checkpoints/step-{step}.{part}" for part in ("index", "data-*")]
        files = [file for pattern in patterns for file in workdir.glob(pattern)]
        files += [file for pattern in DAMAGED_DATA for file in self._data.glob(pattern)]
        file = self._chance.choice(sorted(path for path in files if path.is_file()) or [workdir])
        if file == workdir:
            return
        whole = file.read_bytes()
        kind = self._chance.choice(("cut", "emptied", "gone", "flipped"))
        if kind == "gone":
            file.unlink()
        elif kind == "flipped" and file.suffix not in (".flags", ".json") and whole:
            place = self._chance.randrange(len(whole))
            file.write_bytes(
                whole[:place]
                + bytes([whole[place] ^ 1 << self._chance.randrange(8)])
                + whole[place + 1 :]
            )
        else:
            file.write_bytes(whole[: len(whole) // 2] if kind == "cut" else b"")
        process = self._start(workdir)
        _, errors = process.communicate()
        self._note(workdir, process.returncode, f"{file.name} {kind}: {errors}", {0, 2})
        if process.returncode == 2:
            file.write_bytes(whole)

    def _fill(self, workdir: pathlib.Path) -> None:
        """Runs on a disk that is too small, which grows bit by bit."""
        workdir.mkdir()
        size = self._chance.randrange(8, 64)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", workdir], check=True
        )
        self._mounted.append(workdir)
        while True:
            process = self._start(workdir)
            _, errors = process.communicate()
            self._note(workdir, process.returncode, errors, {0, 1, 2})
            if process.returncode == 0:
                return
            if not any(word in errors for word in ("disk is full", "No space left")):
                self.failures.append(f"run {self._runs} with {size} kB said {errors[-500:]}")
            self.interruptions += 1
            size = int(size * self._chance.uniform(1.05, 1.6)) + 4
            subprocess.run(["mount", "-o", f"remount,size={size}k", workdir], check=True)

    def _note(self, workdir: pathlib.Path, status: int, errors: str, allowed: set[int]) -> None:
        self._outcomes[f"ended with {status}"] += 1
        if status not in allowed or "Traceback" in errors:
            self.failures.append(f"{workdir.name} ended with {status}: {errors[-1500:]}")
            if status not in allowed and status > 0:
                raise SystemExit("\n".join(self.failures))

    @property
    def _data(self) -> pathlib.Path:
        return self._scratch / "data"

    def _start(self, workdir: pathlib.Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "wgan_tf.main", *OPTIONS),
                *(f"--workdir={workdir}", f"--data_dir={self._data}"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def differences(run: pathlib.Path, unbroken: pathlib.Path) -> Iterator[str]:
    """What of a run's folder is not as in an unbroken run's."""
    missing = _files(unbroken) ^ _files(run)
    if missing:
        yield f"files: {', '.join(sorted(missing))}"
    for folder in ("checkpoints", "best"):
        kept = CheckpointFolder(f"{unbroken}/{folder}")
        for step in kept.steps():
            expected, found = kept.read(step), CheckpointFolder(f"{run}/{folder}").read(step)
            if expected is None or found is None or not _are_equal(expected, found):
                yield f"{folder}/step-{step}"
    lines = [
        [{k: v for k, v in line.items() if k not in CLOCK} for line in read_metrics(file)]
        for file in (run / "metrics.jsonl", unbroken / "metrics.jsonl")
    ]
    if lines[0] != lines[1]:
        yield "metrics.jsonl"
    for image in (unbroken / "samples").glob("*.png"):
        other = run / "samples" / image.name
        if not other.is_file() or other.read_bytes() != image.read_bytes():
            yield f"samples/{image.name}"
    expected_points, found_points = (_shown(folder / "tensorboard") for folder in (unbroken, run))
    for tag in sorted(expected_points.keys() | found_points.keys()):
        if expected_points.get(tag) != found_points.get(tag):
            yield f"tensorboard: {tag}"


def _shown(folder: pathlib.Path) -> dict[str, list[tuple[int, bytes]]]:
    """The steps and values that TensorBoard shows, by tag."""
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    return {
        tag: [(e.step, e.tensor_proto.SerializeToString()) for e in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
        if tag not in CLOCK and events.SummaryMetadata(tag).plugin_data.plugin_name in SHOWN
    }


def _are_equal(expected: dict[str, Any], found: dict[str, Any]) -> bool:
    return expected.keys() == found.keys() and all(
        np.array_equal(expected[name], found[name]) for name in expected
    )


def _files(folder: pathlib.Path) -> set[str]:
    """All files but TensorBoard's, whose names tell the time, one a process."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith("tensorboard/")}


if __name__ == "__main__":
    sys.exit(main())
