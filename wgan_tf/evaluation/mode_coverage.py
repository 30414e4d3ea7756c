"""Which modes of a Gaussian mixture a generator draws."""

from typing import NamedTuple

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


class ModeCoverage(NamedTuple):
    """How much of a mixture is drawn, and how much of what is drawn belongs to it.

    Attributes:
        num_covered: modes with at least the covered share of the points.
        least_share: the least share of the points that any mode has.
        good_share: share of the points that lie within the radius of some mode's centre.
    """

    num_covered: int
    least_share: float
    good_share: float


def mode_coverage(
    points: np.ndarray,
    centers: np.ndarray,
    sigma: float,
    *,
    radius: float = 3.0,
    covered_share: float = 0.01,
) -> ModeCoverage:
    """Counts covered modes and good points.

    A mode is covered if at least `covered_share` of all points lie within `radius` standard
    deviations of its centre and nearer to it than to any other. Of 25 equal modes each has a
    share of 4%, so a mode drawn a quarter as often as it should be still counts.

    Args:
        points: [N, D].
        centers: [K, D].
        sigma: standard deviation of every mode.
        radius: in standard deviations.
        covered_share: in [0, 1].
    """
    shares = mode_shares(points, centers, sigma, radius=radius)
    return ModeCoverage(
        num_covered=int((shares >= covered_share).sum()),
        least_share=float(shares.min()),
        good_share=float(shares.sum()),
    )
