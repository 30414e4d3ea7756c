import os
from collections.abc import Callable, Iterable, Iterator

# As the commands and the library have it, so that their runs go on here.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import flags
from absl.testing import flagsaver

from tests.conformance.trajectory import leave_graphs_as_they_are
from wgan_tf import commands
from wgan_tf import config as configuration
from wgan_tf.config import Config

ParseFlags = Callable[..., Config]


def pytest_configure() -> None:
    """Makes several CPU devices, before TensorFlow's runtime starts and fixes their number."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 4)
    leave_graphs_as_they_are()


@pytest.fixture(scope="module")
def parse_flags() -> Iterator[ParseFlags]:
    """Reads a command line as the commands do, whose flags are defined for one module alone."""

    def parse(*arguments: str) -> Config:
        with flagsaver.flagsaver():
            flags.FLAGS(["program", *arguments])
            return commands.config_from_flags()

    commands.define_config_flags()
    yield parse
    for field in configuration.fields():
        delattr(flags.FLAGS, field.name)


@pytest.fixture(scope="session")
def two_replicas() -> tf.distribute.Strategy:
    """One for all tests: TensorFlow's collectives take one mirrored strategy a process."""
    devices = [device.name for device in tf.config.list_logical_devices("CPU")[:2]]
    return tf.distribute.MirroredStrategy(devices)


@pytest.fixture(scope="session")
def dcgan_config() -> Config:
    """A DCGAN pair of width 2, small enough to be built in every test."""
    return Config(
        workdir="run",
        dcgan_width=2,
        dcgan_kernel_size=3,
        latent_dim=3,
        batch_size=4,
        critic_steps=2,
        steps=10,
    )


@pytest.fixture(scope="session")
def mlp_config() -> Config:
    """A pair with one hidden layer each, in float64, on points."""
    return Config(
        workdir="run",
        dataset="toy:8gaussians",
        architecture="mlp",
        mlp_generator_units=(9,),
        mlp_critic_units=(16,),
        output_activation="linear",
        latent_dim=3,
        batch_size=4,
        steps=10,
        precision="float64",
    )


@pytest.fixture(scope="session")
def randomize() -> Callable[[Iterable[keras.Variable]], None]:
    """A function that gives variables random values, above zero where they stand for squares."""

    def assign(variables: Iterable[keras.Variable]) -> None:
        random = np.random.default_rng(0)
        for variable in variables:
            values = random.normal(scale=0.5, size=variable.shape)
            is_positive = any(word in variable.path for word in ("variance", "velocity", "gamma"))
            variable.assign(np.abs(values) + 0.1 if is_positive else values)

    return assign
