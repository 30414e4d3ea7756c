import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.monitoring.grids import encode_png
from wgan_tf.monitoring.metrics_log import MetricsLog
from wgan_tf.run_folder import RunFolder

MakeRun = Callable[..., RunFolder]

LINES = [
    {
        "wasserstein_estimate": 8.0 / i,
        "critic_loss": -7.0 / i,
        "generator_loss": float(i),
        "images_per_sec": 1000.0,
    }
    for i in range(1, 9)
]


@pytest.fixture
def make_run(tmp_path: pathlib.Path) -> MakeRun:
    """Writes a run's folder: metrics every 100 steps, and at 0, 400 and 800 a grid of one gray."""

    def make(name: str = "run", lines: list[dict[str, float]] = LINES, **options: Any) -> RunFolder:
        path = tmp_path / name
        folder = RunFolder(str(path))
        settings = {"steps": 800, "batch_size": 10, "data_dir": str(tmp_path / "data"), **options}
        info = DatasetInfo((8, 8, 1), 1797, ("zero", "one"), "digest")
        folder.write(Config(workdir=str(path), **settings), info)
        metrics = MetricsLog(folder.metrics_file)
        for i, line in enumerate(lines):
            metrics.append(100 * (i + 1), line)
        (path / "samples").mkdir()
        for step in (0, 400, 800):
            gray = np.full([8, 8, 1], step // 4, np.uint8)
            (path / f"samples/step_{step:07d}.png").write_bytes(encode_png(gray))
        return folder

    return make
