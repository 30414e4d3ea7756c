import numpy as np
import pytest

from wgan_tf.evaluation.inception_score import inception_score

UNSURE = [0.9, 0.1], [0.1, 0.9]
# exp(0.9 ln 1.8 + 0.1 ln 0.2)
UNSURE_SCORE = 1.444935


def test_images_all_alike_score_one() -> None:
    score = inception_score(np.tile([0.2, 0.3, 0.5], (30, 1)), num_splits=3)
    assert score == pytest.approx((1, 0))


def test_sure_and_even_classes_score_their_number() -> None:
    score = inception_score(np.tile(np.eye(7, dtype=np.float32), (4, 1)), num_splits=4)
    assert score == pytest.approx((7, 0))


def test_sure_but_uneven_classes_score_by_their_entropy() -> None:
    probabilities = np.eye(3)[[0, 0, 1, 2]]
    assert inception_score(probabilities, num_splits=1).mean == pytest.approx(2**1.5)


def test_unsure_classes() -> None:
    score = inception_score(np.array(UNSURE), num_splits=1)
    assert score == pytest.approx((UNSURE_SCORE, 0), abs=1e-6)


def test_splits_are_contiguous() -> None:
    probabilities = np.array(UNSURE)[[0, 0, 0, 0, 0, 0, 1, 1]]
    mean, standard_deviation = inception_score(probabilities, num_splits=2)
    assert mean == pytest.approx((1 + UNSURE_SCORE) / 2, abs=1e-6)
    assert standard_deviation == pytest.approx((UNSURE_SCORE - 1) / 2, abs=1e-6)


def test_fewer_examples_than_splits_are_refused() -> None:
    with pytest.raises(ValueError, match="2 examples"):
        inception_score(np.array(UNSURE), num_splits=3)
