import itertools

import numpy as np
import pytest

from wgan_tf.evaluation.neighbours import (
    diversity,
    mean_pairwise_distance,
    nearer_share,
    nearest_neighbours,
)


@pytest.fixture(scope="module")
def examples() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, [50, 4, 4, 3], np.uint8)


def blocks(examples: np.ndarray, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    numbers = np.arange(len(examples))
    return [(numbers[i : i + size], examples[i : i + size]) for i in range(0, len(numbers), size)]


@pytest.mark.parametrize("size", [1, 7, 50])
def test_neighbours_are_those_of_all_pairs(examples: np.ndarray, size: int) -> None:
    queries = np.random.default_rng(1).integers(0, 256, [6, 4, 4, 3], np.uint8)
    found = nearest_neighbours(queries, blocks(examples, size), 3)
    for query, numbers, distances in zip(queries, found.numbers, found.distances, strict=True):
        difference = (examples.astype(float) - query.astype(float)).reshape(50, -1)
        exact = np.sqrt((difference**2).sum(axis=1))
        np.testing.assert_array_equal(numbers, exact.argsort()[:3])
        np.testing.assert_allclose(distances, np.sort(exact)[:3], rtol=1e-12)


@pytest.mark.parametrize("size", [1, 7, 50])
def test_a_copy_is_at_distance_zero_unless_excluded(examples: np.ndarray, size: int) -> None:
    chosen = np.array([3, 49])
    found = nearest_neighbours(examples[chosen], blocks(examples, size), 1)
    np.testing.assert_array_equal(found.numbers[:, 0], chosen)
    np.testing.assert_array_equal(found.distances, 0)
    others = nearest_neighbours(examples[chosen], blocks(examples, size), 1, excluded=chosen)
    for number, nearest, distance in zip(chosen, others.numbers, others.distances, strict=True):
        difference = examples.astype(float) - examples[number].astype(float)
        exact = np.sqrt((difference**2).sum(axis=(1, 2, 3)))
        exact[number] = np.inf
        assert nearest[0] == exact.argmin()
        assert distance[0] == pytest.approx(exact.min())


def test_the_mean_pairwise_distance_is_that_of_all_pairs() -> None:
    points = np.random.default_rng(2).normal(size=[9, 2])
    distances = [np.hypot(*(a - b)) for a, b in itertools.combinations(points, 2)]
    assert mean_pairwise_distance(points) == pytest.approx(np.mean(distances))
    assert mean_pairwise_distance(np.ones([5, 2])) == 0


def test_many_pixels_are_taken_some_at_a_time() -> None:
    pictures = np.random.default_rng(0).integers(256, size=(3, 700, 700, 1), dtype=np.uint8)
    first, second, third = pictures.astype(float)
    expected = [
        np.linalg.norm(one - other)
        for one, other in ((first, second), (first, third), (second, third))
    ]
    assert mean_pairwise_distance(pictures) == pytest.approx(np.mean(expected), rel=1e-12)


def test_diversity_is_one_for_real_examples_and_nothing_to_speak_of_without() -> None:
    points = np.random.default_rng(0).normal(size=(20, 3))
    assert diversity(points, points) == 1
    assert diversity(0.25 * points + 3, points) == pytest.approx(0.25)
    assert diversity(points, np.ones([4, 3])) is None


def test_queries_that_examples_have_nearer_than_each_other_are_counted() -> None:
    points = np.array([[0.0], [4.0], [10.0], [11.0]])
    # From 0, whose next is 4 away; from 4, likewise; and from 10 and 11, which are 1 apart.
    queries = np.array([[-3.0], [-5.0], [4.5], [9.5], [12.5], [12.0]])

    def of(values: np.ndarray) -> float:
        near = nearest_neighbours(values, blocks(points, 3), 2)
        return nearer_share(near, lambda: blocks(points, 2), lambda numbers: points[numbers])

    assert of(queries) == 3 / 6
    assert of(points) == 1
    assert of(np.array([[12.5]])) == 0
