"""The generators of a run, while it trains or from a checkpoint, as they are drawn from."""

from collections.abc import Callable, Iterator, Sequence

import keras
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.labels import label_weights
from wgan_tf.networks import registry
from wgan_tf.networks.standing_statistics import StandingStatistics
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.sampler import Sampler
from wgan_tf.serving.served_module import ServedModule, build_served_module
from wgan_tf.training.chosen_checkpoint import Checkpoint, restore_checkpoint
from wgan_tf.training.draws import Draws, Moment, Replica
from wgan_tf.training.randomness import Purpose

STANDING_STATISTICS_BATCHES = 16


def follow_generator(
    config: Config, generator: keras.Model, info: DatasetInfo
) -> Callable[[], ServedModule]:
    """What serves a generator that is being trained; to be called outside a strategy's scope.

    With standing statistics it is a network of its own, since the generator's moving statistics are
    part of the run's state.

    Args:
        config: the run's configuration.
        generator: the trained one, or its moving average.
        info: of what it is trained on.

    Returns:
        A function that gives the module of the generator's state at the call; it is of that state
        only until the generator is trained further or the function is called again.
    """
    spec = GeneratorSpec.of_run(config, info)
    if config.sampling_statistics == "moving":
        module = build_served_module(generator, spec)
        return lambda: module
    drawn = registry.build_average_generator(config, info)
    statistics = StandingStatistics(drawn)
    standing_module = build_served_module(drawn, spec)
    weights = label_weights(config, info)

    def current() -> ServedModule:
        drawn.set_weights(generator.get_weights())
        statistics.update(standing_statistics_batches(config, weights))
        return standing_module

    return current


def restore_generator(
    folder: RunFolder, checkpoint: Checkpoint = "last"
) -> tuple[keras.Model, int]:
    """The moving-average generator of a run's checkpoint, and the step it is of.

    Its batch norms have the statistics that `sampling_statistics` names.

    Raises:
        UserError: no run or no such checkpoint is there.
    """
    config, info = folder.read_config(), folder.read_info()
    generator = registry.build_average_generator(config, info)
    saved = tf.train.Checkpoint(average_generator=generator)
    step = restore_checkpoint(
        folder,
        checkpoint,
        lambda path: saved.read(path).assert_existing_objects_matched().expect_partial(),
    )
    if config.sampling_statistics == "standing":
        batches = standing_statistics_batches(config, label_weights(config, info))
        StandingStatistics(generator).update(batches)
    return generator, step


def restore_critic(folder: RunFolder, checkpoint: Checkpoint = "last") -> tuple[keras.Model, int]:
    """The critic of a run's checkpoint, and the step it is of.

    Raises:
        UserError: no run or no such checkpoint is there.
    """
    critic = registry.build_critic(folder.read_config(), folder.read_info())
    saved = tf.train.Checkpoint(critic=critic)
    step = restore_checkpoint(
        folder,
        checkpoint,
        lambda path: saved.read(path).assert_existing_objects_matched().expect_partial(),
    )
    return critic, step


def restore_module(folder: RunFolder, checkpoint: Checkpoint = "last") -> tuple[ServedModule, int]:
    """What serves the generator of a run's checkpoint, and the step it is of.

    Raises:
        UserError: no run or no such checkpoint is there.
    """
    generator, step = restore_generator(folder, checkpoint)
    spec = GeneratorSpec.of_run(folder.read_config(), folder.read_info())
    return build_served_module(generator, spec), step


def restore_sampler(folder: RunFolder, checkpoint: Checkpoint = "last") -> tuple[Sampler, int]:
    """The sampler of a run's checkpoint, and the step it is of.

    Raises:
        UserError: no run or no such checkpoint is there.
    """
    module, step = restore_module(folder, checkpoint)
    return Sampler.of_module(module, f"--workdir={folder.path}"), step


def standing_statistics_batches(
    config: Config, weights: Sequence[int]
) -> Iterator[list[tf.Tensor]]:
    """Inputs drawn as in training, but by keys of their own, the same at every step."""
    dtype = "float64" if config.precision == "float64" else "float32"
    draws = Draws(config, weights, dtype)
    for number in range(STANDING_STATISTICS_BATCHES):
        yield draws.generator_inputs(
            Moment(tf.constant(number, tf.int64), 0, Replica(0, 1)),
            Purpose.STANDING_STATISTICS_LATENT,
            Purpose.STANDING_STATISTICS_LABEL,
            config.batch_size,
        )
