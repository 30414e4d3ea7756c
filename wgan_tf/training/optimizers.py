"""Adam and RMSprop with the constants, and the place of epsilon, of each source's framework.

Keras 3's RMSprop divides by sqrt(v + 1e-7), which leaves gradients below 3e-4 as small as they
are. A clipped critic's are 1e-5 to 1e-8, and its authors' optimizer divides them by their size.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from wgan_tf import own_code
from wgan_tf.config import Config
from wgan_tf.errors import UserError

# What Keras's optimizers do to the gradients of each replica apart, or to weights between steps.
_PER_REPLICA = (
    *("clipnorm", "clipvalue", "global_clipnorm", "use_ema", "loss_scale_factor"),
    "gradient_accumulation_steps",
)


def build_optimizer(
    config: Config, learning_rate: float, variables: Sequence[keras.Variable]
) -> keras.Optimizer:
    """The configured optimizer of some variables; to be called in the strategy's scope.

    Raises:
        UserError: it is the caller's own and cannot be made, or would train wrong.
    """
    optimizer: keras.Optimizer
    if config.optimizer == "adam":
        optimizer = Adam(
            learning_rate,
            config.beta_1,
            config.beta_2,
            epsilon=config.epsilon,
            placement=config.epsilon_placement,
            is_fused=config.fused_updates == "true",
        )
    elif config.optimizer == "rmsprop":
        optimizer = RMSprop(
            learning_rate,
            config.rho,
            initial_mean_square=config.initial_mean_square,
            epsilon=config.epsilon,
            placement=config.epsilon_placement,
        )
    else:
        optimizer = _make_own(config.optimizer, learning_rate)
    optimizer.build(variables)
    return optimizer


def apply_gradients(
    optimizer: keras.Optimizer,
    gradients: Sequence[tf.Tensor | tf.IndexedSlices],
    variables: Sequence[keras.Variable],
) -> Sequence[tf.Tensor]:
    """Updates variables once, by gradients that are summed over replicas.

    The gradient of a table of classes comes as rows that repeat where labels do, whose squares
    Keras would add up in place of squaring their sum.

    Returns:
        Half the squared norm of this replica's part of each gradient, by which it is told at the
        cost of one pass whether the gradient is finite.
    """
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
    optimizer.apply(dense, variables)
    return [tf.nn.l2_loss(gradient) for gradient in dense]


class Adam(keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015): w <- w - a m / (sqrt(v) + epsilon).

    m <- beta_1 m + (1 - beta_1) g, v <- beta_2 v + (1 - beta_2) g^2. At step t, with c_i =
    1 - beta_i^t, a = learning_rate sqrt(c_2) / c_1, as the end of the paper's section 2, Keras and
    TensorFlow 1 have it. By algorithm 1 and PyTorch (outside_corrected_root), the step is
    learning_rate (m / c_1) / (sqrt(v / c_2) + epsilon).

    Args:
        learning_rate: of the steps.
        beta_1: decay of the mean.
        beta_2: decay of the mean square.
        epsilon: what keeps the root from zero.
        placement: outside_root, inside_root or outside_corrected_root.
        is_fused: whether one operation takes the step of a variable; not with inside_root.
    """

    def __init__(
        self,
        learning_rate: float,
        beta_1: float,
        beta_2: float,
        *,
        epsilon: float,
        placement: str,
        is_fused: bool = False,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon=epsilon)
        self._placement = placement
        self._is_fused = is_fused

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        """One variable's step; see the class."""
        index = self._get_variable_index(variable)
        mean, square = self._momentums[index], self._velocities[index]
        dtype = variable.dtype
        rate, gradient = tf.cast(learning_rate, dtype), tf.cast(gradient, dtype)
        if self._is_fused:
            self._take_fused_step(gradient, variable, mean, square, rate)
            return
        # In float32, 1 - 0.999 is off by 5e-5 of itself.
        step = tf.cast(self.iterations + 1, tf.float64)
        beta_1, beta_2 = (tf.constant(beta, tf.float64) for beta in (self.beta_1, self.beta_2))
        mean_correction = tf.cast(1.0 - tf.pow(beta_1, step), dtype)
        square_root_correction = tf.cast(tf.sqrt(1.0 - tf.pow(beta_2, step)), dtype)
        self.assign_add(mean, (gradient - mean) * (1.0 - self.beta_1))
        self.assign_add(square, (tf.square(gradient) - square) * (1.0 - self.beta_2))
        if self._placement == "outside_corrected_root":
            root = tf.sqrt(square.value) / square_root_correction + self.epsilon
            change = rate * mean / (mean_correction * root)
        else:
            root = _root(square.value, self.epsilon, self._placement)
            change = rate * square_root_correction * mean / (mean_correction * root)
        self.assign_sub(variable, change)

    def _take_fused_step(
        self,
        gradient: tf.Tensor,
        variable: keras.Variable | tf.Variable,
        mean: keras.Variable,
        square: keras.Variable,
        rate: tf.Tensor,
    ) -> None:
        """TensorFlow's own operation, but for its correction of the bias, in less than float64."""
        dtype = gradient.dtype
        exact = tf.constant([self.beta_1, self.beta_2], tf.float64)
        betas = tf.cast(exact, dtype)
        step = tf.cast(self.iterations + 1, tf.float64)
        # The operation's mean and mean square are those of decays that are rounded.
        mean_correction, correction = tf.unstack(1.0 - tf.pow(tf.cast(betas, tf.float64), step))
        root = tf.sqrt(correction)
        epsilon = self.epsilon * root
        if self._placement == "outside_root":
            epsilon /= tf.sqrt(1.0 - tf.pow(exact[1], step))
        none = tf.zeros([], dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(mean),
            v=_handle(square),
            beta1_power=none,
            beta2_power=none,
            lr=tf.cast(tf.cast(rate, tf.float64) * root / mean_correction, dtype),
            beta1=betas[0],
            beta2=betas[1],
            epsilon=tf.cast(epsilon, dtype),
            grad=gradient,
        )


class RMSprop(keras.optimizers.RMSprop):
    """RMSprop (Tieleman and Hinton 2012): w <- w - learning_rate g / (sqrt(v) + epsilon).

    v <- rho v + (1 - rho) g^2, as Keras 2 and PyTorch have it; TensorFlow 1 divides by
    sqrt(v + epsilon) (inside_root), and its v begins at one.

    Args:
        learning_rate: of the steps.
        rho: decay of the mean square.
        initial_mean_square: v at first.
        epsilon: what keeps the root from zero.
        placement: outside_root or inside_root.
    """

    def __init__(
        self,
        learning_rate: float,
        rho: float,
        *,
        initial_mean_square: float,
        epsilon: float,
        placement: str,
    ) -> None:
        super().__init__(learning_rate, rho, epsilon=epsilon)
        self._initial_mean_square = initial_mean_square
        self._placement = placement

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Makes the mean squares."""
        super().build(variables)
        for square in self._velocities:
            square.assign(
                tf.fill(square.shape, tf.constant(self._initial_mean_square, square.dtype))
            )

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        """One variable's step; see the class."""
        square = self._velocities[self._get_variable_index(variable)]
        rate, gradient = (tf.cast(x, variable.dtype) for x in (learning_rate, gradient))
        self.assign_add(square, (tf.square(gradient) - square) * (1.0 - self.rho))
        root = _root(square.value, self.epsilon, self._placement)
        self.assign_sub(variable, rate * gradient / root)


def _make_own(name: str, learning_rate: float) -> keras.Optimizer:
    """What the caller's function or class makes of a learning rate."""
    option = f"--optimizer={name}"
    optimizer = own_code.call(own_code.load(name, "--optimizer"), option, learning_rate)
    if not isinstance(optimizer, keras.Optimizer):
        raise UserError(
            f"{option} gives {type(optimizer).__name__}; return a keras.Optimizer for a learning "
            "rate."
        )
    options = optimizer.get_config()
    per_replica = [key for key in _PER_REPLICA if options.get(key) not in (None, False)]
    if per_replica:
        raise UserError(
            f"{option} has {', '.join(per_replica)}, which is not the same on several replicas; "
            "leave it out."
        )
    given = options.get("learning_rate")
    if not isinstance(given, float) or abs(given - learning_rate) > 1e-6 * learning_rate:
        raise UserError(
            f"{option} has the learning rate {given} where it was given {learning_rate}; take the "
            "one that is given, and --learning_rate_decay in place of a schedule."
        )
    return optimizer


def _handle(variable: keras.Variable | tf.Variable) -> tf.Tensor:
    """Of the variable, of this replica if there are several, as operations take it."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


def _root(square: tf.Tensor, epsilon: float, placement: str) -> tf.Tensor:
    if placement == "inside_root":
        return tf.sqrt(square + epsilon)
    return tf.sqrt(square) + epsilon
