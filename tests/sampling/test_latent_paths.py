import math

import numpy as np
import pytest
from scipy import stats

from wgan_tf.sampling.latent_paths import interpolate, traverse, truncate

NORMAL = np.random.default_rng(0).normal(size=[1000, 20]).astype(np.float32)
UNIFORM = np.random.default_rng(1).uniform(-1, 1, size=[1000, 20]).astype(np.float32)


def test_truncated_latents_are_quantiles_of_the_truncated_normal() -> None:
    for limit in (0.1, 1.0, 3.0):
        truncated = truncate(NORMAL, limit, "normal")
        expected = stats.truncnorm(-limit, limit).ppf(stats.norm.cdf(NORMAL.astype(np.float64)))
        np.testing.assert_allclose(truncated, expected, atol=1e-5)
        assert np.abs(truncated).max() <= limit


def test_truncated_uniform_latents_fill_the_smaller_interval() -> None:
    np.testing.assert_allclose(truncate(UNIFORM, 0.5, "uniform"), 0.5 * UNIFORM)
    np.testing.assert_array_equal(truncate(UNIFORM, 2.0, "uniform"), UNIFORM)


def test_interpolation_between_right_angles_goes_along_the_circle() -> None:
    path = interpolate(np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]]), 4, "normal")
    angles = np.array([0, 30, 60, 90]) * math.pi / 180
    expected = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    np.testing.assert_allclose(path[0], expected, atol=1e-6)


def test_interpolated_latents_keep_their_distribution() -> None:
    a, b = NORMAL[:500], NORMAL[500:]
    path = interpolate(a, b, 5, "normal")
    assert path.shape == (500, 5, 20)
    np.testing.assert_allclose(path[:, 0], a, atol=1e-6)
    np.testing.assert_allclose(path[:, -1], b, atol=1e-6)
    assert path[:, 2].std() == pytest.approx(1, abs=0.02)
    u, v = UNIFORM[:500], UNIFORM[500:]
    path = interpolate(u, v, 5, "uniform")
    np.testing.assert_allclose(path[:, 0], u, atol=1e-6)
    np.testing.assert_allclose(path[:, -1], v, atol=1e-6)
    assert stats.kstest(path[:, 2].ravel(), stats.uniform(-1, 2).cdf).pvalue > 0.001


@pytest.mark.parametrize("end", [[[1.0, 2.0]], [[2.0, 4.0]], [[0.0, 0.0]]])
def test_latents_on_one_line_are_interpolated_in_a_line(end: list[list[float]]) -> None:
    path = interpolate(np.array([[1.0, 2.0]]), np.array(end), 3, "normal")
    np.testing.assert_allclose(path[0, 1], (np.array([1.0, 2.0]) + end[0]) / 2, rtol=1e-6)


def test_a_traversal_varies_one_number_in_each_row() -> None:
    latent = np.array([9.0, 8.0, 7.0])
    path = traverse(latent, 2, 4, "normal")
    values = stats.norm.ppf([0.125, 0.375, 0.625, 0.875])
    np.testing.assert_allclose(path[0], [[value, 8, 7] for value in values], rtol=1e-6)
    np.testing.assert_allclose(path[1], [[9, value, 7] for value in values], rtol=1e-6)
    uniform = traverse(latent, 1, 4, "uniform")
    np.testing.assert_allclose(uniform[0, :, 0], [-0.75, -0.25, 0.25, 0.75])
