"""The steps of a configuration in numpy; what is random is given."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.training.reference_networks import (
    LOSSES,
    PENALTIES,
    Array,
    Arrays,
    SpectralNorms,
    cross_entropy,
    draw,
    gradients,
    judge,
    slope_norms,
)
from tests.training.reference_optimizers import Adam, RMSprop
from wgan_tf.config import Config
from wgan_tf.training.state import TrainingState


def values(variables: Sequence[Any]) -> Arrays:
    return [np.array(variable.numpy()) for variable in variables]


class Reference:
    """Takes the steps of a configuration.

    Attributes:
        generator: trainable variables.
        critic: trainable variables.
        moments: moving mean and variance of the generator's batch norm.
        norms: of the critic's kernels.
    """

    def __init__(self, config: Config, state: TrainingState) -> None:
        """Begins with the variables of a state."""
        self._config = config
        self.generator = values(state.generator.trainable_variables)
        self.critic = values(state.critic.trainable_variables)
        self.moments = values(state.generator.non_trainable_variables)
        self.norms = SpectralNorms(values(state.critic.non_trainable_variables))
        self._optimizers = {
            "generator": self._optimizer(config.generator_learning_rate),
            "critic": self._optimizer(config.critic_learning_rate),
        }
        self._conditioning = config.generator_conditioning if config.conditional != "none" else ""

    def set_learning_rates(self, factor: float) -> None:
        """Multiplies both of the configuration."""
        self._optimizers["generator"].rate = factor * self._config.generator_learning_rate
        self._optimizers["critic"].rate = factor * self._config.critic_learning_rate

    def critic_step(
        self,
        real: Array,
        label: Array | None,
        latent: Array,
        drawn_label: Array | None,
        mixing: Array,
        *,
        is_penalized: bool = True,
    ) -> dict[str, Any]:
        """Metrics by name."""
        config = self._config
        self._clip("before_update")
        if config.critic_step_generator == "training":
            generated = self._draw_in_training(latent, drawn_label)
        else:
            generated, _ = draw(
                self.generator,
                latent,
                drawn_label,
                conditioning=self._conditioning,
                moments=(self.moments[0], self.moments[1]),
            )
        points = mixing[:, None] * real + (1 - mixing[:, None]) * generated
        penalty = PENALTIES.get(config.lipschitz) if is_penalized else None
        weight = config.penalty_weight * config.penalty_every

        def real_loss(critic: Arrays) -> Any:
            return self._mean_loss(critic, 0, real, label)

        def generated_loss(critic: Arrays) -> Any:
            trained_label = drawn_label if config.classify_generated else None
            return self._mean_loss(critic, 1, generated, trained_label)

        def joint_loss(critic: Arrays) -> Any:
            loss = real_loss(critic) + generated_loss(critic)
            if penalty:
                loss += weight * np.mean(penalty(slope_norms(critic, points)))
            return loss

        of_real = self._judge(real)
        metrics: dict[str, Any] = {"gradient_penalty": 0.0} if is_penalized else {}
        if config.critic_updates == "separate":
            metrics["critic_loss"] = real_loss(self.critic)
            self._update_critic(real_loss)
            of_generated = self._judge(generated)
            metrics["critic_loss"] += generated_loss(self.critic)
            self._update_critic(generated_loss)
        else:
            of_generated = self._judge(generated)
            metrics["critic_loss"] = joint_loss(self.critic)
            if penalty:
                norms = slope_norms(self.critic, points)
                metrics["gradient_norm"] = np.mean(norms)
                metrics["gradient_penalty"] = np.mean(penalty(norms))
            self._update_critic(joint_loss)
        self._clip("after_update")
        return {**metrics, **self._describe(of_real, label, of_generated, drawn_label)}

    def generator_step(self, latent: Array, label: Array | None) -> dict[str, Any]:
        """Metrics by name."""
        config = self._config
        critic = self.norms.normalize(self.critic)

        def judged(generator: Arrays) -> tuple[Array, Array | None]:
            drawn, _ = draw(generator, latent, label, conditioning=self._conditioning)
            return judge(critic, drawn)

        def loss(generator: Arrays) -> Any:
            scores, class_logits = judged(generator)
            losses = LOSSES[config.objective][2](scores)
            if class_logits is not None:
                losses = losses + config.generator_class_weight * cross_entropy(class_logits, label)
            return np.mean(losses)

        scores, class_logits = judged(self.generator)
        metrics = {"generator_loss": loss(self.generator)}
        if config.objective in ("minimax", "non_saturating"):
            metrics["generator_accuracy"] = np.mean(scores > 0)
        if class_logits is not None:
            metrics["generator_class_loss"] = np.mean(cross_entropy(class_logits, label))
        self._draw_in_training(latent, label)
        updates = self._optimizers["generator"].updates(gradients(loss, self.generator))
        self.generator = [x + update for x, update in zip(self.generator, updates, strict=True)]
        return metrics

    def _optimizer(self, rate: float) -> Adam | RMSprop:
        config = self._config
        if config.optimizer == "adam":
            return Adam(rate, config.beta_1, config.beta_2, config.epsilon)
        return RMSprop(rate, config.rho, config.epsilon)

    def _draw_in_training(self, latent: Array, label: Array | None) -> Array:
        drawn, moments = draw(self.generator, latent, label, conditioning=self._conditioning)
        self.moments = [
            0.9 * moving + 0.1 * current
            for moving, current in zip(self.moments, moments, strict=True)
        ]
        return drawn

    def _judge(self, x: Array) -> tuple[Array, Array | None]:
        return judge(self.norms.normalize(self.critic), x)

    def _mean_loss(self, critic: Arrays, kind: int, x: Array, label: Array | None) -> Any:
        scores, class_logits = judge(self.norms.normalize(critic), x)
        losses = LOSSES[self._config.objective][kind](scores)
        if class_logits is not None and label is not None:
            class_losses = cross_entropy(class_logits, label)
            losses = losses + self._config.critic_class_weight * class_losses
        return np.mean(losses)

    def _update_critic(self, loss: Callable[[Arrays], Any]) -> None:
        updates = self._optimizers["critic"].updates(gradients(loss, self.critic))
        self.critic = [x + update for x, update in zip(self.critic, updates, strict=True)]
        self.norms.keep_iteration(self.critic)

    def _clip(self, timing: str) -> None:
        config = self._config
        if config.lipschitz == "weight_clipping" and config.clip_timing == timing:
            bound = config.clip_value
            self.critic = [np.clip(x, -bound, bound) for x in self.critic]

    def _describe(
        self,
        of_real: tuple[Array, Array | None],
        label: Array | None,
        of_generated: tuple[Array, Array | None],
        drawn_label: Array | None,
    ) -> dict[str, Any]:
        (scores, logits), (drawn_scores, drawn_logits) = of_real, of_generated
        real_loss, generated_loss, _ = LOSSES[self._config.objective]
        metrics = {
            "critic_real_loss": np.mean(real_loss(scores)),
            "critic_generated_loss": np.mean(generated_loss(drawn_scores)),
            "wasserstein_estimate": np.mean(scores) - np.mean(drawn_scores),
            "real_score": np.mean(scores),
            "generated_score": np.mean(drawn_scores),
        }
        if self._config.objective in ("minimax", "non_saturating"):
            real, generated = 1 / (1 + np.exp(-scores)), 1 / (1 + np.exp(-drawn_scores))
            metrics["real_accuracy"] = np.mean(real > 0.5)
            metrics["generated_accuracy"] = np.mean(generated < 0.5)
            metrics["real_share"] = np.mean(real / (real + generated))
        if logits is not None:
            metrics["real_class_loss"] = np.mean(cross_entropy(logits, label))
            metrics["generated_class_loss"] = np.mean(cross_entropy(drawn_logits, drawn_label))
            metrics["real_class_accuracy"] = np.mean(logits.argmax(1) == label)
            metrics["generated_class_accuracy"] = np.mean(drawn_logits.argmax(1) == drawn_label)
        return metrics
