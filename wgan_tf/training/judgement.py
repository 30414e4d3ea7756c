"""What the critic says of real and of generated examples, and what is told of it."""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from wgan_tf.objectives import Objective

CRITIC_METRICS = (
    *("critic_real_loss", "critic_generated_loss", "wasserstein_estimate"),
    *("real_score", "generated_score"),
)
CLASS_METRICS = (
    *("real_class_loss", "generated_class_loss"),
    *("real_class_accuracy", "generated_class_accuracy"),
)


class Examples(NamedTuple):
    """Examples [B, ...] in the generator's range, and their labels int32 [B] if there are any."""

    values: tf.Tensor
    label: tf.Tensor | None


class Judgement(NamedTuple):
    """What the critic says: scores [B], and class logits [B, num_classes] if it classifies."""

    scores: tf.Tensor
    class_logits: tf.Tensor | None


def cross_entropy(judgement: Judgement, label: tf.Tensor) -> tf.Tensor:
    """-log p(label) of each example (Odena et al. 2017, equation 3), [B]."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(label, judgement.class_logits)


def accuracy(judgement: Judgement, label: tf.Tensor) -> tf.Tensor:
    """1 where the likeliest class is the label, else 0, [B]."""
    classes = tf.argmax(judgement.class_logits, axis=1, output_type=tf.int32)
    return tf.cast(classes == label, judgement.scores.dtype)


def describe(
    objective: Objective,
    of_real: Judgement,
    real: Examples,
    of_generated: Judgement,
    generated: Examples,
) -> Mapping[str, tf.Tensor]:
    """What is told of a critic step but for its loss and penalty: by name, values [B].

    `CRITIC_METRICS`, the metrics of the objective, and `CLASS_METRICS` where the critic classifies;
    the losses of classification are unweighted, and told whether trained on or not.
    """
    values = {
        "critic_real_loss": objective.real_loss(of_real.scores),
        "critic_generated_loss": objective.generated_loss(of_generated.scores),
        "wasserstein_estimate": of_real.scores - of_generated.scores,
        "real_score": of_real.scores,
        "generated_score": of_generated.scores,
    }
    for name, metric in objective.critic_metrics.items():
        values[name] = metric(of_real.scores, of_generated.scores)
    if of_real.class_logits is not None:
        values["real_class_loss"] = cross_entropy(of_real, real.label)
        values["generated_class_loss"] = cross_entropy(of_generated, generated.label)
        values["real_class_accuracy"] = accuracy(of_real, real.label)
        values["generated_class_accuracy"] = accuracy(of_generated, generated.label)
    return values
