import math

import numpy as np
import pytest

from wgan_tf.evaluation.kernel_distance import kernel_distance, squared_mmd


def looped_mmd(first: np.ndarray, second: np.ndarray) -> float:
    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return (sum(float(a) * float(b) for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def within(points: np.ndarray) -> float:
        return math.fsum(
            kernel(x, y) for i, x in enumerate(points) for j, y in enumerate(points) if i != j
        ) / (len(points) * (len(points) - 1))

    between = math.fsum(kernel(x, y) for x in first for y in second)
    return within(first) + within(second) - 2 * between / (len(first) * len(second))


def test_discrepancy_against_a_double_loop() -> None:
    random = np.random.default_rng(0)
    first = random.normal(size=(7, 3)).astype(np.float32)
    second = random.normal(1, 2, size=(5, 3)).astype(np.float32)
    assert squared_mmd(first, second) == pytest.approx(looped_mmd(first, second), rel=1e-12)


def test_two_points_each_by_hand() -> None:
    first, second = np.array([[1.0], [2.0]]), np.array([[0.0], [-1.0]])
    # k(1, 2) = 27, k(0, -1) = 1; k(1, 0) = k(2, 0) = 1, k(1, -1) = 0, k(2, -1) = -1.
    assert squared_mmd(first, second) == pytest.approx(27 + 1 - 2 * (1 + 1 + 0 - 1) / 4)


def test_whole_samples_as_subsets_give_the_discrepancy_of_all() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(size=(20, 4)), random.normal(0.5, size=(20, 4))
    distance = kernel_distance(first, second, num_subsets=3, subset_size=20, seed=0)
    assert distance.mean == pytest.approx(looped_mmd(first, second))
    assert distance.standard_error == pytest.approx(0, abs=1e-12)


def test_equal_distributions_are_at_no_distance_on_average() -> None:
    random = np.random.default_rng(2)
    first, second, far = random.normal(size=(3, 4000, 6))
    distance = kernel_distance(first, second, num_subsets=100, subset_size=40, seed=0)
    assert abs(distance.mean) < 4 * distance.standard_error
    shifted = kernel_distance(first, far + 0.3, num_subsets=100, subset_size=40, seed=0)
    assert shifted.mean > 10 * shifted.standard_error


def test_standard_error_falls_as_the_root_of_the_number_of_subsets() -> None:
    random = np.random.default_rng(3)
    first, second = random.normal(size=(2, 4000, 6))
    pairs = zip(first.reshape(200, 20, 6), second.reshape(200, 20, 6), strict=True)
    deviation = np.std([squared_mmd(x, y) for x, y in pairs])
    distance = kernel_distance(first, second, num_subsets=400, subset_size=20, seed=0)
    assert distance.standard_error == pytest.approx(deviation / 20, rel=0.2)


def test_seed_fixes_the_subsets() -> None:
    first, second = np.random.default_rng(4).normal(size=(2, 50, 3))
    distances = [
        kernel_distance(first, second, num_subsets=3, subset_size=10, seed=seed)
        for seed in (0, 0, 1)
    ]
    assert distances[0] == distances[1] != distances[2]


def test_small_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="9 real"):
        kernel_distance(np.zeros((9, 2)), np.zeros((30, 2)), num_subsets=2, subset_size=10, seed=0)
