import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.chief import ChiefObserver, reference_points
from wgan_tf.config import Config
from wgan_tf.data.store import Store, open_store
from wgan_tf.monitoring.metrics_log import MetricsLog, read_metrics
from wgan_tf.monitoring.monitor import Monitor
from wgan_tf.run_folder import RunFolder
from wgan_tf.training.trainer import Trainer


@pytest.fixture(scope="module")
def config(mlp_config: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    return dataclasses.replace(
        mlp_config,
        lipschitz="weight_clipping",
        eval_split="train[:10%]",
        eval_samples=100,
        data_dir=str(tmp_path_factory.mktemp("data")),
    )


@pytest.fixture(scope="module")
def store(config: Config) -> Store:
    return open_store(config, "train")


@pytest.fixture(scope="module")
def trainer(config: Config, store: Store) -> Trainer:
    return Trainer(config, store, tf.distribute.get_strategy())


def observed(
    config: Config, trainer: Trainer, store: Store, folder: RunFolder, estimates: list[float]
) -> str:
    """What is told of evaluations in which the critic's estimates are these."""
    told = io.StringIO()
    held_out = open_store(config, config.eval_split)
    with Monitor(
        folder,
        total_steps=20,
        initial_step=0,
        reference_points=reference_points(store),
        stream=told,
    ) as monitor:
        observer = ChiefObserver(config, folder, trainer, monitor, store, held_out)
        for number, estimate in enumerate(estimates):
            metrics = {"wasserstein_estimate": estimate}
            observer.summarized(number + 1, metrics, evaluates=True)
    return told.getvalue()


def test_what_is_wrong_is_told_once(
    config: Config, trainer: Trainer, store: Store, tmp_path: Path
) -> None:
    folder = RunFolder(str(tmp_path))
    told = observed(config, trainer, store, folder, [1.0] * 4 + [-1.0] * 8)
    (warning,) = [line for line in told.splitlines() if line.startswith("Warning")]
    assert warning.startswith("Warning at step ")
    assert "The critic is far from optimal" in warning


def test_a_run_in_order_has_no_warnings(
    config: Config, trainer: Trainer, store: Store, tmp_path: Path
) -> None:
    folder = RunFolder(str(tmp_path))
    assert "Warning" not in observed(config, trainer, store, folder, [0.5] * 8)


@pytest.mark.parametrize("lines", [3, 0])
def test_lines_of_metrics_that_are_lost_are_told(
    lines: int,
    config: Config,
    trainer: Trainer,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = RunFolder(str(tmp_path))
    log = MetricsLog(folder.metrics_file)
    for step in range(2, 2 * lines + 2, 2):
        log.append(step, {"critic_loss": 0.0})
    (tmp_path / "checkpoints").mkdir()
    for step in (2, 5, 8, 11):
        (tmp_path / "checkpoints" / f"step-{step}.index").touch()

    def told(summarized: int) -> list[str]:
        monkeypatch.setattr(Trainer, "summarized", summarized)
        stream = io.StringIO()
        options = {"total_steps": 20, "initial_step": 11, "stream": stream}
        with Monitor(folder, reference_points=reference_points(store), **options) as monitor:
            ChiefObserver(config, folder, trainer, monitor, store, None)
        return stream.getvalue().splitlines()

    assert told(2 * lines) == []
    (line,) = told(10)
    assert line.startswith("Warning: ")
    assert f"ends at step {2 * lines}, but had lines up to step 10" in line
    # Training from the newest checkpoint before the cut writes them again, if there is one.
    assert ("step-5 " in line) == (lines == 3)


def test_the_best_state_is_that_of_the_least_distance(
    config: Config, trainer: Trainer, store: Store, tmp_path: Path
) -> None:
    folder = RunFolder(str(tmp_path))
    observed(config, trainer, store, folder, [0.5] * 2)
    (line, _) = read_metrics(folder.metrics_file)
    kept = json.loads(Path(folder.best_checkpoints, "best.json").read_text())
    assert kept["metric"] == "exact_wasserstein"
    assert kept["value"] == line["exact_wasserstein"]
    shares = np.concatenate([np.ravel(v) for v in trainer.state.critic.trainable_variables])
    assert line["clipped_share"] == np.mean(np.abs(shares) >= config.clip_value)
    assert {"diversity", "raw_diversity"} <= line.keys()
