"""From the option `strategy` to a TensorFlow strategy."""

import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.errors import UserError


def build_strategy(config: Config) -> tf.distribute.Strategy:
    """The strategy that the configuration asks for on this machine.

    Raises:
        UserError: the global batch does not divide by the number of replicas.
    """
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    cpus = [device.name for device in tf.config.list_logical_devices("CPU")]
    devices = gpus or cpus
    mirrored = config.strategy == "mirrored" or (config.strategy == "auto" and len(gpus) > 1)
    if not mirrored:
        return tf.distribute.OneDeviceStrategy(devices[0])
    if config.batch_size % len(devices):
        raise UserError(
            f"--batch_size={config.batch_size} does not divide by the {len(devices)} replicas of "
            f"this machine; take a multiple of {len(devices)}, or --strategy=one_device."
        )
    return tf.distribute.MirroredStrategy(devices)


def device_names(strategy: tf.distribute.Strategy) -> list[str]:
    """The strategy's devices, one a replica: GPU:0."""
    return [device.rpartition("device:")[2] for device in strategy.extended.worker_devices]
