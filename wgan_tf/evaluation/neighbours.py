"""Distances between examples, by their pixels or coordinates."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

_VALUES_AT_ONCE = 1_000_000


class Neighbours(NamedTuple):
    """The nearest examples of each query, nearest first.

    Attributes:
        numbers: int64 [Q, k], of the examples.
        distances: float64 [Q, k], Euclidean.
    """

    numbers: np.ndarray
    distances: np.ndarray


def nearest_neighbours(
    queries: np.ndarray,
    blocks: Iterable[tuple[np.ndarray, np.ndarray]],
    k: int,
    excluded: np.ndarray | None = None,
) -> Neighbours:
    """Finds the k nearest examples of each query in one pass over all examples.

    Args:
        queries: [Q, ...], of any real dtype.
        blocks: numbers int64 [B] and examples [B, ...], k or more in total.
        k: how many neighbours.
        excluded: int64 [Q], the number of an example that is no neighbour of the query, such as
            the query itself; none by default.
    """
    flat = _flat(queries, np.float32)
    numbers = np.full([len(flat), k], -1)
    distances = np.full([len(flat), k], np.inf)
    for block_numbers, examples in blocks:
        # One matrix product for all pairs; what it rounds off is made up for among the k + 1 best.
        candidates = _flat(examples, np.float32)
        lengths = np.einsum("ij,ij->i", candidates, candidates)
        order = lengths - 2 * flat @ candidates.T
        if excluded is not None:
            order[excluded[:, None] == block_numbers] = np.inf
        kept = min(k + 1, len(candidates))
        best = np.argpartition(order, kept - 1, axis=1)[:, :kept]
        exact = np.linalg.norm(
            _flat(queries, np.float64)[:, None] - candidates[best].astype(np.float64), axis=2
        )
        exact[np.isinf(np.take_along_axis(order, best, axis=1))] = np.inf
        all_numbers = np.concatenate([numbers, block_numbers[best]], axis=1)
        all_distances = np.concatenate([distances, exact], axis=1)
        nearest = np.argsort(all_distances, axis=1, kind="stable")[:, :k]
        numbers = np.take_along_axis(all_numbers, nearest, axis=1)
        distances = np.take_along_axis(all_distances, nearest, axis=1)
    return Neighbours(numbers, distances)


def nearer_share(
    near_queries: Neighbours,
    blocks: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]],
    read: Callable[[np.ndarray], np.ndarray],
) -> float:
    """The share of queries nearer to an example than that is to any other example.

    One less the authenticity of Alaa et al. 2022 (arXiv 2102.08921): of new examples of the same
    distribution it is a half or less, of copies all.

    Args:
        near_queries: of the queries.
        blocks: gives all examples, as `nearest_neighbours` takes them.
        read: numbers int64 [n] -> those examples [n, ...].
    """
    nearest, place = np.unique(near_queries.numbers[:, 0], return_inverse=True)
    among = nearest_neighbours(read(nearest), blocks(), 1, excluded=nearest)
    return float(np.mean(near_queries.distances[:, 0] < among.distances[place, 0]))


def diversity(examples: np.ndarray, real: np.ndarray) -> float | None:
    """The `mean_pairwise_distance` of examples over that of real ones; None if this is zero."""
    distance = mean_pairwise_distance(real)
    return mean_pairwise_distance(examples) / distance if distance else None


def mean_pairwise_distance(examples: np.ndarray) -> float:
    """The mean Euclidean distance of two different ones among examples [N, ...], N at least 2."""
    count = len(examples)
    flat = examples.reshape(count, -1)
    width = max(1, _VALUES_AT_ONCE // count)
    products = np.zeros([count, count])
    for start in range(0, flat.shape[1], width):
        block = flat[:, start : start + width].astype(np.float64)
        products += block @ block.T
    squares = np.diag(products)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * products, 0))
    return float(distances.sum() / (count * (count - 1)))


def _flat(examples: np.ndarray, dtype: type) -> np.ndarray:
    return examples.reshape(len(examples), -1).astype(dtype)
