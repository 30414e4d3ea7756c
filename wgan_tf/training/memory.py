"""How much memory training takes, estimated before it is taken."""

import math
from collections.abc import Sequence

import keras
import psutil
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.networks.graph import layers_within

# Fitted to the peak of a process on CPUs in 9 trainings of DCGAN and residual pairs at 64 to 256
# pixels, in batches of 4 to 64, within a third: weights with their gradients, two moments, an
# average and what a step holds beside them; feature maps of one pass; Python and TensorFlow.
_COPIES_OF_WEIGHTS = 7
_SHARE_OF_FEATURE_MAPS = 1.25
_PROCESS_BYTES = 800_000_000
_VALUE_BYTES = 4


def estimate_memory(networks: Sequence[keras.Model], batch_size: int) -> float:
    """Bytes that a process takes to train networks on batches of a replica's size."""
    weights = sum(math.prod(v.shape) for network in networks for v in network.weights)
    maps = sum(_values_per_example(network) for network in networks) * batch_size
    values = _COPIES_OF_WEIGHTS * weights + _SHARE_OF_FEATURE_MAPS * maps
    return _PROCESS_BYTES + _VALUE_BYTES * values


def describe_memory(config: Config, networks: Sequence[keras.Model], num_replicas: int) -> str:
    """A sentence on the memory that training takes, with a remedy where there is less.

    What is free is known of this machine, not of its GPUs.

    Args:
        config: the run's configuration.
        networks: the generator and the critic.
        num_replicas: that share a batch.
    """
    needed = estimate_memory(networks, config.batch_size // num_replicas)
    free = psutil.virtual_memory().available
    told = f"Memory: about {needed / 1e9:.1f} GB a replica, by an estimate"
    if needed <= free or tf.config.list_physical_devices("GPU"):
        return told
    return (
        f"{told}, more than the {free / 1e9:.1f} GB that are free; take a smaller --batch_size, "
        "smaller networks or a smaller --image_size"
    )


def _values_per_example(network: keras.Model) -> int:
    """Of the outputs of all layers."""
    total = 0
    for layer in layers_within(network):
        for output in keras.tree.flatten(getattr(layer, "output", ())):
            total += math.prod(side for side in output.shape[1:] if side is not None)
    return total
