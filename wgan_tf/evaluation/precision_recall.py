"""Fidelity and diversity of a sample, told from nearest neighbours in feature space."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

_BLOCK_DISTANCES = 1 << 22


class ManifoldScores(NamedTuple):
    """How a generated sample lies to a real one.

    A ball about an example reaches, its surface included, to its k-th nearest neighbour in its own
    sample, itself not counted.

    Attributes:
        precision: share of generated examples in at least one real ball (Kynkaanniemi et al. 2019).
        recall: share of real examples in at least one generated ball (the same).
        density: number of real balls that a generated example is in, on average, over k (Naeem et
            al. 2020); may exceed 1.
        coverage: share of real balls that at least one generated example is in (the same).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_scores(real: np.ndarray, generated: np.ndarray, *, nearest_k: int) -> ManifoldScores:
    """Precision, recall, density and coverage with Euclidean distances, in float64.

    Time grows as N M D; no more than a block of the distances is in memory. Naeem et al. take 5
    for k, Kynkaanniemi et al. 3.

    Args:
        real: features [N, D].
        generated: features [M, D].
        nearest_k: k, at least 1.

    Raises:
        ValueError: a sample has k examples or fewer.
    """
    real_radii = squared_radii(real, nearest_k)
    generated_radii = squared_radii(generated, nearest_k)
    is_precise = np.zeros(len(generated), bool)
    num_recalled = num_covered = num_inside = 0
    for rows, distances in _squared_distance_blocks(real, generated):
        is_inside = distances <= real_radii[rows, None]
        is_precise |= is_inside.any(axis=0)
        num_inside += int(is_inside.sum())
        num_covered += int(is_inside.any(axis=1).sum())
        num_recalled += int((distances <= generated_radii).any(axis=1).sum())
    return ManifoldScores(
        precision=float(is_precise.mean()),
        recall=num_recalled / len(real),
        density=num_inside / (nearest_k * len(generated)),
        coverage=num_covered / len(real),
    )


def squared_radii(points: np.ndarray, nearest_k: int) -> np.ndarray:
    """The squared distance of each point to its k-th nearest other point.

    Args:
        points: [N, D].
        nearest_k: k, at least 1.

    Returns:
        float64 [N].

    Raises:
        ValueError: there are k points or fewer.
    """
    if len(points) <= nearest_k:
        raise ValueError(f"{len(points)} examples have no {nearest_k}-th nearest neighbour.")
    radii = np.empty(len(points))
    for rows, distances in _squared_distance_blocks(points, points):
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        radii[rows] = np.partition(distances, nearest_k - 1, axis=1)[:, nearest_k - 1]
    return radii


def _squared_distance_blocks(
    first: np.ndarray, second: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields rows of `first` and their squared distances float64 [rows, M] to all of `second`."""
    columns = second.astype(np.float64)
    column_squares = np.einsum("nd,nd->n", columns, columns)
    num_rows = max(1, _BLOCK_DISTANCES // len(second))
    for start in range(0, len(first), num_rows):
        rows = slice(start, min(start + num_rows, len(first)))
        block = first[rows].astype(np.float64)
        distances = block @ columns.T
        distances *= -2
        distances += np.einsum("nd,nd->n", block, block)[:, None]
        distances += column_squares
        yield rows, distances
