"""One replica's mathematics: read it beside algorithm 1 of Gulrajani et al. 2017.

Losses are divided by the global batch, so that gradients summed over replicas are those of the
global mean. Every function here is called in a replica's context; none knows the strategy.
"""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from wgan_tf import lipschitz, pixels
from wgan_tf.config import Config
from wgan_tf.networks import registry, spectral
from wgan_tf.objectives import OBJECTIVES
from wgan_tf.training import schedule
from wgan_tf.training.draws import Draws, Moment, Replica
from wgan_tf.training.randomness import Purpose
from wgan_tf.training.state import TrainingState

WHOLE = Replica(0, 1)


class Judgement(NamedTuple):
    """What the critic says: scores [B], and class logits [B, num_classes] if it classifies."""

    scores: tf.Tensor
    class_logits: tf.Tensor | None


class Step:
    """The critic's and the generator's step, as a configuration has them.

    Attributes:
        critic_metrics: names of what `critic_step` returns; gradient_norm with a penalty only,
            since without one no such gradient is taken.
        generator_metrics: names of what `generator_step` returns.
    """

    def __init__(self, config: Config, state: TrainingState, num_classes: int) -> None:
        self._config = config
        self._state = state
        self._num_classes = num_classes
        self._objective = OBJECTIVES[config.objective]
        self._penalty = lipschitz.PENALTIES.get(config.lipschitz)
        self._pixel_scale = registry.pixel_scale(config)
        self._dtype = state.critic.inputs[0].dtype
        self._draws = Draws(config, num_classes, self._dtype)
        self.critic_metrics = (
            *("critic_loss", "wasserstein_estimate", "gradient_penalty"),
            *("real_score", "generated_score"),
            *(("gradient_norm",) if self._penalty else ()),
            *self._objective.metrics,
            *(
                ("critic_class_loss", "real_class_accuracy", "generated_class_accuracy")
                if num_classes
                else ()
            ),
        )
        self.generator_metrics = (
            "generator_loss",
            *(("generator_class_loss",) if num_classes else ()),
        )

    def critic_step(
        self,
        stored: tf.Tensor,
        label: tf.Tensor | None,
        step: tf.Tensor,
        critic_step: tf.Tensor,
        replica: Replica,
    ) -> Mapping[str, tf.Tensor]:
        """Updates the critic once.

        Args:
            stored: this replica's examples as the store has them, [B / replicas, ...].
            label: theirs, int32 [B / replicas]; unused without classes.
            step: the generator step.
            critic_step: the critic step within it.
            replica: whose part of the global draws to take.

        Returns:
            This replica's summands of the global means, by the names of `critic_metrics`.
        """
        state, config, draws = self._state, self._config, self._draws
        moment = Moment(step, critic_step, replica)
        real = self._scaled(stored, moment, Purpose.DEQUANTIZATION)
        inputs = draws.generator_inputs(
            moment, Purpose.CRITIC_LATENT, Purpose.CRITIC_LABEL, config.batch_size
        )
        with draws.dropout(moment, Purpose.CRITIC_STEP_GENERATOR_DROPOUT):
            generated = state.generator(inputs, training=True)
        variables = state.critic.trainable_variables
        metrics = {}

        with tf.GradientTape() as tape:
            of_real, of_generated = self._judge_both(real, generated, moment)
            losses = self._objective.critic_loss(of_real.scores, of_generated.scores)
            penalties = tf.zeros_like(losses)
            if self._penalty:
                mixing = draws.uniform(moment, Purpose.MIXING, ())
                points = lipschitz.interpolate(real, generated, mixing)
                with draws.dropout(moment, Purpose.PENALTY_DROPOUT):
                    norms = lipschitz.gradient_norms(lambda x: self._judge(x).scores, points)
                metrics["gradient_norm"] = self._global_mean(norms)
                penalties = self._penalty(norms)
                losses += config.penalty_weight * penalties
            if self._num_classes:
                class_losses = _cross_entropy(of_real, label)
                if config.classify_generated:
                    class_losses += _cross_entropy(of_generated, inputs[1])
                losses += config.critic_class_weight * class_losses
                metrics["critic_class_loss"] = self._global_mean(class_losses)
                metrics["real_class_accuracy"] = self._global_mean(_accuracy(of_real, label))
                metrics["generated_class_accuracy"] = self._global_mean(
                    _accuracy(of_generated, inputs[1])
                )
            loss = self._global_mean(losses)
        gradients = tape.gradient(loss, variables)
        state.critic_optimizer.apply(gradients, variables)
        if config.lipschitz == "weight_clipping":
            lipschitz.clip_variables(variables, config.clip_value)
        spectral.iterate(state.critic)

        for name, metric in self._objective.metrics.items():
            metrics[name] = self._global_mean(metric(of_real.scores, of_generated.scores))
        return {
            "critic_loss": loss,
            "wasserstein_estimate": self._global_mean(of_real.scores - of_generated.scores),
            "gradient_penalty": self._global_mean(penalties),
            "real_score": self._global_mean(of_real.scores),
            "generated_score": self._global_mean(of_generated.scores),
            **metrics,
        }

    def generator_step(self, step: tf.Tensor, replica: Replica) -> Mapping[str, tf.Tensor]:
        """Updates the generator once, then its moving average.

        Args:
            step: the generator step.
            replica: whose part of the global draws to take.

        Returns:
            This replica's summands of the global means, by the names of `generator_metrics`.
        """
        state, config, draws = self._state, self._config, self._draws
        moment = Moment(step, 0, replica)
        batch_size = config.batch_size * config.generator_batch_multiple
        inputs = draws.generator_inputs(
            moment, Purpose.GENERATOR_LATENT, Purpose.GENERATOR_LABEL, batch_size
        )
        variables = state.generator.trainable_variables
        metrics = {}

        with tf.GradientTape() as tape:
            with draws.dropout(moment, Purpose.GENERATOR_STEP_GENERATOR_DROPOUT):
                generated = state.generator(inputs, training=True)
            with draws.dropout(moment, Purpose.GENERATOR_STEP_CRITIC_DROPOUT):
                of_generated = self._judge(generated)
            losses = self._objective.generator_loss(of_generated.scores)
            if self._num_classes:
                class_losses = _cross_entropy(of_generated, inputs[1])
                losses += config.generator_class_weight * class_losses
                metrics["generator_class_loss"] = tf.reduce_sum(class_losses) / batch_size
            loss = tf.reduce_sum(losses) / batch_size
        gradients = tape.gradient(loss, variables)
        state.generator_optimizer.apply(gradients, variables)
        self._update_average(step)
        return {"generator_loss": loss, **metrics}

    def gradient_norms(self, stored: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Norms of the critic's gradient between real and generated examples.

        Args:
            stored: a global batch as the store has it, [B, ...].
            step: names the draws, which are other ones than training takes.

        Returns:
            [B]; no state changes.
        """
        moment = Moment(step, 0, WHOLE)
        real = self._scaled(stored, moment, Purpose.INSPECTION_DEQUANTIZATION)
        generated = self._generated(moment, Purpose.INSPECTION_LATENT, Purpose.INSPECTION_LABEL)
        mixing = self._draws.uniform(moment, Purpose.INSPECTION_MIXING, ())
        points = lipschitz.interpolate(real, generated, mixing)
        return lipschitz.gradient_norms(lambda x: self._judge(x, training=False).scores, points)

    def score_difference(self, stored: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Difference mean D(x) - mean D(G(z)) on a batch that was not trained on; changes no state.

        Args:
            stored: a global batch as the store has it, [B, ...].
            step: names the draws.
        """
        moment = Moment(step, 0, WHOLE)
        real = self._scaled(stored, moment, Purpose.HELD_OUT_DEQUANTIZATION)
        generated = self._generated(moment, Purpose.HELD_OUT_LATENT, Purpose.HELD_OUT_LABEL)
        of_real, of_generated = (self._judge(x, training=False) for x in (real, generated))
        return self._global_mean(of_real.scores - of_generated.scores)

    def _generated(self, moment: Moment, latent: Purpose, label: Purpose) -> tf.Tensor:
        inputs = self._draws.generator_inputs(moment, latent, label, self._config.batch_size)
        return self._state.generator(inputs, training=False)

    def _judge(self, examples: tf.Tensor, *, training: bool = True) -> Judgement:
        scores, *class_logits = tf.nest.flatten(self._state.critic(examples, training=training))
        return Judgement(tf.squeeze(scores, axis=1), *class_logits or (None,))

    def _judge_both(
        self, real: tf.Tensor, generated: tf.Tensor, moment: Moment
    ) -> tuple[Judgement, Judgement]:
        draws = self._draws
        if self._config.critic_passes == 2:
            with draws.dropout(moment, Purpose.CRITIC_DROPOUT):
                of_real = self._judge(real)
            with draws.dropout(moment, Purpose.CRITIC_GENERATED_DROPOUT):
                return of_real, self._judge(generated)
        with draws.dropout(moment, Purpose.CRITIC_DROPOUT, parts=2):
            both = self._judge(tf.concat([real, generated], axis=0))
        real_scores, generated_scores = tf.split(both.scores, 2)
        if both.class_logits is None:
            return Judgement(real_scores, None), Judgement(generated_scores, None)
        real_logits, generated_logits = tf.split(both.class_logits, 2)
        return Judgement(real_scores, real_logits), Judgement(generated_scores, generated_logits)

    def _scaled(self, stored: tf.Tensor, moment: Moment, noise: Purpose) -> tf.Tensor:
        """Stored examples in the generator's range: pixels scaled, points as they are."""
        if self._pixel_scale is None:
            return tf.cast(stored, self._dtype)
        if self._pixel_scale.dequantized:
            drawn = self._draws.uniform(moment, noise, stored.shape[1:])
            return pixels.dequantize(stored, self._pixel_scale, drawn)
        return pixels.from_uint8(stored, self._pixel_scale, self._dtype)

    def _global_mean(self, per_example: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(per_example) / self._config.batch_size

    def _update_average(self, step: tf.Tensor) -> None:
        decay = schedule.average_decay(self._config, step)
        for average, current in zip(
            self._state.average_generator.weights, self._state.generator.weights, strict=True
        ):
            share = tf.cast(decay, average.dtype)
            average.assign(share * average + (1.0 - share) * tf.cast(current, average.dtype))


def _cross_entropy(judgement: Judgement, label: tf.Tensor) -> tf.Tensor:
    """-log p(label) of each example (Odena et al. 2017, equation 3), [B]."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(label, judgement.class_logits)


def _accuracy(judgement: Judgement, label: tf.Tensor) -> tf.Tensor:
    classes = tf.argmax(judgement.class_logits, axis=1, output_type=tf.int32)
    return tf.cast(classes == label, judgement.scores.dtype)
