"""What the devices of a strategy are, as far as the speed of training depends on it."""

import os
import pathlib
from typing import Any

import tensorflow as tf

from wgan_tf.tensorflow_import import onednn_in_effect
from wgan_tf.training.distributed.strategy import device_names

_CPU_FEATURES = {"avx512_bf16", "amx_bf16"}
_GPU_CAPABILITY = (8, 0)


def device_kind(strategy: tf.distribute.Strategy) -> str:
    """CPU, GPU or TPU."""
    return device_names(strategy)[0].partition(":")[0]


def computes_in_bfloat16(strategy: tf.distribute.Strategy) -> bool:
    """Whether the devices have arithmetic in bfloat16 at all; elsewhere it is emulated, slowly."""
    kind = device_kind(strategy)
    if kind == "GPU":
        return all(
            gpu.get("compute_capability", (0, 0)) >= _GPU_CAPABILITY for gpu in _local_gpus()
        )
    features = set(_cpu_entry("flags").split())
    return kind == "TPU" or (onednn_in_effect() and bool(_CPU_FEATURES & features))


def can_use_xla(strategy: tf.distribute.Strategy) -> bool:
    """Whether whole steps can be compiled by XLA: on one replica, whose steps wait for no other."""
    return strategy.num_replicas_in_sync == 1


def is_local(strategy: tf.distribute.Strategy) -> bool:
    """Whether all replicas are in this process."""
    return len(device_names(strategy)) == strategy.num_replicas_in_sync


def describe_hardware(strategy: tf.distribute.Strategy) -> list[str]:
    """What two machines have in common on which the same choice is the fastest."""
    return [
        _cpu_entry("model name"),
        str(_usable_cpus()),
        *(str(sorted(gpu.items())) for gpu in _local_gpus()),
        *device_names(strategy),
        f"oneDNN {onednn_in_effect()}",
        tf.__version__,
    ]


def _local_gpus() -> list[dict[str, Any]]:
    devices = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(device) for device in devices]


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_entry(name: str) -> str:
    """What Linux says of the first processor; empty elsewhere."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
