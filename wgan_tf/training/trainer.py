"""Many steps in one compiled call, on whatever devices there are.

Loops stay outside `strategy.run`, one replica's mathematics (`wgan_tf.training.step`) inside.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from wgan_tf.config import Config, own_options
from wgan_tf.data.batches import Batch
from wgan_tf.data.store import Store
from wgan_tf.labels import label_weights
from wgan_tf.training import schedule
from wgan_tf.training.draws import Replica
from wgan_tf.training.feed import Feed, build_feed
from wgan_tf.training.state import TrainingState
from wgan_tf.training.step import Step
from wgan_tf.training.totals import NEVER, Totals


class Trainer:
    """Advances a `TrainingState` by any number of steps."""

    def __init__(self, config: Config, store: Store, strategy: tf.distribute.Strategy) -> None:
        """Makes the first state of a run; a checkpoint restored into `state` is gone on from.

        Args:
            config: the run's configuration.
            store: the examples to train on.
            strategy: where to train.
        """
        self._config = config
        self._strategy = strategy
        self._store = store
        self._feed: Feed | None = None
        with strategy.scope():
            self.state = TrainingState(config, store.info)
            self._step = Step(config, self.state, label_weights(config, store.info))
            step = self._step
            self._critic_totals = Totals(step.critic_metrics, step.critic_gradients)
            self._penalty_totals = Totals(step.penalty_metrics) if step.penalty_metrics else None
            self._generator_totals = Totals(step.generator_metrics, step.generator_gradients)
            all_totals = (self._critic_totals, self._penalty_totals, self._generator_totals)
            self._totals = tuple(totals for totals in all_totals if totals)
            self.state.metric_totals = tf.Variable(
                tf.zeros(sum(totals.size for totals in self._totals)),
                trainable=False,
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )
        self._critic_step = self._prepared(self._take_critic_step)
        self._plain_critic_step = self._prepared(self._take_plain_critic_step)
        self._generator_step = self._prepared(self._take_generator_step)

    @property
    def step(self) -> int:
        """Generator steps taken."""
        return int(self.state.step.numpy())

    def advance(self, steps: int) -> None:
        """Takes so many generator steps, each after its critic steps, from where the state is."""
        if self._feed is None:
            self._feed = build_feed(self._config, self._store, self._strategy)
        step = self.step
        first, end = (schedule.batches_before(self._config, n) for n in (step, step + steps))
        taken = schedule.critic_steps_before(self._config, step)
        self._advance(
            self._feed.source(first, end), tf.constant(taken, tf.int64), tf.constant(steps)
        )

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Of what `metrics` tells."""
        return tuple(name for totals in self._totals for name in totals.names)

    def any_worker(self, says: bool) -> bool:
        """Whether any worker says so; all workers have to ask at the same step."""
        return self.mean_over_replicas(float(says)) > 0

    def mean_over_replicas(self, value: float) -> float:
        """The mean of what the workers say; all have to ask at the same step."""
        replicas = self._strategy.num_replicas_in_sync
        return float(self._sum(tf.constant(value, tf.float64))) / replicas

    def metrics(self) -> dict[str, float]:
        """Means over the steps taken since the last reset, by name; those that any step had."""
        return {name: mean for totals in self._totals for name, mean in totals.means().items()}

    def reset_metrics(self) -> None:
        """Begins new means."""
        for totals in self._totals:
            totals.reset()

    def hold_metrics(self) -> None:
        """Puts into the state what the metrics so far are made of, before it is saved.

        What each replica sums up for itself is no part of it, since the chief saves alone.
        """
        self.state.metric_totals.assign(np.concatenate([each.read() for each in self._totals]))

    @property
    def reported(self) -> int:
        """The last step whose metrics and samples are told; all before it are."""
        return int(self.state.reported.numpy())

    @property
    def summarized(self) -> int:
        """The last of these steps whose metrics were due; 0 if none was, or it is not known."""
        return int(self.state.summarized.numpy())

    def set_reported(self, step: int, *, summarized: bool) -> None:
        """Takes note that what was due of a step is told, its metrics among that or not."""
        self.state.reported.assign(step)
        if summarized:
            self.state.summarized.assign(step)

    @property
    def rollbacks(self) -> int:
        """How often the run went back to a checkpoint, since numbers were not finite."""
        return int(self.state.rollbacks.numpy())

    @property
    def augment_probability(self) -> float | None:
        """Of each augmentation, in the steps to come; None if it is not adaptive."""
        probability = self.state.augment_probability
        return None if probability is None else float(probability.numpy())

    def set_augment_probability(self, probability: float) -> None:
        """Changes it, if augmentation is adaptive; all workers have to at the same step."""
        if self.state.augment_probability is not None:
            self.state.augment_probability.assign(probability)

    def take_up(self, rollbacks: int | None = None) -> None:
        """Goes on from a state that was restored, with the metrics that are held in it.

        Args:
            rollbacks: how often the run went back, if other than the state says; what is drawn at
                random depends on it.
        """
        if rollbacks is not None:
            self.state.rollbacks.assign(rollbacks)
        self._forget_not_finite()
        held = self.state.metric_totals.read_value()
        parts = tf.split(held, [totals.size for totals in self._totals])
        for totals, part in zip(self._totals, parts, strict=True):
            totals.assign(part)

    def first_not_finite(self) -> tuple[str, int] | None:
        """The first metric or gradient that was not finite, and the step, counted from 1."""
        names: list[str] = []
        steps: list[float] = []
        for totals in self._totals:
            names += totals.all_names
            steps += self._first_not_finite(totals).numpy().min(axis=0).tolist()
        first = min(range(len(steps)), key=steps.__getitem__)
        return None if steps[first] == NEVER else (names[first], int(steps[first]) + 1)

    def held_out_metrics(self, batches: Iterable[np.ndarray]) -> dict[str, float]:
        """Means over batches of stored examples of `Step.held_out_metrics`; changes nothing."""
        found = [
            self._held_out_metrics(tf.constant(examples), tf.constant(number, tf.int64))
            for number, examples in enumerate(batches)
        ]
        return {name: float(np.mean([metrics[name] for metrics in found])) for name in found[0]}

    def gradient_norms(self, examples: np.ndarray) -> np.ndarray:
        """Norms of the critic's gradient between stored and generated examples: a batch -> [B]."""
        return self._gradient_norms(tf.constant(examples)).numpy()

    @tf.function
    def _advance(self, source: Any, taken: tf.Tensor, steps: tf.Tensor) -> None:
        """Takes generator steps, with so many critic steps before the first of them."""
        config, feed = self._config, self._feed
        assert feed is not None
        is_shared = config.critic_batches == "same"
        for _ in tf.range(steps):
            step = self.state.step.read_value()
            self._set_learning_rates(step)
            shared = feed.take(source, step) if is_shared else None
            for critic_step in tf.range(schedule.critic_steps_at(config, step)):
                batch = feed.take(source, taken) if shared is None else shared
                arguments = (batch, step, critic_step)
                if config.penalty_every == 1 or taken % config.penalty_every == 0:
                    self._strategy.run(self._critic_step, args=arguments)
                else:
                    self._strategy.run(self._plain_critic_step, args=arguments)
                taken += 1
            self._strategy.run(self._generator_step, args=(step,))
            self.state.step.assign_add(1)

    def _prepared(self, step: Callable[..., None]) -> Callable[..., None]:
        """A replica's step, as it is traced."""
        # Replicas wait for each other within a step, which XLA cannot do on CPUs.
        if self._config.jit_compile == "true" and self._strategy.num_replicas_in_sync == 1:
            step = tf.function(step, jit_compile=True, autograph=False)
        # Ours have no control flow by tensors, and looking for it takes as long as tracing.
        is_ours = not own_options(self._config)
        return tf.autograph.experimental.do_not_convert(step) if is_ours else step

    def _take_critic_step(self, batch: Batch, step: tf.Tensor, critic_step: tf.Tensor) -> None:
        metrics = self._step.critic_step(
            batch["examples"], batch.get("labels"), step, critic_step, _this_replica()
        )
        self._critic_totals.add(metrics, step)
        if self._penalty_totals:
            self._penalty_totals.add(metrics, step)

    def _take_plain_critic_step(
        self, batch: Batch, step: tf.Tensor, critic_step: tf.Tensor
    ) -> None:
        """One without a penalty."""
        metrics = self._step.critic_step(
            batch["examples"],
            batch.get("labels"),
            step,
            critic_step,
            _this_replica(),
            is_penalized=False,
        )
        self._critic_totals.add(metrics, step)

    def _take_generator_step(self, step: tf.Tensor) -> None:
        self._generator_totals.add(self._step.generator_step(step, _this_replica()), step)

    @tf.function
    def _sum(self, value: tf.Tensor) -> tf.Tensor:
        values = self._strategy.run(tf.identity, args=(value,))
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None)

    def _forget_not_finite(self) -> None:
        for totals in self._totals:
            self._strategy.run(totals.forget_not_finite)

    @tf.function
    def _first_not_finite(self, totals: Totals) -> tf.Tensor:
        """What each replica found: [replicas, names]."""

        def found() -> tf.Tensor:
            replica = _this_replica()
            place = tf.one_hot(replica.number, replica.count, dtype=tf.float64)
            return place[:, tf.newaxis] * totals.first_not_finite()

        per_replica = self._strategy.run(found)
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, per_replica, axis=None)

    @tf.function
    def _gradient_norms(self, examples: tf.Tensor) -> tf.Tensor:
        return self._step.gradient_norms(examples, self.state.step.read_value())

    @tf.function
    def _held_out_metrics(self, examples: tf.Tensor, number: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return self._step.held_out_metrics(examples, number)

    def _set_learning_rates(self, step: tf.Tensor) -> None:
        factor = schedule.learning_rate_factor(self._config, step)
        for optimizer, rate in (
            (self.state.generator_optimizer, self._config.generator_learning_rate),
            (self.state.critic_optimizer, self._config.critic_learning_rate),
        ):
            optimizer.learning_rate.assign(rate * factor)


def _this_replica() -> Replica:
    context = tf.distribute.get_replica_context()
    return Replica(context.replica_id_in_sync_group, context.num_replicas_in_sync)
