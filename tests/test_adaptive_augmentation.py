"""A run whose evaluations steer the augmentation."""

import dataclasses
import pathlib

import numpy as np
import pytest

from tests.conformance.trajectory import one_device_trainer, open_data, variables
from wgan_tf import pixels, runner
from wgan_tf.config import Config
from wgan_tf.errors import Status
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.pixels import PixelScale
from wgan_tf.run_folder import RunFolder
from wgan_tf.training import inspection
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.trainer import Trainer


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("data"))


@pytest.fixture
def config(dcgan_config: Config, data_dir: str, tmp_path: pathlib.Path) -> Config:
    return dataclasses.replace(
        dcgan_config,
        workdir=str(tmp_path / "run"),
        data_dir=data_dir,
        augment="adaptive",
        eval_every=1,
        eval_split="train[:5%]",
        eval_metrics=(),
        summary_every=1,
        sample_every=0,
        steps=6,
        strategy="one_device",
        export=False,
        report=False,
    )


def restored(config: Config, data_dir: str) -> Trainer:
    trainer = one_device_trainer(config, data_dir)
    folder = RunFolder(config.workdir).checkpoints
    Checkpoints(trainer.state, folder, keep=1).restore_newest(pytest.fail)
    return trainer


def test_evaluations_steer_the_probability_and_a_run_goes_on_with_it(
    config: Config, data_dir: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []

    def held_out_metrics(_: Config, trainer: Trainer, *__: object) -> dict[str, float]:
        measured.append(trainer.step)
        return {"overfitting": 0.0 if trainer.step == 4 else 1.0}

    monkeypatch.setattr(inspection, "held_out_metrics", held_out_metrics)
    assert runner.train(config) is Status.DONE
    assert measured == [1, 2, 3, 4, 5, 6]
    lines = read_metrics(RunFolder(config.workdir).metrics_file)
    steps = [16 * line["augment_probability"] for line in lines]
    assert steps == [0, 1, 2, 3, 2, 3]
    assert [line["overfitting"] for line in lines] == [1, 1, 1, 0, 1, 1]
    unbroken = restored(config, data_dir)
    assert unbroken.augment_probability == 4 / 16

    broken = dataclasses.replace(config, workdir=str(tmp_path / "broken"))
    assert runner.train(dataclasses.replace(broken, steps=3)) is Status.DONE
    assert runner.train(broken) is Status.DONE
    resumed = restored(broken, data_dir)
    assert resumed.augment_probability == 4 / 16
    for found, expected in zip(variables(resumed.state), variables(unbroken.state), strict=True):
        np.testing.assert_array_equal(found, expected)


def mean_score(trainer: Trainer, examples: np.ndarray) -> float:
    scores = trainer.state.critic(pixels.from_uint8(examples, PixelScale(-1.0, 1.0), "float32"))
    return float(np.mean(scores))


def test_overfitting_is_that_of_equally_many_training_and_held_out_examples(
    config: Config, data_dir: str
) -> None:
    trainer = one_device_trainer(config, data_dir)
    trainer.set_augment_probability(15 / 16)
    trainer.advance(3)
    store = open_data(config, data_dir)
    held_out = open_data(dataclasses.replace(config, train_split=config.eval_split), data_dir)
    found = inspection.held_out_metrics(config, trainer, store, held_out, 40)
    of_training, of_held_out = (
        mean_score(trainer, np.concatenate(list(inspection.held_out_batches(config, each, 40))))
        for each in (store, held_out)
    )
    training, other = (found[f"{name}_wasserstein_estimate"] for name in ("training", "held_out"))
    # The generated examples are the same, and their scores cancel.
    assert training - other == pytest.approx(of_training - of_held_out, abs=1e-5)
    assert training != other
    expected = (training - other) / training if training > 0 else 0.0
    assert found["overfitting"] == pytest.approx(expected)
    same = inspection.held_out_metrics(config, trainer, store, store, 40)
    assert same["overfitting"] == 0.0


def test_augmentation_is_left_out_at_first_and_is_the_whole_at_a_probability_near_one(
    config: Config, data_dir: str
) -> None:
    def weights(augment: str, probability: float) -> np.ndarray:
        trainer = one_device_trainer(dataclasses.replace(config, augment=augment), data_dir)
        trainer.set_augment_probability(probability)
        trainer.advance(1)
        return np.concatenate([v.numpy().ravel() for v in trainer.state.critic.weights])

    none = weights("none", 0.0)
    np.testing.assert_allclose(weights("adaptive", 0.0), none, atol=1e-6)
    assert not np.allclose(weights("adaptive", 15 / 16), none, atol=1e-6)
