import math

import numpy as np
import pytest

from wgan_tf.data.sources.toy import gaussian_mixture, sample_toy
from wgan_tf.evaluation.mode_coverage import mode_coverage, mode_shares


def test_shares_of_hand_made_points() -> None:
    centers = np.array([[0.0, 0.0], [1.0, 0.0]])
    points = np.array([[0.0, 0.29], [0.0, 0.31], [0.9, 0.0], [0.5, 0.0]])
    np.testing.assert_array_equal(mode_shares(points, centers, sigma=0.1), [0.25, 0.25])
    np.testing.assert_array_equal(mode_shares(points, centers, sigma=0.1, radius=4), [0.5, 0.25])


def test_real_points_cover_every_mode_as_a_gaussian_does() -> None:
    mixture = gaussian_mixture("25gaussians")
    points, _ = sample_toy("25gaussians")
    shares = mode_shares(points, mixture.centers, mixture.sigma)
    assert shares.shape == (25,)
    assert shares.sum() == pytest.approx(1 - math.exp(-9 / 2), abs=2e-3)
    assert shares.min() > 0.035


def test_coverage_of_hand_made_points() -> None:
    centers = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    points = np.zeros((200, 2))
    points[:2, 0] = 1
    points[2:3, 0] = 2
    points[3:13, 1] = 5
    coverage = mode_coverage(points, centers, sigma=0.1)
    assert coverage == (2, 1 / 200, pytest.approx(190 / 200))
    assert mode_coverage(points, centers, sigma=0.1, covered_share=0.005).num_covered == 3
