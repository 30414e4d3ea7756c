"""Adam and RMSprop with the constants, and the place of epsilon, of each source's framework.

Keras 3's RMSprop divides by sqrt(v + 1e-7), which leaves gradients below 3e-4 as small as they
are. A clipped critic's are 1e-5 to 1e-8, and its authors' optimizer divides them by their size.
"""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from wgan_tf import own_code
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.training.loss_scale import LossScale

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
    leaves_out = config.precision == "float16"
    if config.optimizer == "adam":
        optimizer = Adam(
            learning_rate,
            config.beta_1,
            config.beta_2,
            epsilon=config.epsilon,
            placement=config.epsilon_placement,
            is_fused=config.fused_updates == "true",
            leaves_out=leaves_out,
        )
    elif config.optimizer == "rmsprop":
        optimizer = RMSprop(
            learning_rate,
            config.rho,
            initial_mean_square=config.initial_mean_square,
            epsilon=config.epsilon,
            placement=config.epsilon_placement,
            leaves_out=leaves_out,
        )
    else:
        optimizer = _make_own(config.optimizer, learning_rate)
    optimizer.build(variables)
    return optimizer


def apply_gradients(
    optimizer: keras.Optimizer,
    gradients: Sequence[tf.Tensor | tf.IndexedSlices],
    variables: Sequence[keras.Variable],
    loss_scale: LossScale | None = None,
) -> Sequence[tf.Tensor]:
    """Updates variables once, by gradients that are summed over replicas.

    The gradient of a table of classes comes as rows that repeat where labels do, whose squares
    Keras would add up in place of squaring their sum.

    Args:
        optimizer: of the variables.
        gradients: this replica's.
        variables: what is updated.
        loss_scale: what the gradients are scaled by. Those that are not finite on all replicas are
            left out, and told of only where no scale is smaller.

    Returns:
        Half the squared norm of this replica's part of each gradient, by which it is told at the
        cost of one pass whether the gradient is finite.
    """
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
    if not loss_scale:
        optimizer.apply(dense, variables)
        return [tf.nn.l2_loss(gradient) for gradient in dense]
    dense, is_finite = loss_scale.unscale(dense)
    optimizer.apply([tf.where(is_finite, each, math.nan) for each in dense], variables)
    optimizer.iterations.assign_sub(tf.cast(~is_finite, optimizer.iterations.dtype))
    is_told = is_finite | loss_scale.is_smallest()
    loss_scale.adjust(is_finite)
    return [tf.where(is_told, tf.nn.l2_loss(each), 0.0) for each in dense]


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
        leaves_out: whether there is no step where a gradient is not a number; not with is_fused.
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
        leaves_out: bool = False,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon=epsilon)
        self._placement = placement
        self._is_fused = is_fused
        self._leaves_out = leaves_out

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
        left_out = gradient if self._leaves_out else None
        self.assign_add(mean, _taken((gradient - mean) * (1.0 - self.beta_1), left_out))
        square_change = (tf.square(gradient) - square) * (1.0 - self.beta_2)
        self.assign_add(square, _taken(square_change, left_out))
        if self._placement == "outside_corrected_root":
            root = tf.sqrt(square.value) / square_root_correction + self.epsilon
            change = rate * mean / (mean_correction * root)
        else:
            root = _root(square.value, self.epsilon, self._placement)
            change = rate * square_root_correction * mean / (mean_correction * root)
        self.assign_sub(variable, _taken(change, left_out))

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
        leaves_out: whether there is no step where a gradient is not a number.
    """

    def __init__(
        self,
        learning_rate: float,
        rho: float,
        *,
        initial_mean_square: float,
        epsilon: float,
        placement: str,
        leaves_out: bool = False,
    ) -> None:
        super().__init__(learning_rate, rho, epsilon=epsilon)
        self._leaves_out = leaves_out
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
        left_out = gradient if self._leaves_out else None
        square_change = (tf.square(gradient) - square) * (1.0 - self.rho)
        self.assign_add(square, _taken(square_change, left_out))
        root = _root(square.value, self.epsilon, self._placement)
        self.assign_sub(variable, _taken(rate * gradient / root, left_out))


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


def _taken(change: tf.Tensor, left_out: tf.Tensor | None) -> tf.Tensor:
    """A change, or none where a gradient is not a number."""
    if left_out is None:
        return change
    return tf.where(tf.math.is_nan(left_out), tf.zeros_like(change), change)


def _handle(variable: keras.Variable | tf.Variable) -> tf.Tensor:
    """Of the variable, of this replica if there are several, as operations take it."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


def _root(square: tf.Tensor, epsilon: float, placement: str) -> tf.Tensor:
    if placement == "inside_root":
        return tf.sqrt(square + epsilon)
    return tf.sqrt(square) + epsilon
