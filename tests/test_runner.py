import dataclasses
import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from wgan_tf import chief, runner
from wgan_tf.config import Config
from wgan_tf.errors import DivergenceError, Status, UserError
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.run_folder import RunFolder
from wgan_tf.sampling.output import write_samples
from wgan_tf.sampling.request import Request
from wgan_tf.serving.sampler import Sampler
from wgan_tf.serving.trained_generator import restore_sampler
from wgan_tf.training.checkpoint_folder import CheckpointFolder
from wgan_tf.training.chosen_checkpoint import Checkpoint


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


def sampled(sampler: Sampler, out: Path) -> np.ndarray:
    write_samples(sampler, Request(str(out), n=100, seed=chief.SAMPLE_SEED), None)
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
        sampler, _ = restore_sampler(finished, checkpoint)
        shown = sampled(sampler, tmp_path / "run.png")
        np.testing.assert_array_equal(shown, grids[checkpoint])
    exported = Sampler.of_saved_model(finished.exports)
    np.testing.assert_array_equal(sampled(exported, tmp_path / "exported.png"), grids[2])


def test_the_generator_itself_is_measured_as_its_average_is(finished: RunFolder) -> None:
    # Without a moving average the two are one.
    metrics = read_metrics(finished.metrics_file)[-1]
    for name in ("diversity", "sliced_wasserstein"):
        assert metrics[f"raw_{name}"] == metrics[name]


@pytest.fixture
def copy(finished: RunFolder, tmp_path: Path) -> Config:
    """The configuration of a copy of the finished run."""
    shutil.copytree(finished.path, tmp_path / "copy")
    return RunFolder(str(tmp_path / "copy")).read_config()


def test_a_finished_run_whose_last_checkpoint_is_damaged_takes_the_missing_steps(
    copy: Config, finished: RunFolder
) -> None:
    data = Path(copy.workdir, "checkpoints", "step-2.data-00000-of-00001")
    whole = data.read_bytes()
    data.write_bytes(whole[: len(whole) // 2])
    Path(copy.workdir, ".metrics.jsonl.0123456789abcdef0123456789abcdef.tmp").touch()
    Path(copy.workdir, "checkpoints", ".writing").mkdir()
    assert runner.train(copy) is Status.DONE
    expected, found = (
        CheckpointFolder(f"{workdir}/checkpoints").read(2)
        for workdir in (finished.path, copy.workdir)
    )
    assert expected is not None
    assert found is not None
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    assert told(copy.workdir) == told(finished.path)
    assert files(copy.workdir) == files(finished.path)


def told(workdir: str) -> list[dict[str, float | None]]:
    """The lines of metrics, but for what the clock says."""
    return [
        {name: value for name, value in line.items() if name not in ("time", "images_per_sec")}
        for line in read_metrics(f"{workdir}/metrics.jsonl")
    ]


def files(workdir: str) -> set[str]:
    """All files of a run but TensorBoard's, whose names tell the time."""
    found = {str(path.relative_to(workdir)) for path in Path(workdir).rglob("*")}
    return {name for name in found if not name.startswith("tensorboard/")}


def test_an_export_that_was_killed_is_made_again(copy: Config, finished: RunFolder) -> None:
    exports = Path(copy.workdir, "export")
    (exports / "1").rename(exports / ".unfinished-0123456789abcdef0123456789abcdef")
    assert runner.train(copy) is Status.DONE
    assert files(copy.workdir) == files(finished.path)


@pytest.mark.parametrize(
    "lost", ["config.flags", "checkpoints/checkpoint", "best/checkpoint", "best/best.json"]
)
def test_a_file_that_a_finished_run_has_lost_is_written_again(
    lost: str, copy: Config, finished: RunFolder
) -> None:
    Path(copy.workdir, lost).unlink()
    assert runner.train(copy) is Status.DONE
    assert files(copy.workdir) == files(finished.path)
    assert told(copy.workdir) == told(finished.path)
    if lost == "config.flags":
        assert RunFolder(copy.workdir).read_config() == copy
    else:
        assert Path(copy.workdir, lost).read_bytes() == Path(finished.path, lost).read_bytes()


@pytest.mark.parametrize("text", [None, "", '{"step": 2'])
def test_an_export_that_has_lost_its_card_alone_is_given_it_again(
    text: str | None, copy: Config, finished: RunFolder
) -> None:
    card = Path(copy.workdir, "export", "1", "assets.extra", "model_card.json")
    whole = card.read_bytes()
    card.unlink()
    if text is not None:
        card.write_text(text)
    assert runner.train(copy) is Status.DONE
    assert card.read_bytes() == whole
    assert files(copy.workdir) == files(finished.path)


def test_an_export_of_another_model_is_left_as_it_is(copy: Config) -> None:
    first = Path(copy.workdir, "export", "1")
    (first / "assets.extra" / "model_card.json").unlink()
    variables = first / "variables" / "variables.data-00000-of-00001"
    other = bytes(len(variables.read_bytes()))
    variables.write_bytes(other)
    assert runner.train(copy) is Status.DONE
    assert variables.read_bytes() == other
    assert not (first / "assets.extra" / "model_card.json").exists()
    assert (first.parent / "2" / "assets.extra" / "model_card.json").exists()


@pytest.mark.parametrize("shown", ["metrics.jsonl", "samples", "best"])
def test_a_run_that_has_lost_its_checkpoints_does_not_begin_at_the_first_step(
    shown: str, copy: Config
) -> None:
    for path in list(Path(copy.workdir).iterdir()):
        if path.name not in (shown, "config.flags", "dataset.json"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = sorted(Path(copy.workdir).rglob("*"))
    with pytest.raises(UserError, match=rf"step 2 by .*{shown}"):
        runner.train(copy)
    assert sorted(Path(copy.workdir).rglob("*")) == before


def test_a_run_that_diverges_names_the_first_tensor_and_goes_back_as_often_as_it_may(
    mlp_config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = dataclasses.replace(
        mlp_config,
        workdir=str(tmp_path / "run"),
        data_dir=str(tmp_path / "data"),
        precision="float32",
        strategy="one_device",
        critic_learning_rate=1e18,
        on_nonfinite="rollback",
        max_rollbacks=2,
        steps=20,
        sample_every=0,
        checkpoint_every=1,
    )
    with pytest.raises(DivergenceError) as error:
        runner.train(config)
    assert "is not finite at step" in str(error.value)
    assert "gone back to 2 times" in str(error.value)
    output = capsys.readouterr().out
    assert "(--on_nonfinite=rollback, 2 of at most 2)" in output
    newest = CheckpointFolder(f"{config.workdir}/checkpoints").newest_step()
    assert f"checkpoint of step {newest}," in str(error.value)
    values = CheckpointFolder(f"{config.workdir}/checkpoints").read(newest or 0)
    assert values is not None
    assert all(np.isfinite(value).all() for value in values.values())
    # What is advised is taken.
    lower = dataclasses.replace(
        config, critic_learning_rate=1e-4, steps=(newest or 0) + 1, export=False, report=False
    )
    with pytest.raises(UserError, match="--accept_changes"):
        runner.train(lower)
    assert runner.train(lower, accept_changes=True) is Status.DONE
    assert Path(config.workdir, "changes.jsonl").read_text().count("critic_learning_rate") == 1
