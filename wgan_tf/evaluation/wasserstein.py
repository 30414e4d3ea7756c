"""The Wasserstein distance W1 between two samples: exact, and sliced."""

import numpy as np
from scipy.spatial.distance import cdist

from wgan_tf.evaluation.projections import flat_values, random_directions


def exact_wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """The Wasserstein distance W1 between two samples of equal size, with Euclidean cost.

    Some optimal plan between equal numbers of equal masses moves each mass whole (Birkhoff), so W1
    is the least mean distance over all one-to-one assignments. Memory grows as N^2 and time as
    N^3: about a second for 2,000 points. Between two samples of one distribution it is not 0.

    Args:
        first: [N, D].
        second: [N, D].

    Returns:
        A number of at least 0, in the points' own unit.

    Raises:
        ValueError: the sizes differ.
    """
    if len(first) != len(second):
        raise ValueError(f"The samples must be of one size, but have {len(first)}, {len(second)}.")
    # Not above: it takes long to import, and most runs are of images.
    from scipy.optimize import linear_sum_assignment

    distances = cdist(first, second)
    return float(distances[linear_sum_assignment(distances)].mean())


def sliced_wasserstein(
    first: np.ndarray, second: np.ndarray, *, num_directions: int, seed: int
) -> float:
    """The sliced Wasserstein distance of order 1 (Bonneel et al. 2015).

    It is the mean, over random unit directions u of R^D, of the exact W1 between the projections
    u.x of the two samples (see `random_directions`). Pixels count from 0 to 1, and no mean is
    taken over the D dimensions.

    Args:
        first: images uint8 [N, H, W, C] or points float [N, D].
        second: examples of the same shape; M of them.
        num_directions: how many directions.
        seed: of the directions.
    """
    first, second = flat_values(first), flat_values(second)
    directions = random_directions(first.shape[1], num_directions, seed)
    return mean_wasserstein_1d(first @ directions, second @ directions)


def mean_wasserstein_1d(first: np.ndarray, second: np.ndarray) -> float:
    """The exact W1 between the two samples in each column, averaged over the columns.

    Computes the integral of `|F^-1(q) - G^-1(q)|` over q from 0 to 1, F and G being the samples'
    distribution functions.

    Args:
        first: [N, P].
        second: [M, P].

    Returns:
        A number of at least 0, in the samples' own unit.
    """
    n, m = len(first), len(second)
    # Quantile levels in units of 1 / (N M), at which either inverse jumps.
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
    widths = np.diff(ends, prepend=0)
    starts = ends - widths
    total = 0.0
    for column in range(first.shape[1]):
        gaps = np.sort(first[:, column])[starts // m] - np.sort(second[:, column])[starts // n]
        total += np.abs(gaps).astype(np.float64) @ widths
    return total / (n * m * first.shape[1])
