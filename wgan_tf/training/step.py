"""One replica's mathematics: read it beside algorithm 1 of Gulrajani et al. 2017.

Losses are divided by the global batch, so that gradients summed over replicas are those of the
global mean. Every function here is called in a replica's context; none knows the strategy.
"""

import dataclasses
from collections.abc import Mapping

import tensorflow as tf

from wgan_tf import lipschitz
from wgan_tf.config import Config
from wgan_tf.latents import draw_latents
from wgan_tf.networks import registry
from wgan_tf.objectives import OBJECTIVES
from wgan_tf.training import schedule
from wgan_tf.training.randomness import Purpose, draw_key, replica_slice
from wgan_tf.training.state import TrainingState

GENERATOR_METRICS = ("generator_loss",)


@dataclasses.dataclass(frozen=True)
class Replica:
    """Which part of the global batch is this replica's."""

    number: tf.Tensor | int
    count: int


class Step:
    """The critic's and the generator's step, as a configuration has them.

    Attributes:
        critic_metrics: names of what `critic_step` returns; gradient_norm with a penalty only,
            since without one no such gradient is taken.
    """

    def __init__(self, config: Config, state: TrainingState) -> None:
        self._config = config
        self._state = state
        self._objective = OBJECTIVES[config.objective]
        self._penalty = lipschitz.PENALTIES.get(config.lipschitz)
        self._separate_passes = registry.judges_jointly(state.critic)
        self.critic_metrics = ("critic_loss", "wasserstein_estimate", "gradient_penalty") + (
            ("gradient_norm",) if self._penalty else ()
        )
        self._dtype = state.critic.inputs[0].dtype

    def critic_step(
        self, real: tf.Tensor, step: tf.Tensor, critic_step: tf.Tensor, replica: Replica
    ) -> Mapping[str, tf.Tensor]:
        """Updates the critic once.

        Args:
            real: this replica's examples in the generator's range, [B / replicas, ...].
            step: the generator step.
            critic_step: the critic step within it.
            replica: whose part of the global draws to take.

        Returns:
            This replica's summands of the global means, by the names of `critic_metrics`.
        """
        state, config = self._state, self._config
        real = tf.cast(real, self._dtype)
        latent = self._latent(Purpose.CRITIC_LATENT, step, critic_step, replica)
        mixing = self._mixing(Purpose.MIXING, step, critic_step, replica)
        generated = state.generator(latent, training=True)
        variables = state.critic.trainable_variables

        with tf.GradientTape() as tape:
            real_scores, generated_scores = self._scores(real, generated)
            losses = self._objective.critic_loss(real_scores, generated_scores)
            penalties = tf.zeros_like(losses)
            of_penalty = {}
            if self._penalty:
                points = lipschitz.interpolate(real, generated, mixing)
                norms = lipschitz.gradient_norms(self._critic, points)
                of_penalty["gradient_norm"] = self._global_mean(norms)
                penalties = self._penalty(norms)
                losses += config.penalty_weight * penalties
            loss = self._global_mean(losses)
        gradients = tape.gradient(loss, variables)
        state.critic_optimizer.apply(gradients, variables)
        if config.lipschitz == "weight_clipping":
            lipschitz.clip_variables(variables, config.clip_value)

        return {
            "critic_loss": loss,
            "wasserstein_estimate": self._global_mean(real_scores - generated_scores),
            "gradient_penalty": self._global_mean(penalties),
            **of_penalty,
        }

    def generator_step(self, step: tf.Tensor, replica: Replica) -> Mapping[str, tf.Tensor]:
        """Updates the generator once, then its moving average.

        Args:
            step: the generator step.
            replica: whose part of the global draws to take.

        Returns:
            This replica's summands of the global means, by the names of `GENERATOR_METRICS`.
        """
        state = self._state
        latent = self._latent(Purpose.GENERATOR_LATENT, step, 0, replica)
        variables = state.generator.trainable_variables

        with tf.GradientTape() as tape:
            scores = self._critic(state.generator(latent, training=True))
            loss = self._global_mean(self._objective.generator_loss(scores))
        gradients = tape.gradient(loss, variables)
        state.generator_optimizer.apply(gradients, variables)
        self._update_average(step)
        return {"generator_loss": loss}

    def gradient_norms(self, real: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Norms of the critic's gradient between real and generated examples.

        Args:
            real: a global batch in the generator's range, [B, ...].
            step: names the draws, which are other ones than training takes.

        Returns:
            [B]; no state changes.
        """
        whole = Replica(0, 1)
        latent = self._latent(Purpose.INSPECTION_LATENT, step, 0, whole)
        mixing = self._mixing(Purpose.INSPECTION_MIXING, step, 0, whole)
        generated = self._state.generator(latent, training=False)
        points = lipschitz.interpolate(tf.cast(real, self._dtype), generated, mixing)
        return lipschitz.gradient_norms(self._judge, points)

    def score_difference(self, real: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Difference mean D(x) - mean D(G(z)) on a batch that was not trained on; changes no state.

        Args:
            real: a global batch in the generator's range, [B, ...].
            step: names the draws.
        """
        latent = self._latent(Purpose.HELD_OUT_LATENT, step, 0, Replica(0, 1))
        generated = self._state.generator(latent, training=False)
        real = tf.cast(real, self._dtype)
        return self._global_mean(self._judge(real) - self._judge(generated))

    def _critic(self, examples: tf.Tensor) -> tf.Tensor:
        return tf.squeeze(self._state.critic(examples, training=True), axis=1)

    def _judge(self, examples: tf.Tensor) -> tf.Tensor:
        return tf.squeeze(self._state.critic(examples, training=False), axis=1)

    def _scores(self, real: tf.Tensor, generated: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if self._separate_passes:
            return self._critic(real), self._critic(generated)
        real_scores, generated_scores = tf.split(
            self._critic(tf.concat([real, generated], axis=0)), 2
        )
        return real_scores, generated_scores

    def _latent(
        self, purpose: Purpose, step: tf.Tensor, critic_step: tf.Tensor | int, replica: Replica
    ) -> tf.Tensor:
        key = draw_key(self._config.seed, purpose, step, critic_step)
        shape = (self._config.batch_size, self._config.latent_dim)
        latent = draw_latents(key, shape, self._config.latent_distribution, tf.float32)
        return tf.cast(replica_slice(latent, replica.number, replica.count), self._dtype)

    def _mixing(
        self, purpose: Purpose, step: tf.Tensor, critic_step: tf.Tensor | int, replica: Replica
    ) -> tf.Tensor:
        key = draw_key(self._config.seed, purpose, step, critic_step)
        mixing = tf.random.stateless_uniform([self._config.batch_size], key, alg="philox")
        return tf.cast(replica_slice(mixing, replica.number, replica.count), self._dtype)

    def _global_mean(self, per_example: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(per_example) / self._config.batch_size

    def _update_average(self, step: tf.Tensor) -> None:
        decay = schedule.average_decay(self._config, step)
        for average, current in zip(
            self._state.average_generator.weights, self._state.generator.weights, strict=True
        ):
            share = tf.cast(decay, average.dtype)
            average.assign(share * average + (1.0 - share) * tf.cast(current, average.dtype))
