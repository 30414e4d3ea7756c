"""Random draws of a step, named by what they are for, so that no state need be kept."""

import enum

import tensorflow as tf

MAX_CRITIC_STEPS = 2**12
# Sampling seeds count their blocks from zero; starting here, training shares no key with them.
FIRST_POSITION = 2**62


class Purpose(enum.IntEnum):
    """What a draw is for. Values are part of every run's trajectory: never renumber."""

    CRITIC_LATENT = 0
    MIXING = 1
    GENERATOR_LATENT = 2
    INSPECTION_LATENT = 3
    INSPECTION_MIXING = 4
    HELD_OUT_LATENT = 5
    CRITIC_LABEL = 6
    GENERATOR_LABEL = 7
    INSPECTION_LABEL = 8
    HELD_OUT_LABEL = 9
    DEQUANTIZATION = 10
    INSPECTION_DEQUANTIZATION = 11
    HELD_OUT_DEQUANTIZATION = 12
    CRITIC_STEP_GENERATOR_DROPOUT = 13
    CRITIC_DROPOUT = 14
    CRITIC_GENERATED_DROPOUT = 15
    PENALTY_DROPOUT = 16
    GENERATOR_STEP_GENERATOR_DROPOUT = 17
    GENERATOR_STEP_CRITIC_DROPOUT = 18
    STANDING_STATISTICS_LATENT = 19
    STANDING_STATISTICS_LABEL = 20
    MIRROR = 21
    REAL_AUGMENTATION = 22
    GENERATED_AUGMENTATION = 23
    GENERATOR_STEP_AUGMENTATION = 24


def draw_key(
    seed: int,
    purpose: Purpose,
    step: tf.Tensor | int,
    critic_step: tf.Tensor | int = 0,
    stream: tf.Tensor | int = 0,
) -> tf.Tensor:
    """The key, int64 [2], of one draw; no two draws of a run share one.

    Args:
        seed: the run's.
        purpose: what the draw is for.
        step: the generator step, below 2^40.
        critic_step: the critic step within it, below `MAX_CRITIC_STEPS`.
        stream: which of 2^31 independent draws at that moment.
    """
    number = (tf.cast(step, tf.int64) * MAX_CRITIC_STEPS + tf.cast(critic_step, tf.int64)) * 256
    run = tf.constant(seed, tf.int64) + tf.cast(stream, tf.int64) * 2**32
    return tf.stack([run, FIRST_POSITION + number + int(purpose)])


def replica_slice(draw: tf.Tensor, replica: tf.Tensor | int, replicas: int) -> tf.Tensor:
    """One replica's share [B / replicas, ...] of a draw [B, ...] for the global batch."""
    return tf.reshape(draw, [replicas, -1, *draw.shape[1:]])[replica]
