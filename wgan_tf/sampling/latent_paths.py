"""Latents that belong together: truncated ones, interpolations and traversals.

All of them respect the distribution of the latents by way of its cumulative distribution
function F and the quantile function of the normal distribution.
"""

import math

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Floats = npt.NDArray[np.floating]

# Keeps quantiles of values at the very ends of an interval finite.
_LEAST_PROBABILITY = 1e-9


def truncate(latents: Floats, limit: float, distribution: str) -> Floats:
    """Maps latents to their distribution given that no value is beyond a limit.

    The map is monotone, F_T^-1(F(z)) with F_T the truncated distribution's, so that images of
    a seed change little by little with the limit.

    Args:
        latents: floating, any shape.
        limit: T > 0; values are then in [-T, T].
        distribution: `normal` or `uniform`.

    Returns:
        float32 of the same shape.
    """
    if distribution == "uniform":
        return (latents * min(limit, 1.0)).astype(np.float32)
    low, high = _normal_cdf(np.array(-limit)), _normal_cdf(np.array(limit))
    truncated = _normal_quantile(low + (high - low) * _normal_cdf(latents))
    return np.clip(truncated, -limit, limit).astype(np.float32)


def interpolate(start: Floats, end: Floats, steps: int, distribution: str) -> Floats:
    """Interpolates spherically between latents, which keeps their distribution (White 2016).

    With the angle w between two latents a and b, step t in [0, 1] is
    (sin((1 - t) w) a + sin(t w) b) / sin(w). Uniform latents are mapped to normal ones by their
    quantiles before, and back after.

    Args:
        start: [N, D].
        end: [N, D].
        steps: how many, both ends included; at least 2.
        distribution: `normal` or `uniform`.

    Returns:
        float32 [N, steps, D].
    """
    if distribution == "uniform":
        path = _slerp(_to_normal(start), _to_normal(end), steps)
        return (2 * _normal_cdf(path) - 1).astype(np.float32)
    return _slerp(start, end, steps).astype(np.float32)


def traverse(latent: Floats, rows: int, steps: int, distribution: str) -> Floats:
    """Varies one number of a latent at a time.

    In row i, number i goes through equally spaced quantile levels of the distribution, from
    1/(2 steps) to 1 - 1/(2 steps); the others stay.

    Args:
        latent: [D].
        rows: how many numbers to vary, at most D.
        steps: how many values each.
        distribution: `normal` or `uniform`.

    Returns:
        float32 [rows, steps, D].
    """
    levels = (np.arange(steps) + 0.5) / steps
    values = 2 * levels - 1 if distribution == "uniform" else _normal_quantile(levels)
    traversal = np.tile(np.asarray(latent, np.float32), (rows, steps, 1))
    for row in range(rows):
        traversal[row, :, row] = values
    return traversal


def _slerp(start: Floats, end: Floats, steps: int) -> Floats:
    a, b = start.astype(np.float64)[:, np.newaxis], end.astype(np.float64)[:, np.newaxis]
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cosine = np.sum(a * b, axis=-1) / np.maximum(lengths, np.finfo(np.float64).tiny)
    angle = np.arccos(np.clip(cosine, -1, 1))[..., np.newaxis]
    t = np.linspace(0, 1, steps)[np.newaxis, :, np.newaxis]
    sine = np.sin(angle)
    is_line = (sine < 1e-6) | (lengths == 0)[..., np.newaxis]
    divisor = np.where(is_line, 1, sine)
    first = np.where(is_line, 1 - t, np.sin((1 - t) * angle) / divisor)
    second = np.where(is_line, t, np.sin(t * angle) / divisor)
    return first * a + second * b


def _to_normal(uniform: Floats) -> Floats:
    levels = (uniform.astype(np.float64) + 1) / 2
    return _normal_quantile(np.clip(levels, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY))


def _normal_cdf(values: Floats) -> Floats:
    scaled = tf.constant(-np.asarray(values, np.float64) / math.sqrt(2))
    return 0.5 * tf.math.erfc(scaled).numpy()


def _normal_quantile(levels: Floats) -> Floats:
    return tf.math.ndtri(tf.constant(np.asarray(levels, np.float64))).numpy()
