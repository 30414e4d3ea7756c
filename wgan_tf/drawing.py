"""Drawing from a run's moving-average generator, and exporting it."""

import sys
from importlib import metadata

import keras
import numpy as np
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.files import copy_directory, write_atomically
from wgan_tf.latents import EXAMPLES_PER_BLOCK, EXAMPLES_PER_STATISTICS_BLOCK
from wgan_tf.monitoring.grids import density_plot, encode_png, image_grid
from wgan_tf.networks import registry
from wgan_tf.networks.layers import OUTPUT_RANGES
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.sampler import MAX_EXAMPLES_PER_CALL, Sampler, build_sampler
from wgan_tf.serving.saved_model import write_saved_model
from wgan_tf.training.checkpoints import restore_newest


def build_run_sampler(
    config: Config,
    generator: keras.Model,
    example_shape: tuple[int, ...],
    num_classes: int = 0,
) -> Sampler:
    """The sampler of a run's generator, which takes labels if `num_classes` is not 0."""
    has_statistics_of_block = config.sampling_statistics == "batch"
    return build_sampler(
        generator,
        latent_dim=config.latent_dim,
        latent_distribution=config.latent_distribution,
        example_shape=example_shape,
        output_range=OUTPUT_RANGES[config.output_activation],
        num_classes=num_classes,
        examples_per_block=(
            EXAMPLES_PER_STATISTICS_BLOCK if has_statistics_of_block else EXAMPLES_PER_BLOCK
        ),
    )


def draw(sampler: Sampler, n: int, seed: int, label: int | None = None) -> np.ndarray:
    """Draws n examples: pictures uint8 [n, H, W, C] or points float32 [n, D].

    Args:
        sampler: what to draw from.
        n: how many.
        seed: the same seed draws the same examples, and has the same latents with every label.
        label: class of all of them, which a conditional sampler needs and no other takes.
    """
    labels = () if label is None else (tf.constant(label),)
    (examples,) = sampler.sample(tf.constant(n), tf.constant(seed, tf.int64), *labels).values()
    return examples.numpy()


def draw_class_grid(sampler: Sampler, rows: int, seed: int) -> np.ndarray:
    """Draws a grid with a column for each class, and the same latent along a row.

    Args:
        sampler: a conditional one, of K classes.
        rows: how many examples of each class.
        seed: of the latents, as `draw` takes it.

    Returns:
        [rows * K, ...], row after row: example i is of class i % K and of latent i // K.
    """
    columns = [draw(sampler, rows, seed, label) for label in range(sampler.num_classes)]
    grid = np.stack(columns, axis=1)
    return grid.reshape(-1, *grid.shape[2:])


def write_samples(folder: RunFolder, *, n: int, seed: int, label: str | None, out: str) -> None:
    """Draws from a run's newest checkpoint into a PNG: a grid of pictures, or a plot of points.

    Args:
        folder: the run's.
        n: how many examples.
        seed: of the latents.
        label: name or number of the class to draw; None draws all classes of a conditional run,
            a column each.
        out: the file to write.

    Raises:
        UserError: no run or checkpoint is there, n is too large, the run has no such class, or
            `out` cannot be written.
    """
    if n > MAX_EXAMPLES_PER_CALL:
        raise UserError(f"--n={n} is too many for one picture; at most {MAX_EXAMPLES_PER_CALL}.")
    number = None if label is None else _class_number(folder, label)
    sampler, _ = restore_run_sampler(folder)
    columns = None
    if sampler.num_classes and number is None:
        columns = sampler.num_classes
        examples = draw_class_grid(sampler, -(-n // columns), seed)[:n]
    else:
        examples = draw(sampler, n, seed, number)
    picture = (
        image_grid(examples, columns) if examples.ndim == 4 else density_plot(examples, examples)
    )
    try:
        write_atomically(out, encode_png(picture))
    except tf.errors.OpError as error:
        raise UserError(
            f"--out={out} cannot be written ({error.message}); name a file in a folder that you "
            "may write in."
        ) from error


def export(folder: RunFolder) -> str:
    """Writes a run's newest checkpoint as the next SavedModel and returns its path.

    Raises:
        UserError: no run or checkpoint is there.
    """
    sampler, step = restore_run_sampler(folder)
    return write_run_saved_model(folder, sampler, folder.read_config(), step)


def write_run_saved_model(folder: RunFolder, sampler: Sampler, config: Config, step: int) -> str:
    """Writes a run's sampler as the next SavedModel and returns its path."""
    model_card = {
        "dataset": config.dataset,
        "architecture": config.architecture,
        "objective": config.objective,
        "lipschitz": config.lipschitz,
        "step": step,
        "wgan_tf": metadata.version("wgan_tf"),
        "tensorflow": tf.__version__,
    }
    path = write_saved_model(sampler, folder.exports, model_card)
    if folder.published_model:
        copy_directory(path, folder.published_model)
    return path


def restore_run_sampler(folder: RunFolder) -> tuple[Sampler, int]:
    """The sampler of a run's newest checkpoint, and the step it is of.

    Raises:
        UserError: no run or no checkpoint is there.
    """
    config, card = folder.read_config(), folder.read_dataset_card()
    num_classes = registry.count_classes(config, card.class_names)
    generator = registry.build_average_generator(config, card.example_shape, num_classes)
    saved = tf.train.Checkpoint(average_generator=generator)
    step = restore_newest(
        folder.checkpoints,
        lambda path: saved.restore(path).assert_existing_objects_matched().expect_partial(),
        tell=lambda message: print(message, file=sys.stderr),
    )
    if step is None:
        raise UserError(
            f"--workdir={folder.path} has no checkpoint yet; train until the first is written."
        )
    return build_run_sampler(config, generator, card.example_shape, num_classes), step


def _class_number(folder: RunFolder, label: str) -> int:
    """The number of a class of a conditional run, by its name or number."""
    if folder.read_config().conditional == "none":
        raise UserError(
            f"--label={label} has no effect on the run in {folder.path}, whose generator takes no "
            "labels; leave it out."
        )
    names = folder.read_dataset_card().class_names or ()
    if label in names:
        return names.index(label)
    if label.isascii() and label.isdecimal() and int(label) < len(names):
        return int(label)
    raise UserError(
        f"--label={label} is no class of the run in {folder.path}; give one of "
        f"{', '.join(names)}, or a number from 0 to {len(names) - 1}."
    )
