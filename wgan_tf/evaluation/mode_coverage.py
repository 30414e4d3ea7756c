"""Which modes of a Gaussian mixture a generator draws."""

import numpy as np


def mode_shares(
    points: np.ndarray, centers: np.ndarray, sigma: float, *, radius: float = 3.0
) -> np.ndarray:
    """The share of points that lie within `radius` standard deviations of each mode's centre.

    A point counts for its nearest centre only. Of a Gaussian in the plane, 98.9% lie within three
    standard deviations, 1 - exp(-9 / 2).

    Args:
        points: [N, D].
        centers: [K, D].
        sigma: standard deviation of every mode.
        radius: in standard deviations.

    Returns:
        [K], in [0, 1]; its sum is the share of good points.
    """
    distances = np.linalg.norm(points[:, None] - centers[None], axis=2)
    nearest = distances.argmin(axis=1)
    is_good = distances.min(axis=1) <= radius * sigma
    return np.bincount(nearest[is_good], minlength=len(centers)) / len(points)
