"""Trials: what is trained and measured once, kept on disk, and done side by side."""

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import json
import multiprocessing
import os
import pathlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tqdm import tqdm

from wgan_tf.tensorflow_import import import_tensorflow

Measured = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One measurement, of which the arguments are all that it depends on.

    Attributes:
        name: of its folder; two claims that name a trial alike share it.
        measure: a module's function of the trial's folder and of `arguments`, whose result can be
            written as JSON.
        arguments: by name; JSON, too.
    """

    name: str
    measure: Callable[..., Measured]
    arguments: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Of what is measured: a result of other arguments is not this trial's."""
        text = json.dumps([self.measure.__qualname__, self.arguments], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class Result:
    """What a trial measured.

    Attributes:
        values: by name.
        cpu_seconds: of all threads of the process that measured.
    """

    values: Measured
    cpu_seconds: float


def run_trials(trials: Sequence[Trial], workdir: pathlib.Path, jobs: int) -> None:
    """Measures what is not measured yet, several trials at a time, and keeps the results.

    Args:
        trials: in the order in which to begin them; the same one may come twice.
        workdir: where they and their results are kept.
        jobs: how many at a time, each in a process of its own with one thread.
    """
    todo = {trial.name: trial for trial in trials if read_result(trial, workdir) is None}
    with (
        tqdm(total=len(todo), unit="trial", disable=not todo) as progress,
        concurrent.futures.ProcessPoolExecutor(
            jobs, multiprocessing.get_context("spawn"), initializer=_use_one_thread
        ) as pool,
    ):
        futures = {pool.submit(_measure, trial, workdir): trial for trial in todo.values()}
        try:
            for future in concurrent.futures.as_completed(futures):
                future.result()
                progress.set_postfix_str(futures[future].name)
                progress.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def read_result(trial: Trial, workdir: pathlib.Path) -> Result | None:
    """The result of a trial; None if it has none yet, or one of other arguments."""
    file = workdir / trial.name / "result.json"
    if not file.is_file():
        return None
    kept = json.loads(file.read_text())
    return Result(kept["values"], kept["cpu_seconds"]) if kept["digest"] == trial.digest else None


def _use_one_thread() -> None:
    """Set before TensorFlow is imported, so that as many trials as cores run side by side."""
    os.environ.update(OMP_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
    import_tensorflow()
    import tensorflow as tf

    # Its handler would keep the log of the first trial.
    tf.get_logger().setLevel("ERROR")


def _measure(trial: Trial, workdir: pathlib.Path) -> None:
    folder = workdir / trial.name
    marker = folder / "digest"
    if not marker.is_file() or marker.read_text() != trial.digest:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        marker.write_text(trial.digest)
    # A trial that was stopped goes on, and has taken what it took before, too.
    spent = folder / "cpu_seconds"
    before = float(spent.read_text()) if spent.is_file() else 0.0
    begun = time.process_time()
    try:
        with (
            (folder / "log.txt").open("a") as log,
            contextlib.redirect_stdout(log),
            contextlib.redirect_stderr(log),
        ):
            values = trial.measure(folder, **trial.arguments)
    finally:
        cpu_seconds = round(before + time.process_time() - begun, 1)
        spent.write_text(str(cpu_seconds))
    record = {"digest": trial.digest, "cpu_seconds": cpu_seconds, "values": values}
    partial = folder / "partial.json"
    partial.write_text(json.dumps(record))
    partial.replace(folder / "result.json")
