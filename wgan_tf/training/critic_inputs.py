"""What the critic is given of one replica's examples, real and generated."""

import tensorflow as tf

from wgan_tf import augmentation, pixels
from wgan_tf.config import Config
from wgan_tf.networks import registry
from wgan_tf.training.draws import Draws, Moment
from wgan_tf.training.judgement import Examples
from wgan_tf.training.randomness import Purpose
from wgan_tf.training.state import TrainingState


class CriticInputs:
    """Examples in the generator's range, as a configuration has the critic see them."""

    def __init__(self, config: Config, state: TrainingState, draws: Draws) -> None:
        """Draws from a state's generator.

        Args:
            config: the run's configuration.
            state: what is trained.
            draws: what is random.
        """
        self._config = config
        self._state = state
        self._draws = draws
        self._pixel_scale = registry.pixel_scale(config)
        self._dtype = state.critic.inputs[0].dtype

    def real(self, stored: tf.Tensor, moment: Moment) -> tf.Tensor:
        """Stored examples [B / replicas, ...] for a critic step."""
        values = self.scaled(stored, moment, Purpose.DEQUANTIZATION)
        if self._config.mirror:
            drawn = self._draws.uniform(moment, Purpose.MIRROR, ())
            values = augmentation.mirror(values, drawn)
        return self.augmented(values, moment, Purpose.REAL_AUGMENTATION)

    def generated(self, real_label: tf.Tensor | None, moment: Moment) -> Examples:
        """As many for a critic step as real ones, whose labels they have if so configured."""
        config, draws = self._config, self._draws
        latent, *drawn_label = draws.generator_inputs(
            moment, Purpose.CRITIC_LATENT, Purpose.CRITIC_LABEL, config.batch_size
        )
        label = [real_label] if config.critic_step_labels == "real" else drawn_label
        with draws.dropout(moment, Purpose.CRITIC_STEP_GENERATOR_DROPOUT):
            values = self._state.generator(
                [latent, *label], training=config.critic_step_generator == "training"
            )
        values = self.augmented(values, moment, Purpose.GENERATED_AUGMENTATION)
        return Examples(values, *label or (None,))

    def augmented(
        self, values: tf.Tensor, moment: Moment, purpose: Purpose, *, multiple: int = 1
    ) -> tf.Tensor:
        """Real or generated examples as the critic is to see them in training.

        Args:
            values: [B / replicas, ...], or of `multiple` batches.
            moment: when.
            purpose: names the draws.
            multiple: of a batch.
        """
        if self._config.augment == "none" or self._pixel_scale is None:
            return values
        drawn = self._draws.uniform(moment, purpose, (augmentation.NUMBERS,), multiple=multiple)
        adaptive = self._state.augment_probability
        probability = 1.0 if adaptive is None else adaptive.read_value()
        return augmentation.augment(
            values, drawn, self._pixel_scale, probability, self._config.augment_changes
        )

    def scaled(self, stored: tf.Tensor, moment: Moment, noise: Purpose) -> tf.Tensor:
        """Stored examples in the generator's range: pixels scaled, points as they are.

        Args:
            stored: [B / replicas, ...] as the store has them.
            moment: when.
            noise: names the draws of dequantization, if pixels are dequantized.
        """
        if self._pixel_scale is None:
            return tf.cast(stored, self._dtype)
        if self._pixel_scale.dequantized:
            drawn = self._draws.uniform(moment, noise, stored.shape[1:])
            return pixels.dequantize(stored, self._pixel_scale, drawn)
        return pixels.from_uint8(stored, self._pixel_scale, self._dtype)
