import math

import numpy as np
import pytest
import scipy.stats
from scipy.optimize import linprog

from wgan_tf.evaluation.projections import random_directions
from wgan_tf.evaluation.wasserstein import (
    exact_wasserstein,
    mean_wasserstein_1d,
    sliced_wasserstein,
)


def test_exact_distance_is_that_of_the_linear_programme() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(9, 2)), random.normal(1, 3, size=(9, 2))
    costs = np.linalg.norm(first[:, None] - second[None], axis=2)
    sums = np.concatenate([np.kron(np.eye(9), np.ones(9)), np.kron(np.ones(9), np.eye(9))])
    plan = linprog(costs.ravel(), A_eq=sums, b_eq=np.full(18, 1 / 9))
    assert exact_wasserstein(first, second) == pytest.approx(plan.fun, rel=1e-9)


def test_exact_distance_of_a_shifted_cloud_is_the_length_of_the_shift() -> None:
    points = np.random.default_rng(1).normal(size=(100, 3))
    shifted = np.random.default_rng(2).permutation(points + np.array([1.0, 2, 2]))
    assert exact_wasserstein(points, shifted) == pytest.approx(3)


def test_exact_distance_crosses_where_that_is_cheaper_than_the_given_order() -> None:
    first, second = np.array([[0.0, 0], [4, 0]]), np.array([[4.0, 3], [0, 1]])
    assert exact_wasserstein(first, second) == pytest.approx((1 + 3) / 2)


def test_exact_distance_of_unequal_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="3, 4"):
        exact_wasserstein(np.zeros((3, 2)), np.zeros((4, 2)))


def test_sliced_distance_on_the_line_is_that_of_sorted_points() -> None:
    first, second = np.array([[3.0], [0.0], [10.0]]), np.array([[4.0], [12.0], [-2.0]])
    distance = sliced_wasserstein(first, second, num_directions=5, seed=0)
    assert distance == pytest.approx((2 + 1 + 2) / 3)


@pytest.mark.parametrize("sizes", [(1, 1), (3, 7), (12, 18), (40, 40)])
def test_distance_in_columns_is_that_of_unequal_samples_too(sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(sizes[0], 3)), random.normal(1, 2, size=(sizes[1], 3))
    expected = [
        scipy.stats.wasserstein_distance(first[:, column], second[:, column]) for column in range(3)
    ]
    assert mean_wasserstein_1d(first, second) == pytest.approx(np.mean(expected))


def test_sliced_distance_of_a_shifted_cloud_is_the_mean_length_of_the_shifts_projections() -> None:
    points = np.random.default_rng(0).normal(size=(30, 2))
    shifted = points + np.array([3.0, 4])
    distance = sliced_wasserstein(points, shifted, num_directions=4000, seed=0)
    assert distance == pytest.approx(5 * 2 / math.pi, rel=0.03)


def test_sliced_distance_does_not_depend_on_the_order_of_the_examples() -> None:
    points = np.random.default_rng(0).normal(size=(30, 4))
    assert sliced_wasserstein(points, points[::-1], num_directions=9, seed=0) == 0


def test_sliced_distance_counts_pixels_from_zero_to_one() -> None:
    black, white = np.zeros((3, 1, 1, 1), np.uint8), np.full((4, 1, 1, 1), 255, np.uint8)
    assert sliced_wasserstein(black, white, num_directions=3, seed=0) == pytest.approx(1)


def test_seed_fixes_the_sliced_distance() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 20, 6))
    distances = [
        sliced_wasserstein(first, second, num_directions=10, seed=seed) for seed in (3, 3, 4)
    ]
    assert distances[0] == distances[1] != distances[2]


def test_directions_are_uniform_on_the_sphere() -> None:
    directions = random_directions(5, 20_000, seed=0)
    assert directions.shape == (5, 20_000)
    assert directions.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(directions, axis=0), 1, rtol=1e-6)
    np.testing.assert_allclose(directions @ directions.T / 20_000, np.eye(5) / 5, atol=0.006)
    np.testing.assert_allclose(directions.mean(axis=1), 0, atol=0.015)
