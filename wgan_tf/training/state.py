"""Everything that training changes, in one place."""

import keras
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.networks import registry
from wgan_tf.training.loss_scale import LossScale
from wgan_tf.training.optimizers import build_optimizer

# What checkpoints of version 0.2.0 have not.
_ADDED = ("reported", "summarized", "rollbacks", "metric_totals", "augment_probability")


class TrainingState(tf.train.Checkpoint):
    """Networks, optimizers and the step; saving and restoring it is saving and restoring a run.

    Attributes:
        generator: [latent [B, latent_dim], label int32 [B] if any] -> examples [B, ...].
        critic: examples [B, ...] -> [scores [B, 1], class logits [B, num_classes] if any].
        average_generator: the generator with the moving average of its variables, in float32
            or better: what is drawn and exported.
        generator_optimizer: of the generator.
        critic_optimizer: of the critic.
        step: generator steps taken, int64.
        reported: the last step whose metrics and samples are told, int64; all before it are.
        summarized: the last of these steps whose metrics were told, int64; 0 for none.
        rollbacks: how often the run went back to a checkpoint, int64; a key of all random draws.
        metric_totals: what the means of the next metrics are made of so far, float32; see
            `Trainer.hold_metrics`.
        augment_probability: of each augmentation, float32, if it is adaptive; None if not.
        generator_loss_scale: of the generator's loss, if it computes in float16; None if not.
        critic_loss_scale: of the critic's.
    """

    generator: keras.Model
    critic: keras.Model
    average_generator: keras.Model
    generator_optimizer: keras.Optimizer
    critic_optimizer: keras.Optimizer
    step: tf.Variable
    reported: tf.Variable
    summarized: tf.Variable
    rollbacks: tf.Variable
    metric_totals: tf.Variable
    augment_probability: tf.Variable | None
    generator_loss_scale: LossScale | None
    critic_loss_scale: LossScale | None

    def __init__(self, config: Config, info: DatasetInfo) -> None:
        """Makes the first state of a run; to be called in the strategy's scope."""
        generator = registry.build_generator(config, info)
        critic = registry.build_critic(config, info)
        average_generator = registry.build_average_generator(config, info)
        average_generator.set_weights(generator.get_weights())
        generator_optimizer = build_optimizer(
            config, config.generator_learning_rate, generator.trainable_variables
        )
        critic_optimizer = build_optimizer(
            config, config.critic_learning_rate, critic.trainable_variables
        )
        super().__init__(
            generator=generator,
            critic=critic,
            average_generator=average_generator,
            generator_optimizer=generator_optimizer,
            critic_optimizer=critic_optimizer,
            step=_counter(),
            reported=_counter(),
            summarized=_counter(),
            rollbacks=_counter(),
        )
        self.augment_probability = (
            tf.Variable(
                0.0,
                trainable=False,
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )
            if config.augment == "adaptive"
            else None
        )

        self.generator_loss_scale, self.critic_loss_scale = (
            LossScale() if config.precision == "float16" else None for _ in range(2)
        )

    def take(self, path: str) -> None:
        """Takes the values of a checkpoint, also of one since version 0.2.0 that holds less.

        Raises:
            tf.errors.OpError, AssertionError, IndexError, ValueError, RuntimeError: it is damaged,
                or of other variables.
        """
        stored = tf.train.load_checkpoint(path).get_variable_to_shape_map()
        added = {name: f"{name}/.ATTRIBUTES/VARIABLE_VALUE" in stored for name in _ADDED}
        if added["summarized"]:
            self.read(path).assert_consumed()
            return
        old = tf.train.Checkpoint(
            generator=self.generator,
            critic=self.critic,
            average_generator=self.average_generator,
            generator_optimizer=self.generator_optimizer,
            critic_optimizer=self.critic_optimizer,
            step=self.step,
            **{name: getattr(self, name) for name, is_stored in added.items() if is_stored},
        )
        old.read(path).assert_existing_objects_matched()
        self.summarized.assign(0)
        if not added["reported"]:
            self.reported.assign(self.step)


def _counter() -> tf.Variable:
    return tf.Variable(
        0,
        dtype=tf.int64,
        trainable=False,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )
