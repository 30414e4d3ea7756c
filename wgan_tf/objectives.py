"""Objectives: pure functions of critic outputs.

A loss has one number an example, [B]; its mean over the global batch is what is minimized. The GAN
of Goodfellow et al. 2014 has a discriminator D = sigmoid(s), whose logit s is the critic's output.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from wgan_tf import own_code
from wgan_tf.errors import UserError

Loss = Callable[[tf.Tensor], tf.Tensor]
OfBoth = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Objective(NamedTuple):
    """The losses of the two players.

    Attributes:
        real_loss: the critic's, of its outputs on real examples [B] -> [B].
        generated_loss: the critic's, of its outputs on generated ones [B] -> [B]; its loss is the
            sum of both.
        generator_loss: critic outputs on generated [B] -> losses [B].
        critic_metrics: by name, (critic outputs on real [B], on generated [B]) -> values [B],
            whose means are reported.
        generator_metrics: by name, critic outputs on generated [B] in the generator's step ->
            values [B], whose means are reported.
    """

    real_loss: Loss
    generated_loss: Loss
    generator_loss: Loss
    critic_metrics: Mapping[str, OfBoth] = {}
    generator_metrics: Mapping[str, Loss] = {}


def wasserstein_real_loss(real: tf.Tensor) -> tf.Tensor:
    """-D(x): with the next, the negated estimate of W1 (Arjovsky et al. 2017, equation 2)."""
    return -real


def wasserstein_generated_loss(generated: tf.Tensor) -> tf.Tensor:
    """D(G(z))."""
    return generated


def wasserstein_generator_loss(generated: tf.Tensor) -> tf.Tensor:
    """-D(G(z)) (Arjovsky et al. 2017, algorithm 1)."""
    return -generated


def cross_entropy_real_loss(real: tf.Tensor) -> tf.Tensor:
    """-log D(x) (Goodfellow et al. 2014, equation 1), from logits."""
    return tf.nn.softplus(-real)


def cross_entropy_generated_loss(generated: tf.Tensor) -> tf.Tensor:
    """-log(1 - D(G(z))) (Goodfellow et al. 2014, equation 1), from logits."""
    return tf.nn.softplus(generated)


def minimax_generator_loss(generated: tf.Tensor) -> tf.Tensor:
    """log(1 - D(G(z))) (Goodfellow et al. 2014, equation 1), from logits."""
    return -tf.nn.softplus(generated)


def non_saturating_generator_loss(generated: tf.Tensor) -> tf.Tensor:
    """-log D(G(z)) (Goodfellow et al. 2014, section 3), from logits."""
    return tf.nn.softplus(-generated)


def hinge_real_loss(real: tf.Tensor) -> tf.Tensor:
    """max(0, 1 - D(x)) (Lim and Ye 2017, Miyato et al. 2018)."""
    return tf.nn.relu(1.0 - real)


def hinge_generated_loss(generated: tf.Tensor) -> tf.Tensor:
    """max(0, 1 + D(G(z))) (Lim and Ye 2017, Miyato et al. 2018)."""
    return tf.nn.relu(1.0 + generated)


def real_accuracy(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """1 where D(x) > 1/2, else 0, from logits."""
    return tf.cast(real > 0, real.dtype)


def generated_accuracy(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """1 where D(G(z)) < 1/2, else 0, from logits."""
    return tf.cast(generated < 0, generated.dtype)


def real_share(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """D(x) / (D(x) + D(G(z))), from logits: 1/2 where the discriminator cannot tell them apart."""
    return tf.sigmoid(tf.math.log_sigmoid(real) - tf.math.log_sigmoid(generated))


def generator_accuracy(generated: tf.Tensor) -> tf.Tensor:
    """1 where D(G(z)) > 1/2, else 0, from logits: the share that passes for real."""
    return tf.cast(generated > 0, generated.dtype)


_DISCRIMINATOR_METRICS = {
    "real_accuracy": real_accuracy,
    "generated_accuracy": generated_accuracy,
    "real_share": real_share,
}


def _of_discriminator(generator_loss: Loss) -> Objective:
    return Objective(
        cross_entropy_real_loss,
        cross_entropy_generated_loss,
        generator_loss,
        _DISCRIMINATOR_METRICS,
        {"generator_accuracy": generator_accuracy},
    )


OBJECTIVES = {
    "wasserstein": Objective(
        wasserstein_real_loss, wasserstein_generated_loss, wasserstein_generator_loss
    ),
    "minimax": _of_discriminator(minimax_generator_loss),
    "non_saturating": _of_discriminator(non_saturating_generator_loss),
    "hinge": Objective(hinge_real_loss, hinge_generated_loss, wasserstein_generator_loss),
}


def find_objective(name: str) -> Objective:
    """The objective of `--objective`: one of `OBJECTIVES`, or what the caller's function returns.

    Raises:
        UserError: there is none, or a loss does not have one number an example.
    """
    if name in OBJECTIVES:
        return OBJECTIVES[name]
    option = f"--objective={name}"
    made = own_code.load(name, "--objective")
    objective = own_code.call(made, option) if callable(made) else made
    if not isinstance(objective, Objective):
        raise UserError(
            f"{option} gives {type(objective).__name__}; return a wgan_tf.Objective of the three "
            "losses."
        )
    scores = tf.constant([-1.0, 0.5, 2.0])
    functions: dict[str, tuple[Any, int]] = {
        "real_loss": (objective.real_loss, 1),
        "generated_loss": (objective.generated_loss, 1),
        "generator_loss": (objective.generator_loss, 1),
        **{key: (metric, 2) for key, metric in objective.critic_metrics.items()},
        **{key: (metric, 1) for key, metric in objective.generator_metrics.items()},
    }
    for key, (function, arguments) in functions.items():
        own_code.check_one_an_example(function, [scores] * arguments, f"{key} of {option}")
    return objective
