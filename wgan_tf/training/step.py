"""One replica's mathematics: read it beside algorithm 1 of Gulrajani et al. 2017.

Losses are divided by the global batch, so that gradients summed over replicas are those of the
global mean. Every function here is called in a replica's context; none knows the strategy.
"""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from wgan_tf import lipschitz
from wgan_tf.config import Config
from wgan_tf.networks import spectral
from wgan_tf.networks.graph import weight_names
from wgan_tf.objectives import find_objective
from wgan_tf.training import schedule
from wgan_tf.training.critic_inputs import CriticInputs
from wgan_tf.training.draws import Draws, Moment, Replica
from wgan_tf.training.judgement import (
    CLASS_METRICS,
    CRITIC_METRICS,
    Examples,
    Judgement,
    cross_entropy,
    describe,
)
from wgan_tf.training.loss_scale import scaled_gradients
from wgan_tf.training.optimizers import apply_gradients
from wgan_tf.training.randomness import Purpose
from wgan_tf.training.state import TrainingState

WHOLE = Replica(0, 1)
HELD_OUT_ACCURACIES = ("real_accuracy", "generated_accuracy")


class Step:
    """The critic's and the generator's step, as a configuration has them.

    Attributes:
        critic_metrics: names of what `critic_step` returns; gradient_norm with a penalty only,
            since without one no such gradient is taken.
        penalty_metrics: those among them that only steps with a penalty return, if not all have it.
        generator_metrics: names of what `generator_step` returns.
        critic_gradients: names of the gradients whose squared norms `critic_step` returns as well.
        generator_gradients: those of `generator_step`.
    """

    def __init__(self, config: Config, state: TrainingState, label_weights: Sequence[int]) -> None:
        """Computes with a state.

        Args:
            config: the run's configuration.
            state: what the steps update.
            label_weights: of the labels of generated examples; see `labels.label_weights`.
        """
        num_classes = len(label_weights)
        self._config = config
        self._state = state
        self._num_classes = num_classes
        self._objective = find_objective(config.objective)
        self._penalty = lipschitz.find_penalty(config.lipschitz)
        self._draws = Draws(config, label_weights, state.critic.inputs[0].dtype)
        self._inputs = CriticInputs(config, state, self._draws)
        of_penalty = ("gradient_penalty", "gradient_norm")
        self.penalty_metrics = of_penalty if config.penalty_every > 1 else ()
        in_all = (
            *("critic_loss", "gradient_penalty", *CRITIC_METRICS),
            *(("gradient_norm",) if self._penalty else ()),
            *self._objective.critic_metrics,
            *(CLASS_METRICS if num_classes else ()),
        )
        self.critic_metrics = tuple(name for name in in_all if name not in self.penalty_metrics)
        self.generator_metrics = (
            "generator_loss",
            *self._objective.generator_metrics,
            *(("generator_class_loss",) if num_classes else ()),
        )
        self.critic_gradients, self.generator_gradients = (
            _gradient_names(network) for network in (state.critic, state.generator)
        )

    def critic_step(
        self,
        stored: tf.Tensor,
        label: tf.Tensor | None,
        step: tf.Tensor,
        critic_step: tf.Tensor,
        replica: Replica,
        *,
        is_penalized: bool = True,
    ) -> Mapping[str, tf.Tensor]:
        """Updates the critic: once, or with `critic_updates=separate` on each kind of examples.

        Args:
            stored: this replica's examples as the store has them, [B / replicas, ...].
            label: theirs, int32 [B / replicas]; unused without classes.
            step: the generator step.
            critic_step: the critic step within it.
            replica: whose part of the global draws to take.
            is_penalized: whether the penalty, if there is one, is taken in this step.

        Returns:
            This replica's summands of the global means, by the names of `critic_metrics` and, with
            a penalty, `penalty_metrics`, and squared norms by those of `critic_gradients`.
        """
        moment = Moment(step, critic_step, replica, self._stream())
        self._clip("before_update")
        real = Examples(self._inputs.real(stored, moment), label if self._num_classes else None)
        generated = self._inputs.generated(real.label, moment)
        if self._config.critic_updates == "separate":
            metrics = self._update_separately(real, generated, moment)
        else:
            metrics = self._update_jointly(real, generated, moment, is_penalized=is_penalized)
        self._clip("after_update")
        return metrics

    def _update_jointly(
        self, real: Examples, generated: Examples, moment: Moment, *, is_penalized: bool
    ) -> Mapping[str, tf.Tensor]:
        """Algorithm 1 of Gulrajani et al. 2017, lines 3 to 8; without a penalty, of its source."""
        config, draws = self._config, self._draws
        metrics = {}
        with tf.GradientTape() as tape:
            of_real, of_generated = self._judge_both(real.values, generated.values, moment)
            losses = self._real_losses(of_real, real) + self._generated_losses(
                of_generated, generated
            )
            if not self._penalty:
                metrics["gradient_penalty"] = self._global_mean(tf.zeros_like(losses))
            elif is_penalized:
                mixing = draws.uniform(moment, Purpose.MIXING, ())
                points = lipschitz.interpolate(real.values, generated.values, mixing)
                with draws.dropout(moment, Purpose.PENALTY_DROPOUT):
                    norms = lipschitz.gradient_norms(lambda x: self._judge(x).scores, points)
                metrics["gradient_norm"] = self._global_mean(norms)
                penalties = self._penalty(norms)
                metrics["gradient_penalty"] = self._global_mean(penalties)
                losses += config.penalty_weight * config.penalty_every * penalties
            loss = self._global_mean(losses)
        squares = self._update_critic(tape, loss)
        return {
            **metrics,
            **squares,
            "critic_loss": loss,
            **self._describe(of_real, real, of_generated, generated),
        }

    def _update_separately(
        self, real: Examples, generated: Examples, moment: Moment
    ) -> Mapping[str, tf.Tensor]:
        """An update on real examples, then one on generated ones.

        Under clipping the two gradients nearly cancel in their sum, whose size an optimizer that
        divides by it makes up for; apart, each of them takes its own full step.
        """
        draws = self._draws
        with (
            tf.GradientTape() as tape,
            draws.dropout(moment, Purpose.CRITIC_DROPOUT),
        ):
            of_real = self._judge(real.values)
            real_loss = self._global_mean(self._real_losses(of_real, real))
        real_squares = self._update_critic(tape, real_loss)
        with (
            tf.GradientTape() as tape,
            draws.dropout(moment, Purpose.CRITIC_GENERATED_DROPOUT),
        ):
            of_generated = self._judge(generated.values)
            generated_loss = self._global_mean(self._generated_losses(of_generated, generated))
        squares = self._update_critic(tape, generated_loss)
        return {
            **{name: square + real_squares[name] for name, square in squares.items()},
            "critic_loss": real_loss + generated_loss,
            "gradient_penalty": tf.zeros_like(real_loss),
            **self._describe(of_real, real, of_generated, generated),
        }

    def generator_step(self, step: tf.Tensor, replica: Replica) -> Mapping[str, tf.Tensor]:
        """Updates the generator once, then its moving average.

        Args:
            step: the generator step.
            replica: whose part of the global draws to take.

        Returns:
            This replica's summands of the global means, by the names of `generator_metrics`, and
            squared norms by those of `generator_gradients`.
        """
        state, config, draws = self._state, self._config, self._draws
        moment = Moment(step, 0, replica, self._stream())
        batch_size = config.batch_size * config.generator_batch_multiple
        inputs = draws.generator_inputs(
            moment, Purpose.GENERATOR_LATENT, Purpose.GENERATOR_LABEL, batch_size
        )
        variables = state.generator.trainable_variables
        metrics = {}

        with tf.GradientTape() as tape:
            with draws.dropout(moment, Purpose.GENERATOR_STEP_GENERATOR_DROPOUT):
                generated = state.generator(inputs, training=True)
            generated = self._inputs.augmented(
                generated,
                moment,
                Purpose.GENERATOR_STEP_AUGMENTATION,
                multiple=config.generator_batch_multiple,
            )
            with draws.dropout(moment, Purpose.GENERATOR_STEP_CRITIC_DROPOUT):
                of_generated = self._judge(generated)
            losses = self._objective.generator_loss(of_generated.scores)
            if self._num_classes:
                class_losses = cross_entropy(of_generated, inputs[1])
                losses += config.generator_class_weight * class_losses
                metrics["generator_class_loss"] = tf.reduce_sum(class_losses) / batch_size
            for name, metric in self._objective.generator_metrics.items():
                metrics[name] = tf.reduce_sum(metric(of_generated.scores)) / batch_size
            loss = tf.reduce_sum(losses) / batch_size
        loss_scale = state.generator_loss_scale
        gradients = scaled_gradients(tape, loss, variables, loss_scale)
        squares = apply_gradients(state.generator_optimizer, gradients, variables, loss_scale)
        self._update_average(step)
        named = zip(self.generator_gradients, squares, strict=True)
        return {"generator_loss": loss, **metrics, **dict(named)}

    def gradient_norms(self, stored: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Norms of the critic's gradient between real and generated examples.

        Args:
            stored: a global batch as the store has it, [B, ...].
            step: names the draws, which are other ones than training takes.

        Returns:
            [B]; no state changes.
        """
        moment = Moment(step, 0, WHOLE)
        real = self._inputs.scaled(stored, moment, Purpose.INSPECTION_DEQUANTIZATION)
        generated = self._generated(moment, Purpose.INSPECTION_LATENT, Purpose.INSPECTION_LABEL)
        mixing = self._draws.uniform(moment, Purpose.INSPECTION_MIXING, ())
        points = lipschitz.interpolate(real, generated, mixing)
        return lipschitz.gradient_norms(lambda x: self._judge(x, training=False).scores, points)

    def held_out_metrics(self, stored: tf.Tensor, step: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """What the critic says of examples that were not trained on; changes no state.

        Args:
            stored: a global batch as the store has it, [B, ...].
            step: names the draws.

        Returns:
            wasserstein_estimate, mean D(x) - mean D(G(z)); real_accuracy and generated_accuracy
            where the critic is a discriminator, on equally many examples of both kinds.
        """
        moment = Moment(step, 0, WHOLE)
        real = self._inputs.scaled(stored, moment, Purpose.HELD_OUT_DEQUANTIZATION)
        generated = self._generated(moment, Purpose.HELD_OUT_LATENT, Purpose.HELD_OUT_LABEL)
        of_real, of_generated = (self._judge(x, training=False) for x in (real, generated))
        accuracies = {
            name: self._global_mean(metric(of_real.scores, of_generated.scores))
            for name, metric in self._objective.critic_metrics.items()
            if name in HELD_OUT_ACCURACIES
        }
        estimate = self._global_mean(of_real.scores - of_generated.scores)
        return {"wasserstein_estimate": estimate, **accuracies}

    def _stream(self) -> tf.Tensor:
        return self._state.rollbacks.read_value()

    def _clip(self, timing: str) -> None:
        config = self._config
        if config.lipschitz == "weight_clipping" and config.clip_timing == timing:
            lipschitz.clip_variables(self._state.critic.trainable_variables, config.clip_value)

    def _real_losses(self, judgement: Judgement, real: Examples) -> tf.Tensor:
        losses = self._objective.real_loss(judgement.scores)
        if self._num_classes:
            losses += self._config.critic_class_weight * cross_entropy(judgement, real.label)
        return losses

    def _generated_losses(self, judgement: Judgement, generated: Examples) -> tf.Tensor:
        losses = self._objective.generated_loss(judgement.scores)
        if self._config.classify_generated:
            losses += self._config.critic_class_weight * cross_entropy(judgement, generated.label)
        return losses

    def _update_critic(self, tape: tf.GradientTape, loss: tf.Tensor) -> Mapping[str, tf.Tensor]:
        variables = self._state.critic.trainable_variables
        loss_scale = self._state.critic_loss_scale
        gradients = scaled_gradients(tape, loss, variables, loss_scale)
        squares = apply_gradients(self._state.critic_optimizer, gradients, variables, loss_scale)
        spectral.iterate(self._state.critic)
        return dict(zip(self.critic_gradients, squares, strict=True))

    def _describe(
        self, of_real: Judgement, real: Examples, of_generated: Judgement, generated: Examples
    ) -> Mapping[str, tf.Tensor]:
        found = describe(self._objective, of_real, real, of_generated, generated)
        return {name: self._global_mean(values) for name, values in found.items()}

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

    def _global_mean(self, per_example: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(per_example) / self._config.batch_size

    def _update_average(self, step: tf.Tensor) -> None:
        decay = schedule.average_decay(self._config, step)
        for average, current in zip(
            self._state.average_generator.weights, self._state.generator.weights, strict=True
        ):
            share = tf.cast(decay, average.dtype)
            average.assign(share * average + (1.0 - share) * tf.cast(current, average.dtype))


def _gradient_names(network: keras.Model) -> tuple[str, ...]:
    names = weight_names(network)
    return tuple(f"the gradient of {names[v.path]}" for v in network.trainable_variables)
