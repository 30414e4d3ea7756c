"""What depends on the step alone: critic steps, learning rates, the moving average's decay."""

import tensorflow as tf

from wgan_tf.config import Config

WARMUP_CRITIC_STEPS = 100
WARMUP_STEPS = 25
WARMUP_PERIOD = 500


def critic_steps_at(config: Config, step: tf.Tensor) -> tf.Tensor:
    """Critic steps before generator step `step`, int32.

    With `critic_warmup`, 100 while step < 25 and at every 500th (Arjovsky et al. 2017, their
    code), else `critic_steps`; with `critic_warmup_period`, step counts anew in every period.
    """
    usual = tf.constant(config.critic_steps)
    if not config.critic_warmup:
        return usual
    period = config.critic_warmup_period
    in_period = step % period if period else step
    warm = (in_period < WARMUP_STEPS) | (step % WARMUP_PERIOD == 0)
    return tf.where(warm, WARMUP_CRITIC_STEPS, usual)


def batches_before(config: Config, step: int) -> int:
    """Batches that steps 0 to step - 1 take: the number of the first batch of `step`."""
    return step if config.critic_batches == "same" else critic_steps_before(config, step)


def critic_steps_before(config: Config, step: int) -> int:
    """Critic steps that steps 0 to step - 1 take."""
    warm = 0
    if config.critic_warmup:
        period = config.critic_warmup_period or max(step, 1)
        whole, rest = divmod(step, period)
        warm = whole * min(WARMUP_STEPS, period) + min(rest, WARMUP_STEPS)
        warm += sum(multiple % period >= WARMUP_STEPS for multiple in range(0, step, WARMUP_PERIOD))
    return warm * WARMUP_CRITIC_STEPS + (step - warm) * config.critic_steps


def learning_rate_factor(config: Config, step: tf.Tensor) -> tf.Tensor:
    """What both learning rates are multiplied with at `step`: 1, or 1 - step / steps."""
    if config.learning_rate_decay == "none":
        return tf.constant(1.0)
    return 1.0 - tf.cast(step, tf.float32) / config.steps


def average_decay(config: Config, step: tf.Tensor) -> tf.Tensor:
    """Decay of the generator's moving average: min(ema_decay, (1 + step) / (10 + step)).

    The second term lets the average forget the first, random generators at once.
    """
    step = tf.cast(step, tf.float32)
    return tf.minimum(config.ema_decay, (1.0 + step) / (10.0 + step))
