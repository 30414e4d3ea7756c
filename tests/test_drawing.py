import dataclasses
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from wgan_tf import drawing
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.latents import sample_latents
from wgan_tf.monitoring.grids import image_grid
from wgan_tf.networks import registry
from wgan_tf.run_folder import DatasetCard, RunFolder

CLASSES = ("sandal", "bag", "7")


def write_run(path: Path, config: Config, class_names: tuple[str, ...] | None) -> RunFolder:
    """A run's folder with a checkpoint of step 3 of a generator that was not trained."""
    folder = RunFolder(str(path))
    folder.write(config, DatasetCard((8, 8, 1), 10, class_names, "digest"))
    num_classes = registry.count_classes(config, class_names)
    state = tf.train.Checkpoint(
        average_generator=registry.build_average_generator(config, (8, 8, 1), num_classes)
    )
    tf.train.CheckpointManager(
        state, folder.checkpoints, max_to_keep=3, checkpoint_name="step"
    ).save(checkpoint_number=3)
    return folder


@pytest.fixture
def run(dcgan_config: Config, tmp_path: Path) -> RunFolder:
    return write_run(tmp_path / "run", dcgan_config, CLASSES)


@pytest.fixture
def conditional_run(dcgan_config: Config, tmp_path: Path) -> RunFolder:
    config = dataclasses.replace(
        dcgan_config, conditional="auxiliary_classifier", dcgan_initializer="he_uniform"
    )
    return write_run(tmp_path / "conditional", config, CLASSES)


def test_a_column_of_the_class_grid_is_a_class(conditional_run: RunFolder) -> None:
    sampler, step = drawing.restore_run_sampler(conditional_run)
    assert step == 3
    grid = drawing.draw_class_grid(sampler, rows=5, seed=9)
    assert grid.shape == (15, 8, 8, 1)
    for label in range(3):
        np.testing.assert_array_equal(grid[label::3], drawing.draw(sampler, 5, 9, label))
    assert len(np.unique(grid.reshape(15, -1), axis=0)) == 15


def test_a_conditional_run_is_shown_class_by_class(
    conditional_run: RunFolder, tmp_path: Path
) -> None:
    sampler, _ = drawing.restore_run_sampler(conditional_run)
    out = tmp_path / "grid.png"
    drawing.write_samples(conditional_run, n=8, seed=9, label=None, out=str(out))
    expected = image_grid(drawing.draw_class_grid(sampler, rows=3, seed=9)[:8], columns=3)
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(out)), expected[..., 0])


@pytest.mark.parametrize(("label", "number"), [("bag", 1), ("0", 0), ("7", 2)])
def test_a_class_is_drawn_by_name_or_number(
    conditional_run: RunFolder, tmp_path: Path, label: str, number: int
) -> None:
    sampler, _ = drawing.restore_run_sampler(conditional_run)
    out = tmp_path / "grid.png"
    drawing.write_samples(conditional_run, n=4, seed=9, label=label, out=str(out))
    expected = image_grid(drawing.draw(sampler, 4, 9, number))
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(out)), expected[..., 0])


@pytest.mark.parametrize("label", ["boot", "3", "-1", ""])
def test_a_class_that_is_not_there_is_a_mistake(
    conditional_run: RunFolder, tmp_path: Path, label: str
) -> None:
    out = tmp_path / "grid.png"
    with pytest.raises(UserError, match=f"--label={label} .*sandal, bag, 7"):
        drawing.write_samples(conditional_run, n=4, seed=9, label=label, out=str(out))
    assert not out.exists()


def test_a_label_for_a_generator_without_labels_is_a_mistake(
    run: RunFolder, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="--label=bag has no effect"):
        drawing.write_samples(run, n=4, seed=9, label="bag", out=str(tmp_path / "grid.png"))


@pytest.mark.parametrize(("statistics", "block"), [("moving", 16), ("batch", 64)])
def test_statistics_of_the_batch_are_taken_over_larger_blocks(
    dcgan_config: Config, statistics: str, block: int
) -> None:
    config = dataclasses.replace(
        dcgan_config, sampling_statistics=statistics, dcgan_initializer="he_uniform"
    )
    generator = registry.build_average_generator(config, (8, 8, 1), 0)
    pictures = drawing.draw(drawing.build_run_sampler(config, generator, (8, 8, 1)), 70, 1)
    latents = sample_latents(2 * block, 1, config.latent_dim, "normal", block).numpy()
    output = np.concatenate([generator([part], training=False) for part in np.split(latents, 2)])
    count = min(70, 2 * block)
    exact = (output[:count].astype(np.float64) + 1) / 2 * 255
    np.testing.assert_allclose(pictures[:count], exact, atol=0.5 + 1e-3)
