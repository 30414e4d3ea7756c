"""Projections of examples on random directions."""

import numpy as np
import tensorflow as tf

from wgan_tf.latents import draw_latents


def random_directions(dimension: int, num_directions: int, seed: int) -> np.ndarray:
    """Directions uniform on the unit sphere: normal vectors divided by their lengths.

    Args:
        dimension: D.
        num_directions: P.
        seed: int64; the same seed gives the same directions on every machine, to rounding.

    Returns:
        float32 [D, P].
    """
    key = tf.constant([seed, 0], tf.int64)
    normal = draw_latents(key, [num_directions, dimension], "normal").numpy().T
    return normal / np.linalg.norm(normal, axis=0)


def flat_values(examples: np.ndarray) -> np.ndarray:
    """Examples as float32 vectors [N, D]: pixels (uint8) divided by 255, points as they are."""
    values = examples.reshape(len(examples), -1).astype(np.float32)
    return values / 255 if examples.dtype == np.uint8 else values
