"""Puts a run together: data, networks, devices, and where it shows what it does."""

import contextlib
import functools
import os
import sys
from collections.abc import Callable
from importlib import metadata

import tensorflow as tf

from wgan_tf import augmentation
from wgan_tf import config as configuration
from wgan_tf.chief import ChiefObserver, reference_points
from wgan_tf.completion import make_good, missing
from wgan_tf.config import Config
from wgan_tf.data.held_out import hold_out_tenth
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.store import describe as describe_data
from wgan_tf.data.store import open_store
from wgan_tf.dataset_report import describe_store
from wgan_tf.errors import Status, Stopped, UserError, WorkerLostError, reason
from wgan_tf.files import remove_leftovers, require_writable
from wgan_tf.labels import count_classes, grid_labels
from wgan_tf.monitoring.monitor import Monitor
from wgan_tf.networks import registry
from wgan_tf.networks.own import digest_own
from wgan_tf.options import format_value
from wgan_tf.run_folder import RunFolder
from wgan_tf.run_lock import locked, require_unlocked, was_abandoned
from wgan_tf.serving.export import export, write_run_saved_model
from wgan_tf.tensorflow_import import onednn_in_effect
from wgan_tf.training import inspection, training_loop
from wgan_tf.training.checkpoint_folder import CheckpointFolder
from wgan_tf.training.checkpoints import Checkpoints, best_record
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
from wgan_tf.training.initial_weights import check_init_from, take_initial_weights
from wgan_tf.training.interruption import StopRequest
from wgan_tf.training.memory import describe_memory
from wgan_tf.training.observer import Observer
from wgan_tf.training.trainer import Trainer
from wgan_tf.training.tuning import Tuning, prepare_turns

# What may differ between the workers of one run: where its files are on each.
LOCAL_OPTIONS = ("workdir", "data_dir")
HELD_OUT_EXAMPLES = 2000
# A checkpoint's name for the last step that is told.
REPORTED = "reported/.ATTRIBUTES/VARIABLE_VALUE"
# What TensorFlow raises in a worker when another is gone.
LOST_WORKER = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
)


def train(
    config: Config, *, stop: StopRequest | None = None, accept_changes: bool = False
) -> Status:
    """Trains, from the newest checkpoint if there is one, and makes good what is missing.

    Args:
        config: the run's configuration.
        stop: open, what a command listens to; without one, this opens its own.
        accept_changes: whether a run may go on with other learning rates.

    Raises:
        UserError: the run cannot be begun, or gone on with.
        DivergenceError: a number is not finite.
        WorkerLostError: another worker of the cluster is gone.
    """
    cluster = find_cluster(config, os.environ)
    folder = RunFolder.from_environment(config.workdir, os.environ)
    is_chief = cluster is None or cluster.is_chief

    def check() -> Config:
        adopted = settled(config, folder)
        folder.check_same_run(adopted, accept_changes=accept_changes)
        _check_startable(adopted, folder, is_chief=is_chief)
        return adopted

    with contextlib.ExitStack() as stack:
        try:
            stop = stop or stack.enter_context(StopRequest())
            if cluster:
                meet(cluster, lambda: _facts(config, folder, cluster, check), config.join_timeout)
            config = check()
            if is_chief and _has_to_write(config, folder):
                stack.enter_context(locked(folder.path, print))
                _clear_leftovers(folder)
            elif is_chief:
                _tidy(folder)
            return _train(config, folder, cluster, stop)
        except Stopped:
            return _stopped(folder)
        except LOST_WORKER as error:
            if cluster is None:
                raise
            raise WorkerLostError(
                f"Worker {cluster.number} lost the others ({reason(error)}); start all workers "
                "again to go on from the last checkpoint."
            ) from error


def settled(config: Config, folder: RunFolder) -> Config:
    """As the run has it that is gone on with; of a new one, with what is held out by default.

    Raises:
        UserError: it is not that of the run, or evaluates without held-out examples.
    """
    complete = folder.adopt(config) if folder.exists() else hold_out_tenth(config)
    configuration.require_held_out(complete)
    return complete


def _check_startable(config: Config, folder: RunFolder, *, is_chief: bool) -> None:
    """Checks all that can be known before anything is written."""
    if _finished_step(config, folder) is None:
        if CheckpointFolder(folder.checkpoints).newest_step() is None:
            require_no_progress(folder)
            check_init_from(config)
        check_data(config)
    if is_chief and _has_to_write(config, folder):
        require_writable(config.workdir)
        require_unlocked(folder.path)


def _has_to_write(config: Config, folder: RunFolder) -> bool:
    finished = _finished_step(config, folder)
    return finished is None or bool(missing(config, folder, finished))


def _train(config: Config, folder: RunFolder, cluster: Cluster | None, stop: StopRequest) -> Status:
    is_chief = cluster is None or cluster.is_chief
    finished = _finished_step(config, folder)
    if finished is not None:
        print(f"{config.workdir} is done: all {config.steps:,} steps are taken.")
        if is_chief:
            make_good(config, folder, finished, lambda: export(folder), print)
        return Status.DONE
    strategy = build_strategy(config, cluster)
    store = open_store(config, config.train_split)
    is_evaluated = is_chief and config.eval_every > 0
    held_out = open_store(config, config.eval_split) if is_evaluated else None
    folder.check_same_data(store.info)
    if not folder.exists():
        registry.try_own(config, store.info)

    config = Tuning(config, store.info, strategy).choose(
        lambda chosen: prepare_turns(chosen, store, strategy), log=print
    )
    trainer = Trainer(config, store, strategy)
    checkpoints = Checkpoints(
        trainer.state,
        folder.checkpoints,
        config.keep_checkpoints,
        every=config.checkpoint_every,
        is_writer=is_chief,
    )
    if config.init_from and CheckpointFolder(folder.checkpoints).newest_step() is None:
        print("\n".join(take_initial_weights(config, trainer.state)))
    checkpoints.restore_newest(log=print)
    trainer.take_up()
    # Past this, the chief writes; by then every worker has read.
    trainer.any_worker(False)
    if not is_chief:
        print(f"Training on {_described(strategy)}; the chief shows how far it is.", flush=True)
        is_finished = training_loop.train(
            config, trainer, checkpoints=checkpoints, observer=Observer(), stop=stop
        )
        return Status.DONE if is_finished else _stopped(folder)
    print(_beginning(config, folder, trainer), flush=True)
    if folder.exists():
        folder.record_changes(config, trainer.step)
    folder.write(config, store.info)
    with Monitor(
        folder,
        total_steps=config.steps,
        initial_step=trainer.reported,
        reference_points=reference_points(store),
        grid_columns=len(grid_labels(count_classes(config, store.info))) or None,
        stream=sys.stdout,
    ) as monitor:
        monitor.log(f"Training on {_described(strategy)}")
        if trainer.step == 0:
            networks = [trainer.state.generator, trainer.state.critic]
            monitor.log(describe_memory(config, networks, strategy.num_replicas_in_sync))
        for line in describe_store(config, store, is_new=trainer.step == 0):
            monitor.log(line)
        observer = ChiefObserver(config, folder, trainer, monitor, store, held_out)
        is_finished = training_loop.train(
            config,
            trainer,
            checkpoints=checkpoints,
            observer=observer,
            stop=stop,
            inspect=(
                functools.partial(
                    inspection.held_out_metrics,
                    *(config, trainer, store, held_out, HELD_OUT_EXAMPLES),
                )
                if held_out
                else None
            ),
        )
        if not is_finished:
            return _stopped(folder)
        make_good(
            config,
            folder,
            trainer.step,
            lambda: write_run_saved_model(folder, observer.served(), trainer.step),
            monitor.log,
        )
    return Status.DONE


def _finished_step(config: Config, folder: RunFolder) -> int | None:
    """The step of the newest checkpoint, if all steps are taken and told by then.

    None as well where a file is gone that only training can write again.
    """
    if not (folder.exists() and _is_best_described(folder)):
        return None
    kept = CheckpointFolder(folder.checkpoints)
    step = kept.newest_step()
    if step is None or step < config.steps:
        return None
    values = kept.read(step)
    is_told = values is not None and values.get(REPORTED, step) >= config.steps
    return step if is_told else None


def _is_best_described(folder: RunFolder) -> bool:
    directory = folder.best_checkpoints
    return not CheckpointFolder(directory).steps() or tf.io.gfile.exists(best_record(directory))


def _beginning(config: Config, folder: RunFolder, trainer: Trainer) -> str:
    if not folder.exists() and trainer.step == 0:
        return f"A new run of {config.steps:,} steps in {folder.path}"
    return f"Going on from step {trainer.step:,} of {config.steps:,} in {folder.path}"


def _tidy(folder: RunFolder) -> None:
    """Clears, where it may, what is left of a process that was killed once all was written."""
    if was_abandoned(folder.path):
        with contextlib.suppress(UserError, tf.errors.OpError), locked(folder.path, print):
            _clear_leftovers(folder)


def _clear_leftovers(folder: RunFolder) -> None:
    """Removes what killed processes left half-written."""
    remove_leftovers(folder.path, folder.samples, folder.own, folder.examples)
    for directory in (folder.checkpoints, folder.best_checkpoints):
        CheckpointFolder(directory).clear()


def _stopped(folder: RunFolder) -> Status:
    step = CheckpointFolder(folder.checkpoints).newest_step()
    where = "before the first step" if step is None else f"at step {step:,}"
    print(f"Stopped {where}; run the same command again to go on.")
    return Status.STOPPED


def _facts(
    config: Config, folder: RunFolder, cluster: Cluster, check: Callable[[], object]
) -> Facts:
    """Checks what needs no operation of TensorFlow; tells what all workers must share."""
    check_replicas(config, cluster)
    newest = CheckpointFolder(folder.checkpoints).newest_step()
    check()
    info = check_data(config)
    options = {
        f"--{field.name}": format_value(getattr(config, field.name))
        for field in configuration.fields()
        if field.name not in LOCAL_OPTIONS
    }
    for name in configuration.own_options(config):
        options[f"--{name}"] = digest_own(name, getattr(config, name))
    return {
        **options,
        "The number of GPUs": str(local_gpus()),
        "The newest checkpoint": str(newest),
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
    augmentation.check(config, info)
    count_classes(config, info)
    if not info.is_image and info.example_shape != (2,):
        raise UserError(
            f"--dataset={config.dataset} holds points of {info.example_shape[0]} numbers, "
            "but a run shows its samples in the plane; give points of 2, or images as uint8."
        )
    return info
