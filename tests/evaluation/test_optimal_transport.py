import numpy as np
import pytest
from scipy.optimize import linprog

from wgan_tf.evaluation.optimal_transport import exact_wasserstein


def test_against_the_linear_programme() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(9, 2)), random.normal(1, 3, size=(9, 2))
    costs = np.linalg.norm(first[:, None] - second[None], axis=2)
    sums = np.concatenate([np.kron(np.eye(9), np.ones(9)), np.kron(np.ones(9), np.eye(9))])
    plan = linprog(costs.ravel(), A_eq=sums, b_eq=np.full(18, 1 / 9))
    assert exact_wasserstein(first, second) == pytest.approx(plan.fun, rel=1e-9)


def test_shifted_cloud_is_at_the_length_of_the_shift() -> None:
    points = np.random.default_rng(1).normal(size=(100, 3))
    shifted = np.random.default_rng(2).permutation(points + np.array([1.0, 2, 2]))
    assert exact_wasserstein(points, shifted) == pytest.approx(3)


def test_crossing_is_cheaper_than_the_given_order() -> None:
    first, second = np.array([[0.0, 0], [4, 0]]), np.array([[4.0, 3], [0, 1]])
    assert exact_wasserstein(first, second) == pytest.approx((1 + 3) / 2)


def test_unequal_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="3, 4"):
        exact_wasserstein(np.zeros((3, 2)), np.zeros((4, 2)))
