import tracemalloc

import numpy as np
import pytest
from scipy.spatial import KDTree

from wgan_tf.evaluation.precision_recall import manifold_scores, squared_radii

# On a line, nearest neighbour balls: [-18, 0], [-1, 1], [0, 2], [1, 5], [3, 11].
REAL = np.array([[-9.0], [0], [1], [3], [7]])
# [0, 4], [2, 6], [4, 20], [39, 41], [40, 42].
GENERATED = np.array([[2.0], [4], [12], [40], [41]])


def test_scores_counted_by_hand() -> None:
    scores = manifold_scores(REAL, GENERATED, nearest_k=1)
    # Of the generated points, 2 is in two real balls (once on the surface), 4 in two.
    assert scores.precision == 2 / 5
    assert scores.density == 4 / 5
    assert scores.coverage == 3 / 5
    # Of the real points, all but -9 are in generated balls, 0 on the surface.
    assert scores.recall == 4 / 5


def test_second_nearest_neighbours_counted_by_hand() -> None:
    np.testing.assert_array_equal(squared_radii(REAL, 2), [100, 9, 4, 9, 36])
    # Real balls [-19, 1], [-3, 3], [-1, 3], [0, 6], [1, 13] hold 2: 4 times, 4: twice, 12: once.
    scores = manifold_scores(REAL, GENERATED, nearest_k=2)
    assert scores.density == 7 / (2 * 5)
    assert scores.precision == 3 / 5
    assert scores.coverage == 4 / 5


def test_a_sample_of_itself_is_perfect() -> None:
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    scores = manifold_scores(points, points, nearest_k=4)
    assert (scores.precision, scores.recall, scores.coverage) == (1, 1, 1)
    # Each ball holds its four neighbours and its centre.
    assert scores.density == 5 / 4


def test_distant_samples_score_nothing() -> None:
    scores = manifold_scores(REAL, GENERATED + 1000, nearest_k=1)
    assert scores == (0, 0, 0, 0)


def test_duplicates_have_no_radius() -> None:
    np.testing.assert_array_equal(squared_radii(np.array([[0.1, 7], [0.1, 7], [2, 7]]), 1)[:2], 0)


def test_large_samples_against_trees() -> None:
    random = np.random.default_rng(1)
    real = random.normal(size=(2500, 3))
    generated = random.normal(0.4, 0.8, size=(2100, 3))
    scores = manifold_scores(real, generated, nearest_k=3)

    real_tree, generated_tree = KDTree(real), KDTree(generated)
    real_radii = real_tree.query(real, 4)[0][:, 3]
    generated_radii = generated_tree.query(generated, 4)[0][:, 3]
    in_real_balls = generated_tree.query_ball_point(real, real_radii)
    in_generated_balls = real_tree.query_ball_point(generated, generated_radii)
    assert scores.precision == len(set().union(*in_real_balls)) / 2100
    assert scores.recall == len(set().union(*in_generated_balls)) / 2500
    assert scores.density == pytest.approx(sum(map(len, in_real_balls)) / (3 * 2100))
    assert scores.coverage == sum(map(bool, in_real_balls)) / 2500


def test_memory_does_not_hold_all_distances() -> None:
    points = np.random.default_rng(0).normal(size=(6000, 2))
    tracemalloc.start()
    squared_radii(points, 5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6000 * 6000 * 8 / 2


def test_too_small_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="5 examples"):
        manifold_scores(REAL, GENERATED, nearest_k=5)
