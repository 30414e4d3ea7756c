import dataclasses
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.dataset_info import info_of
from tests.philox import reference_draw
from tests.untrained import build_generator, write_checkpoint, write_run
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.latents import sample_latents
from wgan_tf.networks.normalization import BatchNormalization
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.sampler import Sampler
from wgan_tf.serving.trained_generator import (
    follow_generator,
    restore_generator,
    restore_module,
    restore_sampler,
    standing_statistics_batches,
)
from wgan_tf.training.chosen_checkpoint import Checkpoint


def test_a_column_of_the_class_grid_is_a_class(conditional_run: RunFolder) -> None:
    sampler, step = restore_sampler(conditional_run)
    assert step == 3
    grid = sampler.draw_class_grid(rows=5, seed=9)
    assert grid.shape == (15, 8, 8, 1)
    for label in range(3):
        np.testing.assert_array_equal(grid[label::3], sampler.draw(5, 9, label))
    assert len(np.unique(grid.reshape(15, -1), axis=0)) == 15


def test_a_picture_does_not_depend_on_what_is_drawn_with_it(conditional_run: RunFolder) -> None:
    module, _ = restore_module(conditional_run)
    latents = np.random.default_rng(5).normal(size=(64, 3)).astype(np.float32)
    labels = np.arange(64, dtype=np.int32) % 3
    together = module.serving_default(latents, labels)["images"].numpy()
    assert together.std() > 0.01
    alone = module.serving_default(latents[:1], labels[:1])["images"]
    of_one_class = module.serving_default(latents[::3], labels[::3])["images"]
    np.testing.assert_allclose(alone, together[:1], atol=1e-5)
    np.testing.assert_allclose(of_one_class, together[::3], atol=1e-5)


def test_standing_statistics_are_of_sixteen_batches_with_keys_of_their_own(
    mlp_config: Config, tmp_path: Path
) -> None:
    config = dataclasses.replace(
        mlp_config, sampling_statistics="standing", mlp_generator_norm="batch", seed=6
    )
    folder = write_run(tmp_path / "run", config, example_shape=(2,), class_names=None)
    generator, _ = restore_generator(folder)
    keys = [(6, 2**62 + number * 2**12 * 256 + 19) for number in range(16)]
    latents = np.array([reference_draw(key, 4 * 3, "normal").reshape(4, 3) for key in keys])
    (dense, *_) = (layer for layer in generator.layers if isinstance(layer, keras.layers.Dense))
    kernel, *bias = (weight.numpy() for weight in dense.weights)
    x = latents @ kernel + sum(bias)
    (norm,) = (layer for layer in generator.layers if isinstance(layer, BatchNormalization))
    # The latents are drawn in float32.
    np.testing.assert_allclose(norm.moving_mean, x.mean(axis=(0, 1)), atol=2e-6)
    np.testing.assert_allclose(norm.moving_variance, x.var(axis=1).mean(axis=0), atol=1e-5)


def test_labels_are_mixed_in_the_batches_of_standing_statistics(
    conditional_run: RunFolder,
) -> None:
    config = conditional_run.read_config()
    batches = list(standing_statistics_batches(config, (1, 1, 1)))
    labels = np.array([label for _, label in batches])
    assert labels.shape == (16, 4)
    assert set(labels.ravel()) == {0, 1, 2}
    assert sum(len(set(batch)) > 1 for batch in labels) > 12


def test_a_generator_in_training_is_drawn_from_as_from_its_checkpoint(
    conditional_run: RunFolder, randomize: Callable[[Iterable[keras.Variable]], None]
) -> None:
    config = conditional_run.read_config()
    trained = build_generator(config)
    randomize(trained.non_trainable_variables)
    current = follow_generator(config, trained, info_of((8, 8, 1), 3))
    for step in (2, 3):
        # Gives it the weights of the run's checkpoint of that step.
        write_checkpoint(f"{conditional_run.path}/other", trained, step)
        before = trained.get_weights()
        followed = Sampler.of_module(current()).draw(20, 4, 1)
        restored, _ = restore_sampler(conditional_run, step)
        np.testing.assert_array_equal(followed, restored.draw(20, 4, 1))
        # They are part of the run's state.
        for value, now in zip(before, trained.get_weights(), strict=True):
            np.testing.assert_array_equal(now, value)


def test_moving_statistics_are_drawn_with_as_they_are(
    dcgan_config: Config, randomize: Callable[[Iterable[keras.Variable]], None]
) -> None:
    trained = build_generator(dcgan_config)
    randomize(trained.variables)
    current = follow_generator(dcgan_config, trained, info_of((8, 8, 1)))
    pictures = Sampler.of_module(current()).draw(20, 1)
    latents = sample_latents(20, 1, 3, "normal")
    exact = (trained([latents], training=False).numpy().astype(np.float64) + 1) / 2 * 255
    np.testing.assert_allclose(pictures, exact, atol=0.5 + 1e-3)


@pytest.mark.parametrize(("checkpoint", "step"), [("last", 3), ("best", 1), (2, 2), (1, 1)])
def test_the_chosen_checkpoint_is_restored(
    conditional_run: RunFolder, checkpoint: Checkpoint, step: int
) -> None:
    generator, restored = restore_generator(conditional_run, checkpoint)
    assert restored == step
    expected = np.random.default_rng([step, 0]).normal(size=generator.trainable_variables[0].shape)
    actual = generator.trainable_variables[0].numpy()
    np.testing.assert_allclose(actual, expected / np.sqrt(actual.shape[0]), rtol=1e-6)


def test_a_checkpoint_that_is_not_there_is_a_mistake(dcgan_config: Config, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", dcgan_config, steps=(5, 7))
    with pytest.raises(UserError, match=r"--checkpoint=6 is not kept.*5, 7"):
        restore_sampler(folder, 6)
    with pytest.raises(UserError, match=r"--checkpoint=best is not there.*--checkpoint=last"):
        restore_sampler(folder, "best")
    Path(f"{folder.checkpoints}/step-5.index").write_bytes(b"damaged")
    with pytest.raises(UserError, match="--checkpoint=5 cannot be read"):
        restore_sampler(folder, 5)
    shutil.rmtree(folder.checkpoints)
    with pytest.raises(UserError, match="has no checkpoint yet"):
        restore_sampler(folder)
