import dataclasses
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from wgan_tf import drawing, runner
from wgan_tf.config import Config
from wgan_tf.errors import Status
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.restoring import Checkpoint
from wgan_tf.run_folder import RunFolder
from wgan_tf.sampling.output import write_samples
from wgan_tf.sampling.request import Request
from wgan_tf.serving.trained_generator import TrainedGenerator


@pytest.fixture(scope="module")
def finished(dcgan_config: Config, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A conditional run whose drawn pictures are those of other statistics than its state has."""
    workdir = str(tmp_path_factory.mktemp("runs") / "run")
    config = dataclasses.replace(
        dcgan_config,
        workdir=workdir,
        data_dir=str(tmp_path_factory.mktemp("data")),
        # Forty digits are not of all classes equally many, which the labels follow.
        train_split="train[:40]",
        conditional="auxiliary_classifier",
        label_distribution="data",
        generator_conditioning="concatenate",
        dcgan_initializer="he_uniform",
        sampling_statistics="standing",
        dequantize=True,
        strategy="one_device",
        steps=2,
        sample_every=1,
        checkpoint_every=1,
        ema_decay=0.0,
        eval_every=2,
        eval_split="train[:5%]",
        eval_features="pixels",
        eval_metrics=("sliced_wasserstein",),
        eval_samples=100,
        report=False,
    )
    assert runner.train(config) is Status.DONE
    return RunFolder(workdir)


def sampled(generator: TrainedGenerator, out: Path) -> np.ndarray:
    write_samples(generator, Request(str(out), n=100, seed=runner.SAMPLE_SEED), None)
    return np.asarray(PIL.Image.open(out))


def test_training_shows_the_pictures_that_are_sampled_and_exported(
    finished: RunFolder, tmp_path: Path
) -> None:
    grids = [
        np.asarray(PIL.Image.open(f"{finished.path}/samples/step_{step:07d}.png"))
        for step in range(3)
    ]
    assert not np.array_equal(grids[1], grids[2])
    checkpoints: list[Checkpoint] = [1, 2]
    for checkpoint in checkpoints:
        generator = drawing.restore_trained_generator(finished, checkpoint)
        shown = sampled(generator, tmp_path / "run.png")
        np.testing.assert_array_equal(shown, grids[checkpoint])
    exported = TrainedGenerator.from_saved_model(finished.exports)
    np.testing.assert_array_equal(sampled(exported, tmp_path / "exported.png"), grids[2])


def test_the_generator_itself_is_measured_as_its_average_is(finished: RunFolder) -> None:
    # Without a moving average the two are one.
    metrics = read_metrics(finished.metrics_file)[-1]
    for name in ("diversity", "sliced_wasserstein"):
        assert metrics[f"raw_{name}"] == metrics[name]
