"""From the option `strategy` and the environment to a TensorFlow strategy."""

import contextlib
import faulthandler
import os
import signal
import threading
from collections.abc import Iterator, Mapping

import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.data.batches import replica_batch_size
from wgan_tf.errors import UserError, reason
from wgan_tf.training.distributed.cluster import Cluster, from_environment, from_tf_config

_CONNECTION_SECONDS = 55.0


def find_cluster(config: Config, environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that the configuration asks to train on; None to train in this process alone.

    Raises:
        UserError: there is none though it is asked for, or it is malformed.
    """
    if config.strategy == "multi_worker":
        cluster = from_environment(environment)
        if cluster is None:
            raise UserError(
                "--strategy=multi_worker finds neither TF_CONFIG nor a Slurm step in the "
                "environment; set TF_CONFIG on every worker, or start them with srun."
            )
        return cluster
    if config.strategy == "auto" and environment.get("TF_CONFIG"):
        cluster = from_tf_config(environment["TF_CONFIG"])
        return cluster if len(cluster.workers) > 1 else None
    return None


def check_replicas(config: Config, cluster: Cluster) -> None:
    """Checks, before TensorFlow starts, that a cluster's replicas can train together.

    Raises:
        UserError: the batch does not divide by them, or augmentation is adaptive.
    """
    if config.augment == "adaptive" and len(cluster.workers) > 1:
        raise UserError(
            f"--augment=adaptive goes by what one worker alone measures, and there are "
            f"{len(cluster.workers)}; take --augment=diffaugment, or --strategy=mirrored."
        )
    replica_batch_size(config.batch_size, len(cluster.workers) * max(local_gpus(), 1))


def local_gpus() -> int:
    """How many GPUs this process sees; does not start TensorFlow's runtime."""
    return len(tf.config.list_physical_devices("GPU"))


def build_strategy(config: Config, cluster: Cluster | None = None) -> tf.distribute.Strategy:
    """The strategy that the configuration asks for on this machine.

    Args:
        config: the run's configuration.
        cluster: the workers, whose strategy must come before any operation of TensorFlow.

    Raises:
        UserError: the devices are not there, or the global batch does not divide by the number
            of replicas.
    """
    strategy = _multi_worker(cluster) if cluster else _local(config)
    replica_batch_size(config.batch_size, strategy.num_replicas_in_sync)
    return strategy


def device_names(strategy: tf.distribute.Strategy) -> list[str]:
    """The strategy's devices in this process, one a replica: GPU:0."""
    return [device.rpartition("device:")[2] for device in worker_devices(strategy)]


def worker_devices(strategy: tf.distribute.Strategy) -> tuple[str, ...]:
    """The strategy's devices in this process, one a replica, by their full names."""
    try:
        return tuple(strategy.extended.worker_devices)
    except RuntimeError:
        # Without a strategy, TensorFlow takes the first GPU, or the CPU.
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return (devices[0].name,)


def _local(config: Config) -> tf.distribute.Strategy:
    if config.strategy == "tpu":
        return _tpu()
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    cpus = [device.name for device in tf.config.list_logical_devices("CPU")]
    devices = gpus or cpus
    if config.strategy == "mirrored" or (config.strategy == "auto" and len(gpus) > 1):
        return tf.distribute.MirroredStrategy(devices)
    return tf.distribute.OneDeviceStrategy(devices[0])


def _multi_worker(cluster: Cluster) -> tf.distribute.Strategy:
    gpus = local_gpus()
    communication = tf.distribute.experimental.CommunicationImplementation
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.workers)}),
        task_type="worker",
        task_id=cluster.number,
        num_accelerators={"GPU": gpus},
        rpc_layer="grpc",
    )
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=communication.NCCL if gpus else communication.RING
    )
    with _ended_after(_CONNECTION_SECONDS), _signals_kept():
        return tf.distribute.MultiWorkerMirroredStrategy(resolver, options)


@contextlib.contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """Ends the process with status 1 and a traceback if the block takes longer.

    TensorFlow waits an hour for a worker that died since they met, holding Python's lock: no
    thread and no signal handler of ours would run.
    """
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Gives SIGTERM back to Python's handler, from which TensorFlow takes it in a cluster.

    TensorFlow tells none but its own preemption handling of it.
    """
    try:
        yield
    finally:
        handler = signal.getsignal(signal.SIGTERM)
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def _tpu() -> tf.distribute.Strategy:
    name = os.environ.get("TPU_NAME", "local")
    try:
        if name == "local" and not tf.config.list_physical_devices("TPU"):
            raise ValueError("this machine has none")
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect(name)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise UserError(
            f"--strategy=tpu finds no TPU ({reason(error)}); run on a TPU VM, name one in "
            "TPU_NAME, or take another --strategy."
        ) from error
    return tf.distribute.TPUStrategy(resolver)
