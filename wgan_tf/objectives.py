"""Objectives: pure functions of critic outputs.

A loss has one number an example, [B]; its mean over the global batch is what is minimised. The GAN
of Goodfellow et al. 2014 has a discriminator D = sigmoid(s), whose logit s is the critic's output.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import tensorflow as tf

OfBoth = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Objective(NamedTuple):
    """The losses of the two players.

    Attributes:
        critic_loss: (critic outputs on real [B], on generated [B]) -> losses [B].
        generator_loss: critic outputs on generated [B] -> losses [B].
        metrics: by name, (critic outputs on real [B], on generated [B]) -> values [B], whose
            means are reported.
    """

    critic_loss: OfBoth
    generator_loss: Callable[[tf.Tensor], tf.Tensor]
    metrics: Mapping[str, OfBoth] = {}


def wasserstein_critic_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """D(G(z)) - D(x): the negated estimate of W1 (Arjovsky et al. 2017, equation 2)."""
    return generated - real


def wasserstein_generator_loss(generated: tf.Tensor) -> tf.Tensor:
    """-D(G(z)) (Arjovsky et al. 2017, algorithm 1)."""
    return -generated


def cross_entropy_critic_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """-log D(x) - log(1 - D(G(z))) (Goodfellow et al. 2014, equation 1), from logits."""
    return tf.nn.softplus(-real) + tf.nn.softplus(generated)


def minimax_generator_loss(generated: tf.Tensor) -> tf.Tensor:
    """log(1 - D(G(z))) (Goodfellow et al. 2014, equation 1), from logits."""
    return -tf.nn.softplus(generated)


def non_saturating_generator_loss(generated: tf.Tensor) -> tf.Tensor:
    """-log D(G(z)) (Goodfellow et al. 2014, section 3), from logits."""
    return tf.nn.softplus(-generated)


def hinge_critic_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))) (Lim and Ye 2017, Miyato et al. 2018)."""
    return tf.nn.relu(1.0 - real) + tf.nn.relu(1.0 + generated)


def real_accuracy(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """1 where D(x) > 1/2, else 0, from logits."""
    return tf.cast(real > 0, real.dtype)


def generated_accuracy(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """1 where D(G(z)) < 1/2, else 0, from logits."""
    return tf.cast(generated < 0, generated.dtype)


def real_share(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """D(x) / (D(x) + D(G(z))), from logits: 1/2 where the discriminator cannot tell them apart."""
    return tf.sigmoid(tf.math.log_sigmoid(real) - tf.math.log_sigmoid(generated))


_DISCRIMINATOR_METRICS = {
    "real_accuracy": real_accuracy,
    "generated_accuracy": generated_accuracy,
    "real_share": real_share,
}

OBJECTIVES = {
    "wasserstein": Objective(wasserstein_critic_loss, wasserstein_generator_loss),
    "minimax": Objective(cross_entropy_critic_loss, minimax_generator_loss, _DISCRIMINATOR_METRICS),
    "non_saturating": Objective(
        cross_entropy_critic_loss, non_saturating_generator_loss, _DISCRIMINATOR_METRICS
    ),
    "hinge": Objective(hinge_critic_loss, wasserstein_generator_loss),
}
