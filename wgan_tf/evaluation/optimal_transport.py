"""The exact Wasserstein distance between two small samples of points."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist


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
        ValueError: The sizes differ.
    """
    if len(first) != len(second):
        raise ValueError(f"The samples must be of one size, but have {len(first)}, {len(second)}.")
    distances = cdist(first, second)
    return float(distances[linear_sum_assignment(distances)].mean())
