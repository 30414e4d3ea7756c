"""The Frechet distance between Gaussians fitted to features."""

import dataclasses
from collections.abc import Iterable

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class GaussianStatistics:
    """The first two moments of a sample of features.

    Attributes:
        mean: float64 [D].
        covariance: float64 [D, D], unbiased: divided by `count - 1`.
        count: number of examples, at least 2.
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int


def gaussian_statistics(chunks: Iterable[np.ndarray]) -> GaussianStatistics:
    """Mean and covariance of features that come in chunks, as if they had come at once.

    The scatter matrix of each chunk about its own mean is merged into that of all before (Chan,
    Golub and LeVeque 1979), in float64: large means cancel nothing, and no more than one chunk
    and two matrices [D, D] are in memory.

    Args:
        chunks: arrays [n, D] of any lengths n; empty ones count for nothing.

    Raises:
        ValueError: there are fewer than two examples.
    """
    count, mean, scatter = 0, np.zeros(()), np.zeros(())
    for chunk in chunks:
        if not len(chunk):
            continue
        features = chunk.astype(np.float64)
        chunk_mean = features.mean(axis=0)
        features -= chunk_mean
        total = count + len(features)
        shift = chunk_mean - mean
        scatter = scatter + features.T @ features
        scatter += np.outer(shift, shift) * (count * len(features) / total)
        mean = mean + shift * (len(features) / total)
        count = total
    if count < 2:
        raise ValueError(f"A covariance needs two examples or more, but there are {count}.")
    return GaussianStatistics(mean, scatter / (count - 1), count)


def frechet_distance(first: GaussianStatistics, second: GaussianStatistics) -> float:
    """The squared Frechet distance between two Gaussians, as FID reports it.

    Computes `|m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2))` (Dowson and Landau 1982; Heusel
    et al. 2017). With R the symmetric root of C1, the eigenvalues of C1 C2 are those of the
    symmetric R C2 R, so the last trace is the sum of their roots; those that rounding makes
    negative count as 0. It is biased: it falls as the counts rise, so only distances of equal
    counts compare.

    Args:
        first: of D features.
        second: of D features; the two may be exchanged.

    Returns:
        A number of at least 0, in squared units of the features.
    """
    eigenvalues, vectors = np.linalg.eigh(first.covariance)
    root = (vectors * np.sqrt(eigenvalues.clip(0))) @ vectors.T
    product_eigenvalues = np.linalg.eigvalsh(root @ second.covariance @ root)
    root_trace = np.sqrt(product_eigenvalues.clip(0)).sum()
    shift = first.mean - second.mean
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return max(0.0, float(shift @ shift + traces - 2 * root_trace))
