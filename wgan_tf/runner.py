"""Puts a run together: data, networks, devices, and where it shows what it does."""

import os
import sys
from collections.abc import Sequence
from importlib import metadata

import tensorflow as tf

from wgan_tf import config as configuration
from wgan_tf import flagfile, reporting
from wgan_tf.chief import ChiefObserver, reference_points
from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.store import describe as describe_data
from wgan_tf.data.store import open_store, report_source
from wgan_tf.errors import Status, UserError, WorkerLostError, reason
from wgan_tf.files import remove_leftovers, require_writable
from wgan_tf.labels import count_classes, grid_labels
from wgan_tf.monitoring.monitor import Monitor
from wgan_tf.networks import registry
from wgan_tf.options import format_value
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.export import export, write_run_saved_model
from wgan_tf.serving.saved_model import read_model_card
from wgan_tf.suggestions import listed
from wgan_tf.tensorflow_import import onednn_in_effect
from wgan_tf.training import training_loop
from wgan_tf.training.checkpoint_folder import CheckpointFolder
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.chosen_checkpoint import require_no_progress
from wgan_tf.training.distributed.cluster import Cluster
from wgan_tf.training.distributed.rendezvous import Facts, meet
from wgan_tf.training.distributed.strategy import (
    build_strategy,
    check_replicas,
    device_names,
    find_cluster,
    local_gpus,
)
from wgan_tf.training.interruption import StopRequest
from wgan_tf.training.observer import Observer
from wgan_tf.training.trainer import Trainer
from wgan_tf.training.tuning import Choice, Tuning, examples_per_second

# What may differ between the workers of one run: where its files are on each.
LOCAL_OPTIONS = ("workdir", "data_dir")
# What TensorFlow raises in a worker when another is gone.
LOST_WORKER = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
)


def describe(config: Config) -> Status:
    """Prints what would be trained; writes nothing and meets no other worker.

    Raises:
        UserError: it cannot be trained.
    """
    cluster = find_cluster(config, os.environ)
    folder = RunFolder.from_environment(config.workdir, os.environ)
    folder.check_same_run(config)
    config = folder.go_on_as_begun(config)
    info = check_data(config)
    reports = [_data_report(config, split) for split in (config.train_split, config.eval_split)]
    if cluster:
        check_replicas(config, cluster)
        devices = f"{len(cluster.workers)} workers, {max(local_gpus(), 1)} replicas on this one"
        computes_in = str(Choice.of(config))
    else:
        strategy = build_strategy(config)
        devices = ", ".join(device_names(strategy))
        computes_in = Tuning(config, info, strategy).plan()
    print(flagfile.to_readable(config))
    for build in (registry.build_generator, registry.build_critic):
        build(config, info).summary()
    print("\n".join(line for lines in reports for line in lines))
    print(f"Devices: {devices}")
    print(f"Computes in: {computes_in}")
    return Status.DONE


def train(config: Config) -> Status:
    """Trains, from the newest checkpoint if there is one.

    Raises:
        UserError: the run cannot be begun, or gone on with.
        DivergenceError: a loss is not finite.
        WorkerLostError: another worker of the cluster is gone.
    """
    cluster = find_cluster(config, os.environ)
    is_chief = cluster is None or cluster.is_chief
    folder = RunFolder.from_environment(config.workdir, os.environ)
    if cluster:
        meet(cluster, lambda: _check_worker(config, folder, cluster), config.join_timeout)
    folder.check_same_run(config)
    config = folder.go_on_as_begun(config)
    kept = CheckpointFolder(folder.checkpoints)
    last_step = kept.newest_step()
    if last_step is None:
        require_no_progress(folder)
    elif last_step >= config.steps and kept.is_readable(last_step):
        print(f"{config.workdir} is done: all {config.steps:,} steps are taken.")
        exported = read_model_card(folder.exports)
        if is_chief and config.export and (exported is None or exported.step != last_step):
            print(export(folder))
        return Status.DONE
    check_data(config)
    if is_chief:
        require_writable(config.workdir)
    try:
        return _train(config, folder, build_strategy(config, cluster), is_chief=is_chief)
    except LOST_WORKER as error:
        if cluster is None:
            raise
        raise WorkerLostError(
            f"Worker {cluster.number} lost the others ({reason(error)}); start all workers again "
            "to go on from the last checkpoint."
        ) from error


def _train(
    config: Config, folder: RunFolder, strategy: tf.distribute.Strategy, *, is_chief: bool
) -> Status:
    store = open_store(config, config.train_split)
    is_evaluated = is_chief and config.eval_every > 0
    held_out = open_store(config, config.eval_split) if is_evaluated else None
    folder.check_same_data(store.info)

    config = Tuning(config, store.info, strategy).choose(
        lambda chosen: examples_per_second(chosen, store, strategy), tell=print
    )
    trainer = Trainer(config, store, strategy)
    checkpoints = Checkpoints(
        trainer.state, folder.checkpoints, config.keep_checkpoints, is_writer=is_chief
    )
    checkpoints.restore_newest(tell=print)
    # Past this, the chief writes; by then every worker has read.
    trainer.any_worker(False)
    if not is_chief:
        print(f"Training on {_described(strategy)}; the chief shows how far it is.", flush=True)
        with StopRequest() as stop:
            is_finished = training_loop.train(
                config, trainer, checkpoints=checkpoints, observer=Observer(), stop=stop
            )
        return Status.DONE if is_finished else _stopped(trainer)
    _clear_leftovers(folder)
    folder.write(config, store.info)
    with (
        StopRequest() as stop,
        Monitor(
            folder,
            total_steps=config.steps,
            initial_step=trainer.step,
            reference_points=reference_points(store),
            grid_columns=len(grid_labels(count_classes(config, store.info))) or None,
            stream=sys.stdout,
        ) as monitor,
    ):
        monitor.message(f"Training on {_described(strategy)}")
        for line in (
            *_described_data(config, config.train_split, store.info),
            *_described_source(store.notes, store.left_out),
        ):
            monitor.message(line)
        observer = ChiefObserver(config, folder, trainer, monitor, store, held_out)
        is_finished = training_loop.train(
            config, trainer, checkpoints=checkpoints, observer=observer, stop=stop
        )
        if is_finished and config.export:
            monitor.message(write_run_saved_model(folder, observer.served(), trainer.step))
    if not is_finished:
        return _stopped(trainer)
    if config.report:
        reporting.write_report([folder], folder.report_file)
        print(folder.report_file)
    return Status.DONE


def _clear_leftovers(folder: RunFolder) -> None:
    """Removes what killed processes left half-written."""
    remove_leftovers(folder.path, folder.samples)
    for directory in (folder.checkpoints, folder.best_checkpoints):
        CheckpointFolder(directory).clear()


def _stopped(trainer: Trainer) -> Status:
    print(f"Stopped at step {trainer.step:,}; run the same command again to go on.")
    return Status.STOPPED


def _check_worker(config: Config, folder: RunFolder, cluster: Cluster) -> Facts:
    """Checks what needs no operation of TensorFlow; tells what all workers must share."""
    check_replicas(config, cluster)
    folder.check_same_run(config)
    info = check_data(config)
    if cluster.is_chief:
        require_writable(config.workdir)
    options = {
        f"--{field.name}": format_value(getattr(config, field.name))
        for field in configuration.fields()
        if field.name not in LOCAL_OPTIONS
    }
    return {
        **options,
        "The number of GPUs": str(local_gpus()),
        "The newest checkpoint": str(CheckpointFolder(folder.checkpoints).newest_step()),
        "The number and shape of the examples": f"{info.num_examples} {info.example_shape}",
        "oneDNN": "on" if onednn_in_effect() else "off",
        "The version of TensorFlow": tf.__version__,
        "The version of wgan_tf": metadata.version("wgan_tf"),
    }


def _described(strategy: tf.distribute.Strategy) -> str:
    here, all_replicas = device_names(strategy), strategy.num_replicas_in_sync
    if all_replicas == len(here):
        return ", ".join(here)
    return f"{all_replicas} replicas, {len(here)} of them here: {', '.join(here)}"


def check_data(config: Config) -> DatasetInfo:
    """Describes the examples that are trained on, having checked all that needs no more than that.

    Raises:
        UserError: the data cannot be had, or nothing can be trained on them with these options.
    """
    info, *_ = [
        describe_data(config, split) for split in (config.train_split, config.eval_split) if split
    ]
    registry.check(config, info)
    count_classes(config, info)
    if not info.is_image and info.example_shape != (2,):
        raise UserError(
            f"--dataset={config.dataset} holds points of {info.example_shape[0]} numbers, "
            "but a run shows its samples in the plane; give points of 2, or pictures as uint8."
        )
    return info


def _data_report(config: Config, split: str) -> list[str]:
    """What is read of a split, and how, before it is prepared; nothing of the split ""."""
    if not split:
        return []
    source = report_source(config, split)
    lines = _described_data(config, split, describe_data(config, split))
    lines += _described_source(source.notes, source.left_out)
    if source.num_tried is not None:
        lines.append(f"  {source.num_tried:,} of the files were tried, the others will be later")
    return lines


def _described_data(config: Config, split: str, info: DatasetInfo) -> list[str]:
    count = "not downloaded yet," if info.num_examples is None else f"{info.num_examples:,}"
    chosen = " of all classes" if config.classes and info.class_counts is None else ""
    lines = [f"Data: {config.dataset} {split}: {count} examples{chosen} {info.example_shape}"]
    if info.class_names is not None:
        counts = info.class_counts
        names = [
            name if counts is None else f"{name} ({counts[number]:,})"
            for number, name in enumerate(info.class_names)
        ]
        lines.append(f"  {len(names):,} classes: {listed(names)}")
    return lines


def _described_source(notes: Sequence[str], left_out: Sequence[tuple[str, str]]) -> list[str]:
    lines = [f"  {note}" for note in notes]
    if left_out:
        file, why = left_out[0]
        lines.append(f"  {len(left_out):,} files are left out, such as {file}, which {why}")
    return lines
