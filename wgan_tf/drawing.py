"""Drawing from a run's generators, and exporting the moving-average one."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from wgan_tf import labels
from wgan_tf.config import Config
from wgan_tf.files import copy_directory, require_writable
from wgan_tf.latents import sample_latents
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.networks import registry
from wgan_tf.networks.standing_statistics import StandingStatistics
from wgan_tf.restoring import Checkpoint, restore_checkpoint
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.formats import build_served_model, check_installed, write_converted
from wgan_tf.serving.model_card import build_model_card
from wgan_tf.serving.sampler import Sampler, build_sampler
from wgan_tf.serving.saved_model import write_saved_model
from wgan_tf.serving.trained_generator import TrainedGenerator
from wgan_tf.training.draws import Draws, Moment, Replica
from wgan_tf.training.randomness import Purpose

SAVED_MODEL = "saved_model"
# Latents on which a converted model is compared with the original.
PROBES = 64
STANDING_STATISTICS_BATCHES = 16


def build_run_sampler(
    config: Config,
    generator: keras.Model,
    example_shape: tuple[int, ...],
    num_classes: int = 0,
) -> Sampler:
    """The sampler of a run's generator as it is, with labels if `num_classes` is not 0."""
    return build_sampler(
        generator,
        latent_dim=config.latent_dim,
        latent_distribution=config.latent_distribution,
        example_shape=example_shape,
        pixel_scale=registry.pixel_scale(config),
        num_classes=num_classes,
    )


def follow_generator(
    config: Config,
    generator: keras.Model,
    example_shape: tuple[int, ...],
    label_weights: Sequence[int] = (),
) -> Callable[[], Sampler]:
    """Samplers of a generator that is being trained; to be called outside a strategy's scope.

    With standing statistics they draw from a network of their own, since the generator's moving
    statistics are part of the run's state.

    Args:
        config: the run's configuration.
        generator: the trained one, or its moving average.
        example_shape: shape of an example.
        label_weights: of the labels in training, see `wgan_tf.labels`; empty without.

    Returns:
        A function that gives the sampler of the generator's state at the call; it draws from that
        state only until the generator is trained further or the function is called again.
    """
    num_classes = len(label_weights)
    if config.sampling_statistics == "moving":
        sampler = build_run_sampler(config, generator, example_shape, num_classes)
        return lambda: sampler
    drawn = registry.build_average_generator(config, example_shape, num_classes)
    statistics = StandingStatistics(drawn)
    standing_sampler = build_run_sampler(config, drawn, example_shape, num_classes)

    def current() -> Sampler:
        drawn.set_weights(generator.get_weights())
        statistics.update(standing_statistics_batches(config, label_weights))
        return standing_sampler

    return current


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


def export(folder: RunFolder, checkpoint: Checkpoint = "last", license: str | None = None) -> str:
    """Writes a run's checkpoint as the next SavedModel and returns its path.

    Args:
        folder: the run's.
        checkpoint: which one.
        license: under which the model may be used; kept in its model card.

    Raises:
        UserError: no run or checkpoint is there, or the folder cannot be written.
    """
    sampler, step = restore_run_sampler(folder, checkpoint)
    require_writable(folder.exports)
    return write_run_saved_model(folder, sampler, folder.read_config(), step, license)


def export_formats(
    folder: RunFolder,
    formats: Sequence[str],
    checkpoint: Checkpoint = "last",
    license: str | None = None,
) -> Iterator[str]:
    """Writes a run's checkpoint in several formats: a SavedModel, and files in `converted`.

    Args:
        folder: the run's.
        formats: saved_model, or those of `serving.formats.FORMATS`.
        checkpoint: which one.
        license: under which the model may be used; kept in the SavedModel's card.

    Yields:
        A line about each format: its path, and how much it differs from the original.

    Raises:
        UserError: a format or its packages, the run or its checkpoint are not there, or the
            folder cannot be written.
        ExportError: a converted model does not do what the original does.
    """
    converted = [name for name in formats if name != SAVED_MODEL]
    for name in converted:
        check_installed(name)
    generator, step = restore_run_generator(folder, checkpoint)
    config, data = folder.read_config(), folder.read_dataset_card()
    num_classes = registry.count_classes(config, data.class_names)
    sampler = build_run_sampler(config, generator, data.example_shape, num_classes)
    require_writable(folder.path)
    if SAVED_MODEL in formats:
        yield write_run_saved_model(folder, sampler, config, step, license)
    if not converted:
        return
    single = registry.build_average_generator(
        dataclasses.replace(config, precision="float32"), data.example_shape, num_classes
    )
    single.set_weights(generator.get_weights())
    model = build_served_model(
        single,
        latent_dim=config.latent_dim,
        num_classes=num_classes,
        pixel_scale=registry.pixel_scale(config),
    )
    latent = sample_latents(PROBES, 0, config.latent_dim, config.latent_distribution).numpy()
    probes = {"latent": latent}
    if num_classes:
        probes["label"] = np.arange(PROBES, dtype=np.int32) % num_classes
    (expected,) = sampler.serving_default(**probes).values()
    for name in converted:
        path = f"{folder.converted}/step_{step:07d}.{name}"
        difference = write_converted(model, name, path, probes, expected.numpy())
        yield f"{path}: max abs error {difference:.1e} on {PROBES} latents"


def write_run_saved_model(
    folder: RunFolder, sampler: Sampler, config: Config, step: int, license: str | None = None
) -> str:
    """Writes a run's sampler as the next SavedModel and returns its path."""
    model_card = build_model_card(
        config,
        folder.read_dataset_card(),
        step=step,
        metrics=read_metrics(folder.metrics_file),
        license=license,
    )
    path = write_saved_model(sampler, folder.exports, model_card)
    if folder.published_model:
        copy_directory(path, folder.published_model)
    return path


def restore_run_sampler(folder: RunFolder, checkpoint: Checkpoint = "last") -> tuple[Sampler, int]:
    """The sampler of a run's checkpoint, and the step it is of.

    Raises:
        UserError: no run or no such checkpoint is there.
    """
    config, data = folder.read_config(), folder.read_dataset_card()
    num_classes = registry.count_classes(config, data.class_names)
    generator, step = restore_run_generator(folder, checkpoint)
    return build_run_sampler(config, generator, data.example_shape, num_classes), step


def restore_trained_generator(
    folder: RunFolder, checkpoint: Checkpoint = "last"
) -> TrainedGenerator:
    """The sampler of a run's checkpoint, in the form that an exported one has, too.

    Raises:
        UserError: no run or no such checkpoint is there.
    """
    sampler, step = restore_run_sampler(folder, checkpoint)
    card = build_model_card(
        folder.read_config(), folder.read_dataset_card(), step=step, metrics=[], license=None
    )
    return TrainedGenerator.from_card(f"--workdir={folder.path}", card, sampler.serving_default)


def restore_run_generator(
    folder: RunFolder, checkpoint: Checkpoint = "last"
) -> tuple[keras.Model, int]:
    """The moving-average generator of a run's checkpoint, and the step it is of.

    Its batch norms have the statistics that `sampling_statistics` names.

    Raises:
        UserError: no run or no such checkpoint is there.
    """
    config, data = folder.read_config(), folder.read_dataset_card()
    num_classes = registry.count_classes(config, data.class_names)
    generator = registry.build_average_generator(config, data.example_shape, num_classes)
    saved = tf.train.Checkpoint(average_generator=generator)
    step = restore_checkpoint(
        folder,
        checkpoint,
        lambda path: saved.read(path).assert_existing_objects_matched().expect_partial(),
    )
    if config.sampling_statistics == "standing":
        weights: Sequence[int] = ()
        if num_classes:
            # Version 0.1, which counted no classes, drew labels evenly.
            weights = labels.label_weights(config, data) or (1,) * num_classes
        batches = standing_statistics_batches(config, weights)
        StandingStatistics(generator).update(batches)
    return generator, step


def restore_run_critic(
    folder: RunFolder, checkpoint: Checkpoint = "last"
) -> tuple[keras.Model, int]:
    """The critic of a run's checkpoint, and the step it is of.

    Raises:
        UserError: no run or no such checkpoint is there.
    """
    config, data = folder.read_config(), folder.read_dataset_card()
    num_classes = registry.count_classes(config, data.class_names)
    critic = registry.build_critic(config, data.example_shape, num_classes)
    saved = tf.train.Checkpoint(critic=critic)
    step = restore_checkpoint(
        folder,
        checkpoint,
        lambda path: saved.read(path).assert_existing_objects_matched().expect_partial(),
    )
    return critic, step


def standing_statistics_batches(
    config: Config, label_weights: Sequence[int]
) -> Iterator[list[tf.Tensor]]:
    """Inputs drawn as in training, but by keys of their own, the same at every step."""
    dtype = "float64" if config.precision == "float64" else "float32"
    draws = Draws(config, label_weights, dtype)
    for number in range(STANDING_STATISTICS_BATCHES):
        yield draws.generator_inputs(
            Moment(tf.constant(number, tf.int64), 0, Replica(0, 1)),
            Purpose.STANDING_STATISTICS_LATENT,
            Purpose.STANDING_STATISTICS_LABEL,
            config.batch_size,
        )
