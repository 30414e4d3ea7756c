"""The order that parts of a split are taken in."""

import numpy as np

_SEED = 20170331


def stratified_order(size: int, labels: np.ndarray | None = None) -> np.ndarray:
    """A fixed random order of which every stretch holds each class in its share.

    Example j of the n of a class, these in random order, is put at (j + u) / n with u uniform on
    [0, 1): the order is that of these places, and a stretch's count of a class differs from its
    share by a few examples at most.

    Args:
        size: examples to order.
        labels: integers [size]; None for a random order alone.

    Returns:
        int64 [size], a permutation that follows from the arguments alone.
    """
    # The one generator whose numbers NumPy promises never to change.
    random = np.random.RandomState(_SEED)
    order = random.permutation(size)
    if labels is None or not size:
        return order.astype(np.int64)
    order = order[np.argsort(labels[order], kind="stable")]
    counts = np.unique(labels, return_counts=True)[1]
    ranks = np.arange(size) - np.repeat(np.cumsum(counts) - counts, counts)
    places = (ranks + random.random_sample(size)) / np.repeat(counts, counts)
    return order[np.argsort(places, kind="stable")].astype(np.int64)
