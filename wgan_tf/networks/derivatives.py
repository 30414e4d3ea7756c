"""Second derivatives of a critic, compared with central differences.

A gradient penalty is a function of the critic's gradient, so its own gradient takes second
derivatives, which some layers have wrong without an error: Keras's layer and group normalization
stop the gradient through the mean, and bilinear resizing has none. Such a layer makes a penalty
that looks right and pulls the weights elsewhere.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from wgan_tf import lipschitz
from wgan_tf.networks import spectral
from wgan_tf.networks.graph import LayerCall

# Of the slope. In float64 right ones differ by less than 1e-7, wrong ones, in wide layers too, by
# more than 5e-5.
TOLERANCE = 3e-6
# Short, so that few units pass a kink of their activations on the way.
_STEP = 1e-7
_DIRECTIONS = 5
_DISTURBANCE = 0.02

Perturbed = Sequence[tf.Variable | keras.Variable]


def penalty_error(critic: keras.Model, points: tf.Tensor) -> float:
    """How far the gradient of a gradient penalty is from central differences.

    The penalty is the mean of ||grad_x D(x)||^2 (as Roth et al. 2017 have it): smooth, so that it
    shows second derivatives alone, of which every other function of the norms makes its own.

    Args:
        critic: in float64; its weights are disturbed, since zeros among them would hide layers.
        points: float64 [B, ...].

    Returns:
        The median, over random directions of the weights, of the relative error.

    Raises:
        LookupError: an operation has no gradient registered.
    """
    weights = critic.trainable_variables
    random = np.random.default_rng(0)
    for weight in weights:
        weight.assign_add(_DISTURBANCE * random.normal(size=weight.shape))
    spectral.hold_directions(critic)

    def scores(x: tf.Tensor) -> tf.Tensor:
        return tf.nest.flatten(critic([x], training=True))[0]

    return _error(
        lambda: tf.reduce_mean(tf.square(lipschitz.gradient_norms(scores, points))),
        weights,
        random,
    )


def layer_error(call: LayerCall) -> float:
    """How far a layer's own second derivatives are from central differences.

    With f = sum r y for its outputs y and random r, and g the sum of s grad_x f for random s: the
    relative error of the gradient of g in the inputs x, in r and in the weights.

    Args:
        call: of a layer in float64.

    Raises:
        LookupError: an operation has no gradient registered.
    """
    random = np.random.default_rng(0)
    tensors = [tf.Variable(x) if x.dtype.is_floating else x for x in call.tensors]
    inputs = [x for x in tensors if isinstance(x, tf.Variable)]
    outputs = [y for y in call.run() if y.dtype.is_floating]
    if not (inputs and outputs):
        return 0.0
    ahead = [tf.constant(random.normal(size=x.shape), x.dtype) for x in inputs]
    behind = [tf.Variable(random.normal(size=y.shape), dtype=y.dtype) for y in outputs]

    def value() -> tf.Tensor:
        with tf.GradientTape() as tape:
            given = call.run([tf.convert_to_tensor(x) for x in tensors])
            weighted = [
                tf.reduce_sum(weight * y)
                for weight, y in zip(behind, [y for y in given if y.dtype.is_floating], strict=True)
            ]
            total = tf.add_n(weighted)
        gradients = tape.gradient(total, inputs, unconnected_gradients="zero")
        return tf.add_n(
            [
                tf.reduce_sum(weight * gradient)
                for weight, gradient in zip(ahead, gradients, strict=True)
            ]
        )

    return _error(value, [*inputs, *behind, *call.weights], random)


def _error(
    function: Callable[[], tf.Tensor], variables: Perturbed, random: np.random.Generator
) -> float:
    """The median relative error of a function's gradient over random directions."""
    with tf.GradientTape() as tape:
        value = function()
    gradients = tape.gradient(
        value, [_value(variable) for variable in variables], unconnected_gradients="zero"
    )
    errors = []
    for _ in range(_DIRECTIONS):
        directions = [
            random.normal(size=variable.shape) * (np.std(_value(variable)) + _DISTURBANCE)
            for variable in variables
        ]
        slope = sum(
            float(tf.reduce_sum(tf.convert_to_tensor(gradient) * direction))
            for gradient, direction in zip(gradients, directions, strict=True)
        )
        difference = _difference(function, variables, directions)
        scale = max(abs(slope), abs(difference), TOLERANCE * abs(float(value)), 1e-30)
        errors.append(abs(slope - difference) / scale)
    return float(np.median(errors))


def _difference(
    function: Callable[[], tf.Tensor], variables: Perturbed, directions: Sequence[np.ndarray]
) -> float:
    before = [tf.identity(_value(variable)) for variable in variables]
    values = []
    for sign in (1.0, -1.0):
        for variable, start, direction in zip(variables, before, directions, strict=True):
            variable.assign(start + sign * _STEP * direction)
        values.append(float(function()))
    for variable, start in zip(variables, before, strict=True):
        variable.assign(start)
    return (values[0] - values[1]) / (2 * _STEP)


def _value(variable: tf.Variable | keras.Variable) -> tf.Variable:
    return variable.value if isinstance(variable, keras.Variable) else variable
