"""Puts a run together: data, networks, devices, and where it shows what it does."""

import tensorflow as tf

from wgan_tf import config as configuration
from wgan_tf import drawing
from wgan_tf.commands import Status
from wgan_tf.config import Config
from wgan_tf.data.store import Store, describe, open_store
from wgan_tf.files import require_writable
from wgan_tf.monitoring.monitor import Monitor
from wgan_tf.networks import registry
from wgan_tf.run_folder import DatasetCard, RunFolder
from wgan_tf.training import run
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.devices import build_strategy
from wgan_tf.training.inspection import Inspection
from wgan_tf.training.interruption import StopRequest
from wgan_tf.training.loop import Trainer

SAMPLE_SEED = 0
PICTURES_IN_GRID = 64
POINTS_IN_PLOT = 10_000


def describe_run(config: Config) -> Status:
    """Prints what would be trained.

    Raises:
        UserError: it cannot be.
    """
    description = describe(
        config.dataset,
        data_dir=config.data_dir,
        split=config.train_split,
        image_size=config.image_size,
    )
    registry.check(config, description.example_shape)
    strategy = build_strategy(config)
    print(configuration.to_flagfile(config))
    for network in (
        registry.build_generator(config, description.example_shape),
        registry.build_critic(config, description.example_shape),
    ):
        network.summary()
    print(f"{config.dataset} {config.train_split}: {description}")
    print(f"{strategy.num_replicas_in_sync} replica(s)")
    return Status.DONE


def train(config: Config) -> Status:
    """Trains, from the newest checkpoint if there is one.

    Raises:
        UserError: the run cannot be begun, or gone on with.
        TrainingDiverged: a loss is not finite.
    """
    folder = RunFolder(config.workdir)
    folder.check_same_run(config)
    _check(config)
    strategy = build_strategy(config)
    require_writable(config.workdir)
    store = _open(config, config.train_split)
    held_out_store = _open(config, config.eval_split) if config.eval_every else None
    card = DatasetCard(
        store.example_shape, store.num_examples, store.class_names, store.digest
    )
    folder.check_same_data(card)

    trainer = Trainer(config, store, strategy)
    checkpoints = Checkpoints(trainer.state, folder.checkpoints, config.keep_checkpoints)
    checkpoints.restore_newest(tell=print)
    if trainer.step >= config.steps:
        print(f"{config.workdir} is done: {trainer.step:,} of {config.steps:,} steps are taken.")
        return Status.DONE
    folder.write(config, card)

    sampler = drawing.build_run_sampler(
        config, trainer.state.average_generator, store.example_shape
    )
    count = PICTURES_IN_GRID if len(store.example_shape) == 3 else POINTS_IN_PLOT
    with (
        Monitor(
            config.workdir,
            total_steps=config.steps,
            initial_step=trainer.step,
            reference_points=_reference_points(store),
        ) as monitor,
        StopRequest() as stop,
    ):
        monitor.configuration(configuration.to_flagfile(config))
        is_finished = run.train(
            config,
            trainer,
            checkpoints=checkpoints,
            monitor=monitor,
            inspection=Inspection(config, trainer, store, held_out_store),
            draw_samples=lambda: drawing.draw(sampler, count, SAMPLE_SEED),
            stop=stop,
        )
    if not is_finished:
        print(f"Stopped at step {trainer.step:,}; run the same command again to go on.")
        return Status.STOPPED
    if config.export:
        path = drawing.write_run_saved_model(folder, sampler, config, trainer.step)
        print(f"Exported {path}")
    return Status.DONE
