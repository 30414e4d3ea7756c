"""Puts a run together: data, networks, devices, and where it shows what it does."""

import sys

import numpy as np

from wgan_tf import config as configuration
from wgan_tf import drawing
from wgan_tf.config import Config
from wgan_tf.data import store as data_store
from wgan_tf.data.store import Description, Store, open_store
from wgan_tf.errors import UserError
from wgan_tf.files import require_writable
from wgan_tf.monitoring.monitor import Monitor
from wgan_tf.networks import registry
from wgan_tf.run_folder import DatasetCard, RunFolder
from wgan_tf.serving.saved_model import exported_step
from wgan_tf.status import Status
from wgan_tf.training import run
from wgan_tf.training.checkpoints import Checkpoints, newest_step
from wgan_tf.training.devices import build_strategy, device_names
from wgan_tf.training.inspection import Inspection
from wgan_tf.training.interruption import StopRequest
from wgan_tf.training.loop import Trainer

SAMPLE_SEED = 0
PICTURES_IN_GRID = 64
POINTS_IN_PLOT = 10_000


def describe(config: Config) -> Status:
    """Prints what would be trained; writes nothing.

    Raises:
        UserError: it cannot be trained.
    """
    RunFolder(config.workdir).check_same_run(config)
    data = _describe_data(config)
    strategy = build_strategy(config)
    print(configuration.to_flagfile(config))
    for build in (registry.build_generator, registry.build_critic):
        build(config, data.example_shape).summary()
    count = "not downloaded yet," if data.num_examples is None else f"{data.num_examples:,}"
    classes = "" if data.class_names is None else f", {len(data.class_names)} classes"
    print(f"Data: {data.dataset} {data.split}: {count} examples {data.example_shape}{classes}")
    print(f"Devices: {', '.join(device_names(strategy))}")
    return Status.DONE


def train(config: Config) -> Status:
    """Trains, from the newest checkpoint if there is one.

    Raises:
        UserError: the run cannot be begun, or gone on with.
        DivergenceError: a loss is not finite.
    """
    folder = RunFolder(config.workdir)
    folder.check_same_run(config)
    last_step = newest_step(folder.checkpoints) or 0
    if last_step >= config.steps:
        print(f"{config.workdir} is done: all {config.steps:,} steps are taken.")
        if config.export and exported_step(folder.exports) != last_step:
            print(drawing.export(folder))
        return Status.DONE
    _describe_data(config)
    strategy = build_strategy(config)
    require_writable(config.workdir)
    store = _open(config, config.train_split)
    held_out_store = _open(config, config.eval_split) if config.eval_every else None
    card = DatasetCard(store.example_shape, store.num_examples, store.class_names, store.digest)
    folder.check_same_data(card)

    trainer = Trainer(config, store, strategy)
    checkpoints = Checkpoints(trainer.state, folder.checkpoints, config.keep_checkpoints)
    checkpoints.restore_newest(tell=print)
    folder.write(config, card)
    sampler = drawing.build_run_sampler(
        config, trainer.state.average_generator, store.example_shape
    )
    with (
        StopRequest() as stop,
        Monitor(
            config.workdir,
            total_steps=config.steps,
            initial_step=trainer.step,
            reference_points=_reference_points(store),
            stream=sys.stdout,
        ) as monitor,
    ):
        monitor.message(f"Training on {', '.join(device_names(strategy))}")
        if store.left_out:
            monitor.message(f"{len(store.left_out)} files of --dataset are unusable and left out")
        monitor.configuration(configuration.to_flagfile(config))
        is_finished = run.train(
            config,
            trainer,
            checkpoints=checkpoints,
            monitor=monitor,
            inspection=Inspection(config, trainer, store, held_out_store),
            draw_samples=lambda: drawing.draw(sampler, _samples_shown(store), SAMPLE_SEED),
            stop=stop,
        )
        if is_finished and config.export:
            monitor.message(drawing.write_run_saved_model(folder, sampler, config, trainer.step))
    if not is_finished:
        print(f"Stopped at step {trainer.step:,}; run the same command again to go on.")
        return Status.STOPPED
    return Status.DONE


def _describe_data(config: Config) -> Description:
    train_data, *_ = [
        data_store.describe(
            config.dataset,
            data_dir=config.data_dir,
            split=split,
            image_size=config.image_size,
            classes=config.classes,
        )
        for split in (config.train_split, config.eval_split)
        if split
    ]
    registry.check(config, train_data.example_shape)
    if len(train_data.example_shape) == 1 and train_data.example_shape != (2,):
        raise UserError(
            f"--dataset={config.dataset} holds points of {train_data.example_shape[0]} numbers, "
            "but a run shows its samples in the plane; give points of 2, or pictures as uint8."
        )
    return train_data


def _open(config: Config, split: str) -> Store:
    return open_store(
        config.dataset,
        data_dir=config.data_dir,
        split=split,
        image_size=config.image_size,
        classes=config.classes,
    )


def _is_picture(store: Store) -> bool:
    return len(store.example_shape) == 3


def _samples_shown(store: Store) -> int:
    return PICTURES_IN_GRID if _is_picture(store) else POINTS_IN_PLOT


def _reference_points(store: Store) -> np.ndarray | None:
    if _is_picture(store):
        return None
    return store.read(np.arange(min(POINTS_IN_PLOT, store.num_examples)))[0]
