"""This package's training: as it runs, and the step alone."""

import os
import time
from collections.abc import Mapping

import tensorflow as tf

from benchmarks.contestant import Turn, timed
from wgan_tf.config import Config
from wgan_tf.data.store import Store, open_store
from wgan_tf.labels import label_weights
from wgan_tf.log import log_to_stderr
from wgan_tf.training import schedule
from wgan_tf.training.distributed.strategy import build_strategy, find_cluster
from wgan_tf.training.state import TrainingState
from wgan_tf.training.step import WHOLE, Step
from wgan_tf.training.trainer import Trainer
from wgan_tf.training.tuning import Tuning, prepare_turns


class Loop:
    """Training as a run does it, with its data and its metrics."""

    def __init__(self, config: Config) -> None:
        strategy = build_strategy(config, find_cluster(config, os.environ))
        store = open_store(config, config.train_split)
        self._config = settled(config, store, strategy)
        self._trainer = Trainer(self._config, store, strategy)

    def turn(self, steps: int) -> Turn:
        """See `Contestant`."""
        trainer = self._trainer
        first_step = trainer.step
        began = time.perf_counter()
        trainer.advance(steps)
        trainer.metrics()
        trainer.any_worker(False)
        seconds = time.perf_counter() - began
        first, end = (
            schedule.critic_steps_before(self._config, n) for n in (first_step, trainer.step)
        )
        return Turn((end - first) * self._config.batch_size, steps, seconds)


class BareStep:
    """The steps alone, on one device, on a batch that is always the same and in its memory."""

    def __init__(self, config: Config) -> None:
        strategy = tf.distribute.OneDeviceStrategy(_first_device())
        store = open_store(config, config.train_split)
        self._config = config = settled(config, store, strategy)
        self._state = TrainingState(config, store.info)
        self._step = Step(config, self._state, label_weights(config, store.info))
        examples, labels = store.read(_numbers(config, store))
        self._batch = tf.constant(examples), None if labels is None else tf.constant(labels)
        is_compiled = config.jit_compile == "true"
        self._critic_step, self._generator_step = (
            tf.function(step, jit_compile=is_compiled or None, autograph=False)
            for step in (self._take_critic_step, self._take_generator_step)
        )

    def turn(self, steps: int) -> Turn:
        """See `Contestant`."""
        config = self._config
        return timed(
            steps,
            config.batch_size,
            config.critic_steps,
            lambda: self._advance(tf.constant(steps)).numpy(),
        )

    @tf.function
    def _advance(self, steps: tf.Tensor) -> tf.Tensor:
        loss = tf.zeros([], self._state.critic.inputs[0].dtype)
        for _ in tf.range(steps):
            step = self._state.step.read_value()
            for critic_step in tf.range(self._config.critic_steps):
                self._critic_step(step, critic_step)
            loss = self._generator_step(step)["generator_loss"]
            self._state.step.assign_add(1)
        return loss

    def _take_critic_step(self, step: tf.Tensor, critic_step: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return self._step.critic_step(*self._batch, step, critic_step, WHOLE)

    def _take_generator_step(self, step: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return self._step.generator_step(step, WHOLE)


def settled(config: Config, store: Store, strategy: tf.distribute.Strategy) -> Config:
    """A configuration with the precision and the compiler that training would take."""
    return Tuning(config, store.info, strategy).choose(
        lambda chosen: prepare_turns(chosen, store, strategy),
        log_to_stderr,
    )


def _numbers(config: Config, store: Store) -> range:
    return [number % store.num_examples for number in range(config.batch_size)]


def _first_device() -> str:
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return str(devices[0].name)
