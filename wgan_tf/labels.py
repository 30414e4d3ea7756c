"""How the labels of generated examples are distributed over the classes.

A distribution is given by whole numbers in proportion to the probabilities, one a class, so that
counts follow from it exactly; it is empty for a generator without labels.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from wgan_tf.config import Config, label_distribution
from wgan_tf.data.store import Store


def label_weights(config: Config, examples: Store) -> tuple[int, ...]:
    """The distribution that `--label_distribution` asks for.

    Args:
        config: of the run.
        examples: those of `--train_split`, after `--classes`.

    Returns:
        For `data` the examples of each class, in lowest terms, and 0 for a class without any; for
        `uniform` ones. Empty if the examples have no labels.
    """
    counts = examples.class_counts
    if counts is None:
        return ()
    if label_distribution(config) == "uniform":
        return (1,) * len(counts)
    # Balanced data are drawn from as uniform labels are.
    return tuple(int(count) for count in counts // np.gcd.reduce(counts))


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
