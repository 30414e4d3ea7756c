"""Between stored pixels (uint8), a network's range of values and the unit interval."""

import dataclasses

import tensorflow as tf

# Keeps 255 times a value of the unit interval off the halves between pixels, by more than float32
# rounds.
_MARGIN = 2.0**-12


@dataclasses.dataclass(frozen=True)
class PixelScale:
    """Where pixels lie in a network's range of values.

    Pixel p stands for the value low + (high - low) p / 255 or, dequantized, for all values from
    low + (high - low) p / 256 to where those of p + 1 begin.

    Attributes:
        low: where black begins.
        high: where full intensity ends.
        dequantized: whether a pixel stands for a step of values.
    """

    low: float
    high: float
    dequantized: bool = False


def from_uint8(pixels: tf.Tensor, scale: PixelScale, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Scales stored pixels to the range in which a generator draws, which is not dequantized.

    Computes `low + (high - low) * pixels / 255`.

    Args:
        pixels: uint8, any shape.
        scale: where they lie.
        dtype: floating-point type to compute in.

    Returns:
        `dtype` of the same shape, in [low, high].
    """
    return scale.low + (scale.high - scale.low) * (tf.cast(pixels, dtype) / 255.0)


def dequantize(pixels: tf.Tensor, scale: PixelScale, noise: tf.Tensor) -> tf.Tensor:
    """Scales stored pixels to a dequantized range, each spread over its step of 1/256.

    Computes `low + (high - low) * (pixels + noise) / 256` (Gulrajani et al. 2017, their code).

    Args:
        pixels: uint8, any shape.
        scale: where they lie.
        noise: floating point of the same shape, uniform on [0, 1).

    Returns:
        The noise's dtype and the same shape, in [low, high) but for rounding.
    """
    return scale.low + (scale.high - scale.low) * ((tf.cast(pixels, noise.dtype) + noise) / 256.0)


def to_unit_interval(values: tf.Tensor, scale: PixelScale) -> tf.Tensor:
    """Scales a generator's output to the unit interval.

    With `x = (values - low) / (high - low)`, computes `clip(x, 0, 1)` or, dequantized,
    `clip((256 x - 1/2) / 255, 0, 1)` to 1e-6, so that 255 times it rounds to `floor(256 x)` also
    where steps meet.

    Args:
        values: floating point, any shape.
        scale: where pixels lie among them.

    Returns:
        float32 of the same shape, in [0, 1].
    """
    values = tf.convert_to_tensor(values)
    if values.dtype != tf.float64:
        values = tf.cast(values, tf.float32)
    position = (values - scale.low) / (scale.high - scale.low)
    if scale.dequantized:
        steps = 256.0 * position
        pixels = tf.clip_by_value(tf.floor(steps), 0.0, 255.0)
        reach = 0.5 - _MARGIN
        position = (pixels + tf.clip_by_value(steps - pixels - 0.5, -reach, reach)) / 255.0
    return tf.cast(tf.clip_by_value(position, 0.0, 1.0), tf.float32)


def to_uint8(values: tf.Tensor, scale: PixelScale) -> tf.Tensor:
    """Turns a generator's output into pixels, the inverse of `from_uint8` or `dequantize`.

    Computes `round(255 * to_unit_interval(values))`, halves to the even neighbour; dequantized,
    that is `clip(floor(256 (values - low) / (high - low)), 0, 255)`.

    Args:
        values: floating point, any shape.
        scale: where pixels lie among them.

    Returns:
        uint8 of the same shape.
    """
    return tf.cast(tf.round(255.0 * to_unit_interval(values, scale)), tf.uint8)


def unit_interval_line(scale: PixelScale) -> tuple[float, float]:
    """(a, b) such that `clip(a values + b, 0, 1)` is `to_unit_interval(values)` to 1e-6."""
    slope = 1.0 / (scale.high - scale.low)
    if not scale.dequantized:
        return slope, -scale.low * slope
    return slope * 256.0 / 255.0, (-scale.low * slope * 256.0 - 0.5) / 255.0
