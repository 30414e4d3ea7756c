"""Trains rows of the table on some devices and keeps the variables, as a process of its own.

TensorFlow takes one mirrored strategy a process, and several workers are several processes.

    python -m tests.conformance.trajectory DATA_DIR OUT [--replicas=N] [--rows ROW ...]

With TF_CONFIG the process is a worker.
"""

import argparse
import dataclasses
import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tests.conformance.table import ROWS, Row
from wgan_tf.config import Config
from wgan_tf.data.store import Store, open_store
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.distributed.strategy import build_strategy, find_cluster
from wgan_tf.training.state import TrainingState
from wgan_tf.training.trainer import Trainer


def steps_of(row: Row) -> int:
    """How far the row is followed: 40 critic steps, or 500 where each generator step has 100."""
    return 5 if row.config().critic_warmup else 20


def open_data(config: Config, data_dir: str) -> Store:
    return open_store(dataclasses.replace(config, data_dir=data_dir), config.train_split)


def make_trainer(config: Config, data_dir: str, strategy: tf.distribute.Strategy) -> Trainer:
    """In its first state, but for the probability of adaptive augmentation, which is zero there."""
    trainer = Trainer(config, open_data(config, data_dir), strategy)
    trainer.set_augment_probability(0.5)
    return trainer


def one_device_trainer(config: Config, data_dir: str) -> Trainer:
    return make_trainer(config, data_dir, tf.distribute.OneDeviceStrategy("/cpu:0"))


def variables(state: TrainingState) -> list[np.ndarray]:
    owners = (
        state.generator.weights,
        state.critic.weights,
        state.average_generator.weights,
        state.generator_optimizer.variables,
        state.critic_optimizer.variables,
    )
    return [variable.numpy() for owner in owners for variable in owner]


def require_equal_replicas(state: TrainingState, strategy: tf.distribute.Strategy) -> None:
    """Fails unless every replica in this process has the very same networks."""
    for variable in (*state.generator.weights, *state.critic.weights):
        first, *others = strategy.experimental_local_results(variable.value)
        for other in others:
            np.testing.assert_array_equal(other.numpy(), first.numpy())


def leave_graphs_as_they_are() -> None:
    """Graphs so small cost more to optimize than to run."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def logical_cpus(count: int) -> Sequence[str]:
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * count
    )
    return [device.name for device in tf.config.list_logical_devices("CPU")]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir")
    parser.add_argument("out")
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--precision", default="float64")
    parser.add_argument("--rows", nargs="*", help="these rows alone")
    parser.add_argument("--checkpoints", default="", help="where to go on from")
    arguments = parser.parse_args()

    cluster = find_cluster(ROWS[0].config(), os.environ)
    if cluster:
        strategy = build_strategy(ROWS[0].config(), cluster)
    else:
        strategy = tf.distribute.MirroredStrategy(logical_cpus(arguments.replicas))
    leave_graphs_as_they_are()
    kept = {}
    for row in ROWS:
        if arguments.rows and row.name not in arguments.rows:
            continue
        config = row.config(precision=arguments.precision)
        trainer = make_trainer(config, arguments.data_dir, strategy)
        if arguments.checkpoints:
            Checkpoints(trainer.state, arguments.checkpoints, keep=1).restore_newest(log=print)
        trainer.advance(steps_of(row) - trainer.step)
        require_equal_replicas(trainer.state, strategy)
        for number, value in enumerate(variables(trainer.state)):
            kept[f"{row.name}/{number}"] = value
    np.savez(arguments.out, **kept)


if __name__ == "__main__":
    main()
