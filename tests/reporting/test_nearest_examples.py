import dataclasses
import io
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.reporting.conftest import MakeRun
from wgan_tf.data.store import Store, open_store
from wgan_tf.errors import UserError
from wgan_tf.evaluation.features.projected import RandomFeatures
from wgan_tf.networks import registry
from wgan_tf.reporting.nearest_examples import compare
from wgan_tf.reporting.runs import RecordedRun, read_runs
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.sampler import Sampler


def with_checkpoint(folder: RunFolder) -> tuple[RecordedRun, Store]:
    """The run with an untrained generator as its checkpoint of step 700, and its data."""
    config = folder.read_config()
    store = open_store(config, config.train_split)
    folder.write(config, store.info)
    generator = registry.build_average_generator(config, store.info)
    saved = tf.train.Checkpoint(average_generator=generator)
    manager = tf.train.CheckpointManager(saved, folder.checkpoints, 1, checkpoint_name="step")
    manager.save(checkpoint_number=700)
    (run,) = read_runs([folder])
    return run, store


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)), float)


def test_pictures_are_shown_beside_the_nearest_of_all_examples(make_run: MakeRun) -> None:
    run, store = with_checkpoint(make_run(dcgan_width=2, dcgan_start_size=2))
    found = compare(run)
    (near,) = found.nearness
    assert (found.step, found.num_compared, found.num_examples) == (700, 1797, 1797)
    real = store.examples[..., 0].astype(float)
    for match in near.matches:
        distances = np.sqrt(((real - pixels(match.sample)) ** 2).mean(axis=(1, 2)))
        nearest = np.sort(distances)[:3]
        np.testing.assert_allclose([near.distance for near in match.nearest], nearest)
        shown = [
            np.sqrt(((pixels(near.png) - pixels(match.sample)) ** 2).mean())
            for near in match.nearest
        ]
        np.testing.assert_allclose(shown, nearest)
    first = [match.nearest[0].distance for match in near.matches]
    assert first == sorted(first)
    # Untrained, all samples are nearly the same gray.
    assert any("collapse" in warning for warning in found.warnings)


def test_a_generator_of_copies_is_told(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run, store = with_checkpoint(make_run(dcgan_width=2, dcgan_start_size=2))
    monkeypatch.setattr(Sampler, "draw", lambda *_: store.read(np.arange(64))[0])
    found = compare(run)
    (near,) = found.nearness
    assert near.sample_distance == 0
    assert near.real_distance > 10
    assert near.nearer_share == 1
    (warning,) = found.warnings
    assert "repeat its training examples" in warning


def test_a_run_that_was_evaluated_is_compared_by_its_features_as_well(make_run: MakeRun) -> None:
    evaluated = {"eval_every": 1, "eval_split": "train[:5%]", "eval_features": "random"}
    run, store = with_checkpoint(make_run(dcgan_width=2, dcgan_start_size=2, **evaluated))
    by_pixels, by_features = compare(run).nearness
    assert (by_pixels.name, by_features.name) == ("pixels", "features (random)")
    features = RandomFeatures((8, 8, 1))
    real = features.extract(store.examples).features
    for match in by_features.matches:
        of_sample = features.extract(pixels(match.sample)[None, :, :, None].astype(np.uint8))
        distances = np.linalg.norm(real - of_sample.features, axis=1)
        found = [near.distance for near in match.nearest]
        np.testing.assert_allclose(found, np.sort(distances)[:3], rtol=1e-4)


def test_a_conditional_generator_draws_all_classes(make_run: MakeRun) -> None:
    run, _ = with_checkpoint(
        make_run(dcgan_width=2, dcgan_start_size=2, conditional="auxiliary_classifier")
    )
    assert compare(run).num_samples == 64


def test_points_are_compared_without_pictures(make_run: MakeRun) -> None:
    options = {"architecture": "mlp", "mlp_generator_units": (4,), "output_activation": "linear"}
    run, _ = with_checkpoint(make_run(dataset="toy:8gaussians", **options))
    found = compare(run)
    (near,) = found.nearness
    assert near.matches == []
    assert found.num_compared == found.num_examples
    assert 0 < near.real_distance < 0.1


def test_other_examples_than_those_of_training_are_not_compared(make_run: MakeRun) -> None:
    folder = make_run(dcgan_width=2, dcgan_start_size=2)
    run, _ = with_checkpoint(folder)
    folder.write(run.config, dataclasses.replace(run.info, digest="another"))
    with pytest.raises(UserError, match="--dataset=digits are not those that the run"):
        compare(run)
    folder.write(run.config, run.info)
    shutil.rmtree(pathlib.Path(folder.checkpoints))
    with pytest.raises(UserError, match="has no checkpoint"):
        compare(run)
