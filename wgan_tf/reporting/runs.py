"""What a report reads of a run's folder."""

import dataclasses
import re

import numpy as np
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.evaluation.diagnostics import History
from wgan_tf.files import join
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.run_folder import RunFolder
from wgan_tf.training import schedule
from wgan_tf.training.checkpoint_folder import CheckpointFolder

MAX_GRIDS = 40
MAX_GRID_BYTES = 8_000_000


@dataclasses.dataclass(frozen=True)
class Grid:
    """Samples drawn after `step` steps, as a PNG file."""

    step: int
    png: bytes


@dataclasses.dataclass(frozen=True)
class RecordedRun:
    """A run as its folder tells of it.

    Attributes:
        folder: its files.
        name: tells it from the other runs of the report.
        config: its options.
        info: of what it is trained on.
        history: the lines of its metrics.jsonl, without their time.
        grids: its samples over time; of many, some evenly spread over time.
        step: the last step known to be taken.
    """

    folder: RunFolder
    name: str
    config: Config
    info: DatasetInfo
    history: History
    grids: list[Grid]
    step: int

    def metric_names(self) -> list[str]:
        """What the history tells of, in the order in which it comes up."""
        return list(dict.fromkeys(name for line in self.history for name in line if name != "step"))

    def series(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The steps, int64, and values, float64, of a metric; NaN where not finite."""
        lines = [line for line in self.history if name in line]
        values = [np.nan if line[name] is None else line[name] for line in lines]
        return np.array([line["step"] for line in lines], int), np.array(values, float)

    def training_seconds(self) -> float | None:
        """Time spent in training steps, from the rates; None where there are none."""
        steps, rates = self.series("images_per_sec")
        batches = [schedule.batches_before(self.config, int(step)) for step in (0, *steps)]
        images = np.diff(batches) * self.config.batch_size
        is_known = np.isfinite(rates) & (rates > 0)
        return float((images[is_known] / rates[is_known]).sum()) if is_known.any() else None


def read_runs(folders: list[RunFolder]) -> list[RecordedRun]:
    """Reads runs, and names each after its folder, by as much of the path as tells them apart.

    Raises:
        UserError: a folder holds no run, or its files are damaged.
    """
    return [
        _read_run(folder, name)
        for folder, name in zip(
            folders, _distinct_names([folder.path for folder in folders]), strict=True
        )
    ]


def _read_run(folder: RunFolder, name: str) -> RecordedRun:
    config, info = folder.read_config(), folder.read_info()
    history = [
        {name: value for name, value in line.items() if name != "time"}
        for line in read_metrics(folder.metrics_file)
    ]
    grids = _read_grids(folder.samples)
    steps = [line["step"] for line in history] + [grid.step for grid in grids]
    return RecordedRun(
        folder=folder,
        name=name,
        config=config,
        info=info,
        history=history,
        grids=grids,
        step=max([CheckpointFolder(folder.checkpoints).newest_step() or 0, *steps]),
    )


def _read_grids(samples: str) -> list[Grid]:
    if not tf.io.gfile.isdir(samples):
        return []
    found = {
        int(match[1]): join(samples, match[0])
        for match in map(re.compile(r"step_(\d+)\.png").fullmatch, tf.io.gfile.listdir(samples))
        if match
    }
    if not found:
        return []
    mean_bytes = np.mean([tf.io.gfile.stat(path).length for path in found.values()])
    count = min(len(found), MAX_GRIDS, max(2, int(MAX_GRID_BYTES / mean_bytes)))
    steps = sorted(found)
    chosen = [steps[i] for i in np.linspace(0, len(steps) - 1, count).round().astype(int)]
    grids = []
    for step in dict.fromkeys(chosen):
        with tf.io.gfile.GFile(found[step], "rb") as file:
            grids.append(Grid(step, file.read()))
    return grids


def _distinct_names(paths: list[str]) -> list[str]:
    parts = [path.rstrip("/").split("/") for path in paths]
    longest = max(map(len, parts))
    for length in range(1, longest + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return paths
