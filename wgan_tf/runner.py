"""Puts a run together: data, networks, devices, and where it shows what it does."""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata

import numpy as np
import tensorflow as tf

from wgan_tf import config as configuration
from wgan_tf import drawing, flagfile, reporting
from wgan_tf.config import Config
from wgan_tf.data.store import Description, Store
from wgan_tf.errors import Status, UserError, WorkerLostError, reason
from wgan_tf.examples import describe_examples, open_examples
from wgan_tf.files import remove_leftovers, require_writable
from wgan_tf.labels import label_weights
from wgan_tf.monitoring.monitor import Monitor
from wgan_tf.networks import registry
from wgan_tf.options import format_value
from wgan_tf.quality import (
    Quality,
    build_quality,
    generated_examples,
    generated_labels,
    measure_diversity,
)
from wgan_tf.restoring import require_no_progress
from wgan_tf.run_folder import DatasetCard, RunFolder
from wgan_tf.serving.sampler import Sampler
from wgan_tf.serving.saved_model import exported_step
from wgan_tf.training import training_loop
from wgan_tf.training.bystander import Bystander
from wgan_tf.training.checkpoint_folder import CheckpointFolder
from wgan_tf.training.checkpoints import BestCheckpoint, Checkpoints
from wgan_tf.training.distributed.cluster import Cluster
from wgan_tf.training.distributed.rendezvous import Facts, meet
from wgan_tf.training.distributed.strategy import (
    build_strategy,
    check_replicas,
    device_names,
    find_cluster,
    local_gpus,
)
from wgan_tf.training.inspection import Inspection
from wgan_tf.training.interruption import StopRequest
from wgan_tf.training.trainer import Trainer
from wgan_tf.watching import Watch

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

SAMPLE_SEED = 0
PICTURES_IN_GRID = 64
ROWS_IN_CLASS_GRID = 10
POINTS_IN_PLOT = 10_000


def describe(config: Config) -> Status:
    """Prints what would be trained; writes nothing and meets no other worker.

    Raises:
        UserError: it cannot be trained.
    """
    cluster = find_cluster(config, os.environ)
    RunFolder.from_environment(config.workdir, os.environ).check_same_run(config)
    data = _describe_data(config)
    if cluster:
        check_replicas(config, cluster)
        devices = f"{len(cluster.workers)} workers, {max(local_gpus(), 1)} replicas on this one"
    else:
        devices = ", ".join(device_names(build_strategy(config)))
    print(flagfile.to_readable(config))
    num_classes = registry.count_classes(config, data.class_names)
    for build in (registry.build_generator, registry.build_critic):
        build(config, data.example_shape, num_classes).summary()
    count = "not downloaded yet," if data.num_examples is None else f"{data.num_examples:,}"
    classes = "" if data.class_names is None else f", {len(data.class_names)} classes"
    print(f"Data: {data.dataset} {data.split}: {count} examples {data.example_shape}{classes}")
    print(f"Devices: {devices}")
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
    kept = CheckpointFolder(folder.checkpoints)
    last_step = kept.newest_step()
    if last_step is None:
        require_no_progress(folder)
    elif last_step >= config.steps and kept.is_readable(last_step):
        print(f"{config.workdir} is done: all {config.steps:,} steps are taken.")
        if is_chief and config.export and exported_step(folder.exports) != last_step:
            print(drawing.export(folder))
        return Status.DONE
    _describe_data(config)
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
    store = open_examples(config, config.train_split)
    has_held_out = is_chief and config.eval_every > 0
    held_out_store = open_examples(config, config.eval_split) if has_held_out else None
    counts = store.class_counts
    card = DatasetCard(
        store.example_shape,
        store.num_examples,
        store.class_names,
        store.digest,
        None if counts is None else tuple(map(int, counts)),
    )
    folder.check_same_data(card)

    trainer = Trainer(config, store, strategy)
    checkpoints = Checkpoints(
        trainer.state, folder.checkpoints, config.keep_checkpoints, is_writer=is_chief
    )
    checkpoints.restore_newest(tell=print)
    # Past this, the chief writes; by then every worker has read.
    trainer.any_worker(False)
    if not is_chief:
        print(f"Training on {_described(strategy)}; the chief shows how far it is.", flush=True)
        return _follow(config, trainer, checkpoints)
    _clear_leftovers(folder)
    folder.write(config, card)
    num_classes = registry.count_classes(config, store.class_names)
    weights = label_weights(config, store) if num_classes else ()
    average, raw = (
        drawing.follow_generator(config, generator, store.example_shape, weights)
        for generator in (trainer.state.average_generator, trainer.state.generator)
    )
    with (
        StopRequest() as stop,
        Monitor(
            config.workdir,
            total_steps=config.steps,
            initial_step=trainer.step,
            reference_points=_reference_points(store),
            grid_columns=num_classes or None,
            stream=sys.stdout,
            tensorboard=folder.tensorboard,
        ) as monitor,
    ):
        monitor.message(f"Training on {_described(strategy)}")
        if store.left_out:
            monitor.message(f"{len(store.left_out)} files of --dataset are unusable and left out")
        monitor.configuration(
            flagfile.to_readable(config),
            flagfile.to_row(config),
            _metric_names(config, trainer, has_held_out=has_held_out),
        )
        quality = _quality(config, store, held_out_store, monitor.message)
        best = (
            BestCheckpoint(trainer.state, folder.best_checkpoints, quality.main_metric)
            if quality and quality.main_metric
            else None
        )
        is_finished = training_loop.train(
            config,
            trainer,
            checkpoints=checkpoints,
            watch=Watch(config, best, monitor.message),
            monitor=monitor,
            inspection=Inspection(
                config,
                trainer,
                store,
                held_out_store,
                measure=lambda: _measure(
                    quality, held_out_store or store, weights, average(), raw()
                ),
            ),
            profiled=lambda: tf.profiler.experimental.Profile(folder.tensorboard),
            draw_samples=lambda: _draw_shown(average(), store),
            stop=stop,
        )
        if is_finished and config.export:
            monitor.message(drawing.write_run_saved_model(folder, average(), config, trainer.step))
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


def _metric_names(config: Config, trainer: Trainer, *, has_held_out: bool) -> list[str]:
    """What the run is going to tell; whatever the features, their metrics are of one kind."""
    names = [*trainer.metric_names, "images_per_sec"]
    if has_held_out:
        names += ["held_out_wasserstein_estimate", "diversity"]
        names += [f"{metric}_features" for metric in config.eval_metrics if metric != "manifolds"]
        if "manifolds" in config.eval_metrics:
            names += [f"{kind}_features" for kind in ("precision", "density")]
    return names


def _follow(config: Config, trainer: Trainer, checkpoints: Checkpoints) -> Status:
    """Trains as a worker that is not the chief, which writes nothing."""
    bystander = Bystander()
    with StopRequest() as stop:
        is_finished = training_loop.train(
            config,
            trainer,
            checkpoints=checkpoints,
            watch=bystander,
            monitor=bystander,
            inspection=bystander,
            profiled=contextlib.nullcontext,
            draw_samples=bystander.draw_samples,
            stop=stop,
        )
    return Status.DONE if is_finished else _stopped(trainer)


def _quality(
    config: Config, store: Store, held_out: Store | None, tell: Callable[[str], None]
) -> Quality | None:
    if held_out is None or not config.eval_metrics:
        return None
    return build_quality(
        config,
        store,
        held_out,
        num_examples=config.eval_samples,
        metrics=config.eval_metrics,
        tell=tell,
    )


def _measure(
    quality: Quality | None,
    real: Store,
    weights: Sequence[int],
    average: Sampler,
    raw: Sampler,
) -> Mapping[str, float]:
    """Metrics of the moving-average generator, and those of the generator itself as raw_NAME."""
    metrics = {}
    for prefix, sampler in (("", average), ("raw_", raw)):
        values = dict(measure_diversity(sampler, weights, real))
        if quality:
            count = quality.num_examples
            examples = generated_examples(sampler, count, weights)
            values.update(quality.measure(examples, generated_labels(count, weights)))
        metrics.update({f"{prefix}{name}": value for name, value in values.items()})
    return metrics


def _stopped(trainer: Trainer) -> Status:
    print(f"Stopped at step {trainer.step:,}; run the same command again to go on.")
    return Status.STOPPED


def _check_worker(config: Config, folder: RunFolder, cluster: Cluster) -> Facts:
    """Checks what needs no operation of TensorFlow; tells what all workers must share."""
    check_replicas(config, cluster)
    folder.check_same_run(config)
    data = _describe_data(config)
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
        "The number and shape of the examples": f"{data.num_examples} {data.example_shape}",
        "The version of TensorFlow": tf.__version__,
        "The version of wgan_tf": metadata.version("wgan_tf"),
    }


def _described(strategy: tf.distribute.Strategy) -> str:
    here, all_replicas = device_names(strategy), strategy.num_replicas_in_sync
    if all_replicas == len(here):
        return ", ".join(here)
    return f"{all_replicas} replicas, {len(here)} of them here: {', '.join(here)}"


def _describe_data(config: Config) -> Description:
    train_data, *_ = [
        describe_examples(config, split)
        for split in (config.train_split, config.eval_split)
        if split
    ]
    registry.check(config, train_data.example_shape)
    registry.count_classes(config, train_data.class_names)
    if len(train_data.example_shape) == 1 and train_data.example_shape != (2,):
        raise UserError(
            f"--dataset={config.dataset} holds points of {train_data.example_shape[0]} numbers, "
            "but a run shows its samples in the plane; give points of 2, or pictures as uint8."
        )
    return train_data


def _is_picture(store: Store) -> bool:
    return len(store.example_shape) == 3


def _draw_shown(sampler: Sampler, store: Store) -> np.ndarray:
    if not _is_picture(store):
        return drawing.draw(sampler, POINTS_IN_PLOT, SAMPLE_SEED)
    if sampler.num_classes:
        return drawing.draw_class_grid(sampler, ROWS_IN_CLASS_GRID, SAMPLE_SEED)
    return drawing.draw(sampler, PICTURES_IN_GRID, SAMPLE_SEED)


def _reference_points(store: Store) -> np.ndarray | None:
    if _is_picture(store):
        return None
    return store.read(np.arange(min(POINTS_IN_PLOT, store.num_examples)))[0]
