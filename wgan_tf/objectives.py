"""Objectives: pure functions of critic outputs.

A loss has one number an example, [B]; its mean over the global batch is what is minimised.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class Objective(NamedTuple):
    """The losses of the two players.

    Attributes:
        critic_loss: (critic outputs on real [B], on generated [B]) -> losses [B].
        generator_loss: critic outputs on generated [B] -> losses [B].
    """

    critic_loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    generator_loss: Callable[[tf.Tensor], tf.Tensor]


def wasserstein_critic_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """D(G(z)) - D(x): the negated estimate of W1 (Arjovsky et al. 2017, equation 2)."""
    return generated - real


def wasserstein_generator_loss(generated: tf.Tensor) -> tf.Tensor:
    """-D(G(z)) (Arjovsky et al. 2017, algorithm 1)."""
    return -generated


OBJECTIVES = {"wasserstein": Objective(wasserstein_critic_loss, wasserstein_generator_loss)}
