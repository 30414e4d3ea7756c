"""What keeps the critic Lipschitz: pure functions, and clipping of variables."""

from collections.abc import Callable, Iterable

import tensorflow as tf

from wgan_tf import own_code

Critic = Callable[[tf.Tensor], tf.Tensor]
Penalty = Callable[[tf.Tensor], tf.Tensor]


def interpolate(real: tf.Tensor, generated: tf.Tensor, mixing: tf.Tensor) -> tf.Tensor:
    """The points e x + (1 - e) G(z) (Gulrajani et al. 2017, algorithm 1, line 6).

    Args:
        real: [B, ...].
        generated: [B, ...], of the same shape.
        mixing: e, one number an example, [B], uniform on [0, 1].
    """
    mixing = tf.reshape(mixing, [-1] + [1] * (real.shape.rank - 1))
    return mixing * real + (1.0 - mixing) * generated


def gradient_norms(critic: Critic, points: tf.Tensor) -> tf.Tensor:
    """||grad_x D(x)||_2 at each example, over all its entries: [B, ...] -> [B].

    The sum of squares carries an epsilon of 1e-12 under the root, since the derivative of the
    root at zero is infinite. `critic` must judge each example alone.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        scores = critic(points)
    gradients = tape.gradient(scores, points)
    squares = tf.reduce_sum(tf.square(gradients), axis=range(1, points.shape.rank))
    return tf.sqrt(squares + 1e-12)


def two_sided_penalty(norms: tf.Tensor) -> tf.Tensor:
    """(||grad|| - 1)^2 (Gulrajani et al. 2017, equation 3): [B] -> [B]."""
    return tf.square(norms - 1.0)


def one_sided_penalty(norms: tf.Tensor) -> tf.Tensor:
    """max(0, ||grad|| - 1)^2 (Petzka et al. 2018, WGAN-LP, equation 8): [B] -> [B]."""
    return tf.square(tf.nn.relu(norms - 1.0))


def clip_variables(variables: Iterable[tf.Variable], clip_value: float) -> None:
    """Clips each variable, w <- clip(w, -c, c) (Arjovsky et al. 2017, algorithm 1, line 7)."""
    for variable in variables:
        variable.assign(tf.clip_by_value(variable, -clip_value, clip_value))


PENALTIES: dict[str, Penalty] = {
    "gradient_penalty": two_sided_penalty,
    "one_sided_gradient_penalty": one_sided_penalty,
}


def find_penalty(name: str) -> Penalty | None:
    """The penalty of `--lipschitz`: one of `PENALTIES`, the caller's function, or none.

    Raises:
        UserError: the function is not there, or does not return one number an example.
    """
    if not own_code.is_name(name):
        return PENALTIES.get(name)
    penalty: Penalty = own_code.load(name, "--lipschitz")
    own_code.check_one_an_example(penalty, [tf.constant([0.0, 1.0, 2.5])], f"--lipschitz={name}")
    return penalty
