"""Entropies, divergences and distances of discrete distributions, in nats.

A distribution over N outcomes is an array [N] of probabilities, which are not negative and sum to
one; 0 log 0 counts as 0. Densities on the line are discrete here too: probabilities of many small
cells. Kullback-Leibler, Jensen-Shannon and total variation compare probabilities outcome by outcome
and know of no distance between outcomes; only the Earth Mover distance does.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse, special

_TOLERANCE = 1e-6

Floats = npt.NDArray[np.float64]


def entropy(p: npt.ArrayLike) -> float:
    """H(p) = -sum p log p: 0 of a certain outcome, log N of N equal ones.

    Args:
        p: probabilities [N].

    Raises:
        ValueError: `p` is no distribution.
    """
    return float(special.entr(_distribution(p)).sum())


def cross_entropy(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """H(p, q) = -sum p log q = H(p) + KL(p || q), the mean surprise of q at outcomes drawn from p.

    Args:
        p: the true probabilities [N].
        q: the predicted ones [N].

    Returns:
        At least H(p); infinite where p has an outcome that q has not.

    Raises:
        ValueError: they are no distributions over the same outcomes.
    """
    p, q = _distributions(p, q)
    return float(-special.xlogy(p, q).sum())


def kullback_leibler(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """KL(p || q) = sum p log(p / q) (Kullback and Leibler 1951); KL(q || p) is another number.

    Args:
        p: probabilities [N].
        q: probabilities [N].

    Returns:
        At least 0, and 0 where p = q alone; infinite where p has an outcome that q has not.

    Raises:
        ValueError: they are no distributions over the same outcomes.
    """
    p, q = _distributions(p, q)
    return float(special.rel_entr(p, q).sum())


def jensen_shannon(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """JS(p, q) = KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2 (Lin 1991).

    Args:
        p: probabilities [N].
        q: probabilities [N].

    Returns:
        In [0, log 2]: log 2 where p and q share no outcome, however near these are.

    Raises:
        ValueError: they are no distributions over the same outcomes.
    """
    p, q = _distributions(p, q)
    m = (p + q) / 2
    return float(special.rel_entr(p, m).sum() + special.rel_entr(q, m).sum()) / 2


def total_variation(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """TV(p, q) = max over events A of |p(A) - q(A)| = sum |p - q| / 2.

    Args:
        p: probabilities [N].
        q: probabilities [N].

    Returns:
        In [0, 1]: 1 where p and q share no outcome.

    Raises:
        ValueError: they are no distributions over the same outcomes.
    """
    p, q = _distributions(p, q)
    return float(np.abs(p - q).sum()) / 2


def earth_mover(p: npt.ArrayLike, q: npt.ArrayLike, distances: npt.ArrayLike) -> float:
    """The Earth Mover or Wasserstein-1 distance: the least mean distance over which p becomes q.

    W(p, q) = min over joint distributions gamma with marginals p and q of sum gamma_ij d_ij
    (Arjovsky et al. 2017, equation 1), solved as a linear program of N M unknowns.

    Args:
        p: probabilities [N].
        q: probabilities [M], of the same or of other outcomes.
        distances: between the outcomes of p and those of q, [N, M], not negative.

    Returns:
        At least 0, in the unit of `distances`.

    Raises:
        ValueError: `p` or `q` is no distribution, or `distances` does not fit them.
    """
    p, q = _distribution(p), _distribution(q)
    costs = np.asarray(distances, np.float64)
    if costs.shape != (len(p), len(q)) or not np.isfinite(costs).all() or (costs < 0).any():
        raise ValueError(
            f"Distances must be finite, not negative and of shape {(len(p), len(q))}, but have "
            f"shape {costs.shape}."
        )
    rows = sparse.kron(sparse.eye(len(p)), np.ones((1, len(q))))
    columns = sparse.kron(np.ones((1, len(p))), sparse.eye(len(q)))
    # Probabilities that sum to one but for rounding would leave the program without a solution.
    found = optimize.linprog(
        costs.ravel(),
        A_eq=sparse.vstack([rows, columns]).tocsr(),
        b_eq=np.concatenate([p / p.sum(), q / q.sum()]),
        method="highs",
    )
    return max(0.0, float(found.fun))


def optimal_discriminator(p: npt.ArrayLike, q: npt.ArrayLike) -> Floats:
    """D*(x) = p / (p + q), the best answer to whether x is of p (Goodfellow et al. 2014, prop. 1).

    Args:
        p: probabilities or densities of the real examples, of any shape.
        q: those of the generated ones, of the same shape.

    Returns:
        In [0, 1], of the same shape; 1/2 where neither has any.
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    both = p + q
    return np.divide(p, both, out=np.full_like(both, 0.5), where=both > 0)


def optimal_discriminator_loss(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """The loss of D*, -E_p log D* - E_q log(1 - D*) = 2 log 2 - 2 JS(p, q).

    Goodfellow et al. 2014, theorem 1, whose value function is its negative. It is 2 log 2 = 1.386
    where p = q, and 0 where they share no outcome.

    Args:
        p: probabilities [N] of the real examples.
        q: those of the generated ones [N].

    Raises:
        ValueError: they are no distributions over the same outcomes.
    """
    return 2 * math.log(2) - 2 * jensen_shannon(p, q)


def _distribution(p: npt.ArrayLike) -> Floats:
    p = np.asarray(p, np.float64)
    if p.ndim != 1 or not (p >= 0).all() or not abs(p.sum() - 1) <= _TOLERANCE:
        raise ValueError(
            "A distribution is a vector of probabilities that are not negative and sum to one, not "
            f"one of shape {p.shape} and sum {p.sum():.6g}."
        )
    return p


def _distributions(p: npt.ArrayLike, q: npt.ArrayLike) -> tuple[Floats, Floats]:
    p, q = _distribution(p), _distribution(q)
    if p.shape != q.shape:
        raise ValueError(f"Two distributions are over {len(p)} and {len(q)} outcomes.")
    return p, q
