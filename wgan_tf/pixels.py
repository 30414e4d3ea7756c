"""Between stored pixels (uint8), a network's range of values and the unit interval."""

import tensorflow as tf

OutputRange = tuple[float, float]


def from_uint8(
    pixels: tf.Tensor, output_range: OutputRange, dtype: tf.DType = tf.float32
) -> tf.Tensor:
    """Scales stored pixels to the range in which a generator draws.

    Computes `low + (high - low) * pixels / 255`.

    Args:
        pixels: uint8, any shape.
        output_range: `(low, high)`, the values of black (0) and of full intensity (255).
        dtype: floating-point type to compute in.

    Returns:
        `dtype` of the same shape, in [low, high].
    """
    low, high = output_range
    return low + (high - low) * (tf.cast(pixels, dtype) / 255.0)


def dequantize(pixels: tf.Tensor, output_range: OutputRange, noise: tf.Tensor) -> tf.Tensor:
    """Scales stored pixels as `from_uint8` does, each value spread over its step of 1/256.

    Computes `low + (high - low) * (pixels + noise) / 256` (Gulrajani et al. 2017, their code).

    Args:
        pixels: uint8, any shape.
        output_range: `(low, high)`.
        noise: floating point of the same shape, uniform on [0, 1).

    Returns:
        The noise's dtype and the same shape, in [low, high).
    """
    low, high = output_range
    return low + (high - low) * ((tf.cast(pixels, noise.dtype) + noise) / 256.0)


def to_unit_interval(values: tf.Tensor, output_range: OutputRange) -> tf.Tensor:
    """Scales a generator's output to the unit interval.

    Computes `clip((values - low) / (high - low), 0, 1)`.

    Args:
        values: floating point, any shape.
        output_range: `(low, high)`, the values of black and of full intensity.

    Returns:
        float32 of the same shape, in [0, 1].
    """
    low, high = output_range
    return tf.clip_by_value((tf.cast(values, tf.float32) - low) / (high - low), 0.0, 1.0)


def to_uint8(values: tf.Tensor, output_range: OutputRange) -> tf.Tensor:
    """Turns a generator's output into pixels, the inverse of `from_uint8`.

    Computes `round(255 * to_unit_interval(values))`, halves to the even neighbour.

    Args:
        values: floating point, any shape.
        output_range: `(low, high)`, the values of black and of full intensity.

    Returns:
        uint8 of the same shape.
    """
    return tf.cast(tf.round(255.0 * to_unit_interval(values, output_range)), tf.uint8)
