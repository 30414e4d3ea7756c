"""How the labels of generated examples are distributed over the classes.

A distribution is given by whole numbers in proportion to the probabilities, one a class, so that
counts follow from it exactly; it is empty for a generator without labels.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from wgan_tf.config import Config, label_distribution
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError

# More columns make a grid that no screen shows.
_COLUMNS_IN_GRID = 20


def grid_labels(num_classes: int) -> np.ndarray:
    """The classes that a grid has a column for: all, or 20 evenly spread ones, ascending."""
    count = min(num_classes, _COLUMNS_IN_GRID)
    return np.linspace(0, num_classes - 1, count).round().astype(np.int32)


def count_classes(config: Config, info: DatasetInfo) -> int:
    """Classes that the networks know: those of the data where the run is conditional, else 0.

    Raises:
        UserError: the run is conditional and the data have no labels.
    """
    if config.conditional == "none":
        return 0
    if info.class_names is None:
        raise UserError(
            f"--conditional={config.conditional} needs labels, but --dataset={config.dataset} has "
            "none; take --conditional=none, or a data set with classes."
        )
    return len(info.class_names)


def label_weights(config: Config, info: DatasetInfo) -> tuple[int, ...]:
    """The distribution that `--label_distribution` asks for.

    Args:
        config: of the run.
        info: of `--train_split`, after `--classes`.

    Returns:
        For `data` the examples of each class, in lowest terms, and 0 for a class without any; for
        `uniform` ones, as in runs of version 0.1, which counted no classes. Empty if the run has no
        labels.
    """
    num_classes = count_classes(config, info)
    if not num_classes:
        return ()
    if info.class_counts is None or label_distribution(config) == "uniform":
        return (1,) * num_classes
    # Balanced data are drawn from as uniform labels are.
    divisor = np.gcd.reduce(info.class_counts)
    return tuple(int(count) for count in np.asarray(info.class_counts) // divisor)


def draw_labels(key: tf.Tensor, count: int, weights: Sequence[int]) -> tf.Tensor:
    """Draws independent labels, the same ones for the same key.

    A whole number uniform below the sum of the weights is drawn for each, and the label is that of
    the class whose share of the range it falls into.

    Args:
        key: int64 [2].
        count: of the labels.
        weights: in proportion to the probabilities of the classes; their sum is below 2^31.

    Returns:
        int32 [count].
    """
    ends = np.cumsum(weights)
    numbers = tf.random.stateless_uniform([count], key, 0, int(ends[-1]), tf.int32, alg="philox")
    return tf.searchsorted(tf.constant(ends, tf.int32), numbers, side="right")


def apportion(count: int, weights: Sequence[int]) -> np.ndarray:
    """Divides a count among classes by the method of largest remainders, ties to lower labels.

    Args:
        count: of the examples together.
        weights: in proportion to the shares of the classes.

    Returns:
        int64 [len(weights)], each the exact share rounded up or down, with the sum `count`.
    """
    shares, remainders = np.divmod(count * np.array(weights, np.int64), sum(weights))
    by_remainder = np.argsort(-remainders, kind="stable")
    shares[by_remainder[: count - shares.sum()]] += 1
    return shares
