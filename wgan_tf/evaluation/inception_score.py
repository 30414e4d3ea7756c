"""The inception score of a classifier's class probabilities."""

from typing import NamedTuple

import numpy as np


class InceptionScore(NamedTuple):
    """A score from 1 (every example alike to the classifier) to the number of classes.

    Attributes:
        mean: over the splits.
        standard_deviation: over the splits, that of the population: 0 for one split.
    """

    mean: float
    standard_deviation: float


def inception_score(probabilities: np.ndarray, *, num_splits: int) -> InceptionScore:
    """Computes `exp(mean KL(p(y|x) || p(y)))` in each split (Salimans et al. 2016), in float64.

    p(y) is the mean of p(y|x) in the split; the splits are contiguous and their lengths differ by
    one at most. It is biased: it rises with the length of a split.

    Args:
        probabilities: [N, K], p(y|x) of each example.
        num_splits: at least 1.

    Raises:
        ValueError: there are fewer examples than splits.
    """
    if len(probabilities) < num_splits:
        raise ValueError(f"{len(probabilities)} examples cannot be split into {num_splits}.")
    scores = [_score(split) for split in np.array_split(probabilities, num_splits)]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def _score(probabilities: np.ndarray) -> float:
    conditional = probabilities.astype(np.float64)
    marginal = conditional.mean(axis=0)
    # Where p(y|x) is 0 its term is 0; where it is not, p(y) is not either.
    ratios = np.divide(conditional, marginal, out=np.ones_like(conditional), where=conditional > 0)
    return float(np.exp((conditional * np.log(ratios)).sum(axis=1).mean()))
