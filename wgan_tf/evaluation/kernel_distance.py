"""The kernel distance (KID) between two samples of features."""

from typing import NamedTuple

import numpy as np


class KernelDistance(NamedTuple):
    """An estimate of the squared maximum mean discrepancy, in no unit.

    Attributes:
        mean: over the subsets; unbiased, so it lies below 0 about as often as above for equal
            distributions.
        standard_error: standard deviation of the subsets' estimates over the root of their number.
            It tells the error of the subsampling, not that of a sample too small to subsample.
    """

    mean: float
    standard_error: float


def kernel_distance(
    real: np.ndarray, generated: np.ndarray, *, num_subsets: int, subset_size: int, seed: int
) -> KernelDistance:
    """Averages `squared_mmd` over random subsets of both samples (Binkowski et al. 2018).

    Args:
        real: features [N, D].
        generated: features [M, D].
        num_subsets: at least 2.
        subset_size: examples of each sample in a subset, drawn without replacement; at least 2.
        seed: of the subsets.

    Raises:
        ValueError: a sample is smaller than a subset.
    """
    if subset_size > min(len(real), len(generated)):
        raise ValueError(
            f"Subsets of {subset_size} need as many examples, but there are {len(real)} real and "
            f"{len(generated)} generated ones."
        )
    random = np.random.default_rng(seed)
    estimates = [
        squared_mmd(
            real[random.choice(len(real), subset_size, replace=False)],
            generated[random.choice(len(generated), subset_size, replace=False)],
        )
        for _ in range(num_subsets)
    ]
    standard_error = np.std(estimates, ddof=1) / np.sqrt(num_subsets)
    return KernelDistance(float(np.mean(estimates)), float(standard_error))


def squared_mmd(first: np.ndarray, second: np.ndarray) -> float:
    """The unbiased estimate of the squared maximum mean discrepancy (Gretton et al. 2012).

    Computes `mean k(x, x') + mean k(y, y') - 2 mean k(x, y)` in float64, the first two means over
    pairs of different examples, with the kernel `k(x, y) = (x.y / D + 1)^3`.

    Args:
        first: [N, D], N at least 2.
        second: [M, D], M at least 2.
    """
    x, y = first.astype(np.float64), second.astype(np.float64)
    return _mean_of_pairs(x) + _mean_of_pairs(y) - 2 * float(_kernel(x, y).mean())


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _mean_of_pairs(x: np.ndarray) -> float:
    kernel = _kernel(x, x)
    return float((kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1)))
