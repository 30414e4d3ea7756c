"""The training pictures that are nearest to given ones."""

from collections.abc import Iterable

import numpy as np


def nearest(
    pictures: np.ndarray, candidates: Iterable[np.ndarray], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest candidates of each picture by the sum of squared pixel differences.

    Distances are exact: |a - b|^2 = |a|^2 - 2 a.b + |b|^2 over whole numbers in float64.

    Args:
        pictures: uint8 [N, ...].
        candidates: uint8 [M, ...] each; together at least `count` of them.
        count: how many to find.

    Returns:
        The candidates uint8 [N, count, ...], nearest first, the earlier one of equals; and their
        distances, float64 [N, count].
    """
    queries = _flat(pictures)
    found = np.empty((len(queries), 0, *pictures.shape[1:]), np.uint8)
    distances = np.empty((len(queries), 0))
    for chunk in candidates:
        points = _flat(chunk)
        squares = (
            np.sum(queries**2, axis=1, keepdims=True)
            - 2 * queries @ points.T
            + np.sum(points**2, axis=1)
        )
        nearest_in_chunk = np.argsort(squares, axis=1, kind="stable")[:, :count]
        distances = np.concatenate(
            [distances, np.take_along_axis(squares, nearest_in_chunk, axis=1)], axis=1
        )
        found = np.concatenate([found, chunk[nearest_in_chunk]], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        distances = np.take_along_axis(distances, order, axis=1)
        found = found[np.arange(len(queries))[:, np.newaxis], order]
    return found, distances


def _flat(pictures: np.ndarray) -> np.ndarray:
    return pictures.reshape(len(pictures), -1).astype(np.float64)
