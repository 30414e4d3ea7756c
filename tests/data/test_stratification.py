import numpy as np

from wgan_tf.data.stratification import stratified_order


def test_every_stretch_holds_each_class_in_its_share() -> None:
    labels = np.repeat([0, 1, 2, 3], [600, 300, 97, 3])
    order = stratified_order(1000, labels)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    shares = np.bincount(labels) / 1000
    random = np.random.default_rng(0)
    for _ in range(300):
        start, stop = np.sort(random.integers(0, 1001, 2))
        counts = np.bincount(labels[order[start:stop]], minlength=4)
        assert (np.abs(counts - shares * (stop - start)) < 3).all()


def test_halves_of_pairs_hold_one_of_each() -> None:
    labels = np.repeat(np.arange(50), 2)
    half = stratified_order(100, labels)[:50]
    assert sorted(labels[half]) == list(range(50))


def test_order_within_a_class_is_random_and_always_the_same() -> None:
    labels = np.zeros(500, np.int64)
    order = stratified_order(500, labels)
    np.testing.assert_array_equal(order, stratified_order(500, labels))
    assert abs(np.corrcoef(order, np.arange(500))[0, 1]) < 0.2
    unlabelled = stratified_order(500)
    np.testing.assert_array_equal(np.sort(unlabelled), np.arange(500))
    assert abs(np.corrcoef(unlabelled, np.arange(500))[0, 1]) < 0.2
    # The numbers themselves: other ones would be other examples of every run on a part.
    np.testing.assert_array_equal(stratified_order(8), [7, 3, 1, 6, 5, 2, 0, 4])
    np.testing.assert_array_equal(
        stratified_order(6, np.array([0, 0, 0, 1, 1, 1])), [5, 1, 3, 2, 0, 4]
    )


def test_orders_of_nothing_and_of_one() -> None:
    assert stratified_order(0, np.zeros(0, np.int64)).tolist() == []
    assert stratified_order(1, np.array([7])).tolist() == [0]
