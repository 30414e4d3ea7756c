"""Random numbers that XLA and TensorFlow's own kernels make alike, of the same random bits.

`tf.random.stateless_uniform` and `stateless_normal` give other numbers where XLA compiles them.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

# The least uniform number that has a logarithm here, as in TensorFlow's Box-Muller transform.
_LEAST = 1e-7


def uniform(shape: Sequence[int | tf.Tensor], key: tf.Tensor) -> tf.Tensor:
    """Numbers uniform on [0, 1), the very ones of `tf.random.stateless_uniform` by its kernel.

    Args:
        shape: of the result.
        key: int32 or int64 [2].

    Returns:
        float32 tensor of the given shape.
    """
    bits = tf.random.stateless_uniform(
        shape, key, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    # The last 23 bits are the fraction of a float32 in [1, 2).
    in_one_to_two = tf.bitwise.bitwise_or(tf.bitwise.bitwise_and(bits, 0x7FFFFF), 0x3F800000)
    return tf.bitcast(in_one_to_two, tf.float32) - 1.0


def normal(shape: Sequence[int], key: tf.Tensor) -> tf.Tensor:
    """Normal numbers, those of `tf.random.stateless_normal` by its kernel but for rounding.

    Of two uniform numbers u and v, sqrt(-2 ln u) sin(2 pi v) and sqrt(-2 ln u) cos(2 pi v) (Box and
    Muller 1958).

    Args:
        shape: of the result.
        key: int32 or int64 [2].

    Returns:
        float32 tensor of the given shape, mean 0, variance 1.
    """
    count = int(np.prod(shape))
    pairs = tf.reshape(uniform([count + count % 2], key), [-1, 2])
    radius = tf.sqrt(-2.0 * tf.math.log(tf.maximum(pairs[:, 0], _LEAST)))
    angle = 2.0 * np.pi * pairs[:, 1]
    values = tf.stack([radius * tf.sin(angle), radius * tf.cos(angle)], axis=1)
    return tf.reshape(tf.reshape(values, [-1])[:count], shape)
