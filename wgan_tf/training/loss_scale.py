"""Dynamic loss scaling, since small gradients are zero in float16.

Losses are multiplied before they are differentiated, and gradients divided after (Micikevicius et
al. 2018). A gradient that is not finite on any replica is taken on none, and halves the scale; many
finite ones double it. The gradient within a penalty is not scaled: its norm is near one.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

FIRST_SCALE = 2.0**15
# Finite gradients in a row that double the scale.
GROWTH_STEPS = 2000


class LossScale(tf.Module):
    """What a network's loss is multiplied with.

    Attributes:
        scale: float32, at least 1.
        finite_steps: how many gradients in a row were finite since the scale changed, int64.
    """

    def __init__(self) -> None:
        """Begins with 2^15; to be called in the strategy's scope."""
        super().__init__()
        self.scale, self.finite_steps = (
            tf.Variable(
                first,
                dtype=dtype,
                trainable=False,
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )
            for first, dtype in ((FIRST_SCALE, tf.float32), (0, tf.int64))
        )

    def unscale(self, gradients: Sequence[tf.Tensor]) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Gradients of the loss itself, and whether those of all replicas are finite.

        Args:
            gradients: this replica's of the loss times the scale.
        """
        scale = self.scale.read_value()
        unscaled = [gradient / tf.cast(scale, gradient.dtype) for gradient in gradients]
        is_finite = [tf.reduce_all(tf.math.is_finite(gradient)) for gradient in unscaled]
        bad = tf.cast(~tf.reduce_all(tf.stack(is_finite)), tf.float32)
        context = tf.distribute.get_replica_context()
        return unscaled, context.all_reduce(tf.distribute.ReduceOp.SUM, bad) < 0.5

    def is_smallest(self) -> tf.Tensor:
        """Whether the scale cannot be halved."""
        return self.scale.read_value() <= 1.0

    def adjust(self, is_finite: tf.Tensor) -> None:
        """Halves or doubles the scale, where it is time to; in a replica's context."""
        scale, steps = self.scale.read_value(), self.finite_steps.read_value() + 1
        grows = is_finite & (steps >= GROWTH_STEPS)
        grown = tf.where(grows, 2.0 * scale, scale)
        self.scale.assign(tf.where(is_finite, grown, tf.maximum(scale / 2.0, 1.0)))
        goes_on = is_finite & ~grows
        self.finite_steps.assign(tf.where(goes_on, steps, tf.zeros_like(steps)))


def scaled_gradients(
    tape: tf.GradientTape,
    loss: tf.Tensor,
    variables: Sequence[keras.Variable],
    loss_scale: LossScale | None,
) -> list[tf.Tensor | tf.IndexedSlices]:
    """Gradients of a loss times its scale, zero where it does not depend on a variable.

    The loss of generated examples alone may leave the class head out.

    Args:
        tape: that has seen the loss.
        loss: a number.
        variables: to differentiate by.
        loss_scale: None for 1.
    """
    scale = tf.cast(loss_scale.scale.read_value(), loss.dtype) if loss_scale else None
    return [
        tf.zeros(variable.shape, variable.dtype) if gradient is None else gradient
        for gradient, variable in zip(
            tape.gradient(loss, variables, output_gradients=scale), variables, strict=True
        )
    ]
