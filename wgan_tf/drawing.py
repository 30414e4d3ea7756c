"""Drawing from a run's moving-average generator, and exporting it."""

import sys
from importlib import metadata

import keras
import numpy as np
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.files import copy_directory, write_atomically
from wgan_tf.monitoring.grids import density_plot, encode_png, image_grid
from wgan_tf.networks.layers import OUTPUT_RANGES
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.sampler import MAX_EXAMPLES_PER_CALL, Sampler, build_sampler
from wgan_tf.serving.saved_model import write_saved_model
from wgan_tf.training.checkpoints import restore_newest
from wgan_tf.training.state import build_average_generator


def build_run_sampler(
    config: Config, generator: keras.Model, example_shape: tuple[int, ...]
) -> Sampler:
    """The sampler of a run's generator."""
    return build_sampler(
        generator,
        latent_dim=config.latent_dim,
        latent_distribution=config.latent_distribution,
        example_shape=example_shape,
        output_range=OUTPUT_RANGES[config.output_activation],
    )


def draw(sampler: Sampler, n: int, seed: int) -> np.ndarray:
    """Draws n examples: pictures uint8 [n, H, W, C] or points float32 [n, D]."""
    (examples,) = sampler.sample(tf.constant(n), tf.constant(seed, tf.int64)).values()
    return examples.numpy()


def write_samples(folder: RunFolder, *, n: int, seed: int, out: str) -> None:
    """Draws from a run's newest checkpoint into a PNG: a grid of pictures, or a plot of points.

    Raises:
        UserError: no run or checkpoint is there, n is too large, or `out` cannot be written.
    """
    if n > MAX_EXAMPLES_PER_CALL:
        raise UserError(f"--n={n} is too many for one picture; at most {MAX_EXAMPLES_PER_CALL}.")
    sampler, _ = restore_run_sampler(folder)
    examples = draw(sampler, n, seed)
    picture = image_grid(examples) if examples.ndim == 4 else density_plot(examples, examples)
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
    generator = build_average_generator(config, card.example_shape)
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
    return build_run_sampler(config, generator, card.example_shape), step
