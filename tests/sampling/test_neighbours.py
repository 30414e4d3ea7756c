import numpy as np

from wgan_tf.sampling.neighbours import nearest


def test_the_nearest_are_those_of_a_search_through_all() -> None:
    random = np.random.default_rng(0)
    pictures = random.integers(256, size=(5, 4, 4, 3), dtype=np.uint8)
    candidates = random.integers(256, size=(100, 4, 4, 3), dtype=np.uint8)
    found, distances = nearest(pictures, np.array_split(candidates, [1, 8, 60]), 3)
    for row, picture in enumerate(pictures):
        squares = ((candidates.astype(int) - picture.astype(int)) ** 2).sum(axis=(1, 2, 3))
        order = np.argsort(squares, kind="stable")[:3]
        np.testing.assert_array_equal(found[row], candidates[order])
        np.testing.assert_array_equal(distances[row], squares[order])


def test_a_picture_is_its_own_nearest() -> None:
    candidates = np.arange(12, dtype=np.uint8).reshape(3, 2, 2, 1)
    found, distances = nearest(candidates[1:2], [candidates], 1)
    np.testing.assert_array_equal(found[0, 0], candidates[1])
    assert distances[0, 0] == 0
