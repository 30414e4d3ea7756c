import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.untrained import write_run
from wgan_tf import subjects
from wgan_tf.config import Config
from wgan_tf.data.store import open_store
from wgan_tf.errors import UserError
from wgan_tf.evaluation.evaluator import EvaluationResult
from wgan_tf.latents import draw_latents
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.export import export
from wgan_tf.subjects import Subject
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.randomness import Purpose, draw_key
from wgan_tf.training.trainer import Trainer


@pytest.fixture(scope="module")
def config(dcgan_config: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    return dataclasses.replace(
        dcgan_config, data_dir=str(tmp_path_factory.mktemp("data")), eval_features="random"
    )


@pytest.fixture(scope="module")
def folder(config: Config, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return write_run(tmp_path_factory.mktemp("runs") / "run", config, steps=(2, 3))


def measured(subject: Subject, config: Config, count: int, seed: int = 0) -> EvaluationResult:
    return subjects.evaluate_subject(subject, config, count=count, seed=seed)


@pytest.mark.parametrize("conditional", ["none", "auxiliary_classifier"])
def test_a_run_and_its_export_score_alike(conditional: str, config: Config, tmp_path: Path) -> None:
    config = dataclasses.replace(config, conditional=conditional)
    folder = write_run(
        tmp_path / "run", config, class_names=tuple("0123456789"), digest="digits", steps=(3,)
    )
    exported = export(folder)
    of_run = subjects.evaluate_subject(
        subjects.run_subject(folder, "last"), config, count=200, seed=3
    )
    subject = subjects.saved_model_subject(exported)
    of_export = measured(subject, config, 200, seed=3)
    assert of_run.values == of_export.values
    weights = (1,) * 10
    labels = subject.labels(20, weights)
    if conditional == "none":
        assert labels is None
    else:
        np.testing.assert_array_equal(labels, np.repeat(np.arange(10), 2))
        # Real data of other classes say nothing about those of the run.
        subject = subjects.run_subject(folder, "last")
        np.testing.assert_array_equal(subject.labels(20, (3, 1)), labels)
    np.testing.assert_array_equal(subjects.run_subject(folder, "last").labels(20, weights), labels)
    assert of_run.protocol == of_export.protocol
    assert {"fid_random", "kid_random", "precision_random", "coverage_random"} <= set(of_run.values)
    assert of_run.protocol["generator_seed"] == 3
    other = subjects.evaluate_subject(
        subjects.run_subject(folder, "last"), config, count=200, seed=4
    )
    assert other.values["fid_random"] != of_run.values["fid_random"]


def test_a_discriminator_is_right_on_so_many_held_out_and_generated_examples(
    config: Config, tmp_path: Path
) -> None:
    config = dataclasses.replace(
        config,
        objective="non_saturating",
        lipschitz="none",
        batch_size=50,
        eval_split="train[:150]",
    )
    train, held_out = (open_store(config, split) for split in ("train", "train[:150]"))
    trainer = Trainer(config, train, tf.distribute.get_strategy())
    trainer.advance(3)
    state = trainer.state
    folder = RunFolder(str(tmp_path / "run"))
    folder.write(config, train.info)
    Checkpoints(state, folder.checkpoints, keep=1).save()
    # Three batches of 50 are an epoch of the 150 examples, each of which is seen once.
    real = 2.0 * held_out.read(np.arange(150))[0] / 255.0 - 1.0
    latents = [
        draw_latents(draw_key(config.seed, Purpose.HELD_OUT_LATENT, n), (50, 3), "normal")
        for n in range(3)
    ]
    generated = state.generator(tf.concat(latents, axis=0), training=False)
    on_real, on_generated = (np.ravel(state.critic(x, training=False)) for x in (real, generated))
    # Between the two medians, so that neither accuracy is all or nothing.
    (bias,) = [v for v in state.critic.trainable_variables if v.shape == (1,)]
    shift = np.median(np.concatenate([on_real, on_generated]))
    bias.assign_sub([shift])
    Checkpoints(state, f"{folder.path}/best", keep=1).save()
    values = subjects.evaluate_subject(
        subjects.run_subject(folder, "best"), config, count=150, seed=0
    ).values
    assert values["held_out_real_accuracy"] == pytest.approx(np.mean(on_real > shift), abs=1e-6)
    assert values["held_out_generated_accuracy"] == pytest.approx(
        np.mean(on_generated < shift), abs=1e-6
    )
    assert 0 < values["held_out_real_accuracy"] < 1


@pytest.mark.parametrize("distribution", ["uniform", "data"])
def test_labels_are_asked_for_as_the_training_examples_have_them(
    distribution: str, config: Config
) -> None:
    pictures = np.random.default_rng(0).integers(256, size=(100, 8, 8, 1), dtype=np.uint8)
    config = dataclasses.replace(
        config,
        conditional="auxiliary_classifier",
        label_distribution=distribution,
        train_split="train[:100]",
        classes=("0", "4", "8"),
    )
    train = open_store(config, config.train_split)
    asked = []

    def examples(count: int, seed: int, weights: Sequence[int]) -> Iterator[np.ndarray]:
        asked.append(np.array(weights) / sum(weights))
        return iter([pictures])

    def labels(count: int, weights: Sequence[int]) -> np.ndarray:
        asked.append(np.array(weights) / sum(weights))
        return np.zeros(count, np.int64)

    result = measured(Subject("any", examples, labels), config, 100)
    _, real_labels = train.read(np.arange(train.num_examples))
    of_data = np.bincount(real_labels) / len(real_labels)
    assert np.ptp(of_data) > 0
    expected = of_data if distribution == "data" else np.full(3, 1 / 3)
    np.testing.assert_allclose(asked, [expected, expected])
    assert result.protocol["label_distribution"] == distribution


def test_pictures_of_anybody_are_scored(config: Config, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(256, size=(150, 8, 8, 1), dtype=np.uint8)
    np.save(tmp_path / "noise.npy", noise)
    dataset = f"npy:{tmp_path}/noise.npy"
    of_noise = subjects.evaluate_subject(
        subjects.images_subject(dataset, config), config, count=150, seed=0
    )
    of_real = subjects.evaluate_subject(
        subjects.images_subject("digits", config), config, count=150, seed=0
    )
    assert of_real.values["fid_random"] < 0.2 * of_noise.values["fid_random"]
    with pytest.raises(UserError, match=r"--n=151.*150; give --n=150"):
        subjects.evaluate_subject(
            subjects.images_subject(dataset, config), config, count=151, seed=0
        )
    np.save(tmp_path / "large.npy", np.zeros((150, 9, 9, 1), np.uint8))
    large = subjects.images_subject(f"npy:{tmp_path}/large.npy", config)
    with pytest.raises(UserError, match=r"\(9, 9, 1\).*\(8, 8, 1\).*--image_size"):
        measured(large, config, 150)


def test_what_is_told_is_what_was_measured(
    folder: RunFolder, config: Config, tmp_path: Path
) -> None:
    result = measured(subjects.run_subject(folder, 2), config, 150)
    result.write(str(tmp_path / "scores.json"))
    read = json.loads((tmp_path / "scores.json").read_text())
    assert read == {
        "subject": f"{folder.path} at step 2",
        "values": result.values,
        "protocol": result.protocol,
    }
    table = result.table()
    for name, value in result.values.items():
        assert f"{value:.6g}" in next(
            line for line in table.splitlines() if line.startswith(f"{name} ")
        )


def test_what_is_no_generator_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--saved_model=.*no SavedModel"):
        subjects.saved_model_subject(str(tmp_path))


def test_of_more_images_than_are_asked_for_a_seeded_sample_is_taken(
    config: Config, tmp_path: Path
) -> None:
    # Sorted, as a folder's are.
    np.save(tmp_path / "a.npy", np.repeat(np.arange(200, dtype=np.uint8), 64).reshape(-1, 8, 8))
    subject = subjects.images_subject(f"npy:{tmp_path}/a.npy", config)

    def values(seed: int) -> list[int]:
        batches = subject.examples(100, seed, ())
        return [int(image[0, 0, 0]) for batch in batches for image in batch]

    assert len(set(values(0))) == 100
    assert values(0) == values(0) != values(1)
    assert 80 < np.mean(values(0)) < 120
    np.save(tmp_path / "few.npy", np.zeros((50, 8, 8), np.uint8))
    few = subjects.images_subject(f"npy:{tmp_path}/few.npy", config)
    with pytest.raises(UserError, match=r"--n=100 .*has 50; give 100 or more\.$"):
        list(few.examples(100, 0, ()))
