import numpy as np
import pytest
import scipy.linalg

from wgan_tf.evaluation.frechet import GaussianStatistics, frechet_distance, gaussian_statistics


def gaussian(mean: object, covariance: object) -> GaussianStatistics:
    return GaussianStatistics(np.array(mean, float), np.array(covariance, float), 100)


def random_gaussian(random: np.random.Generator, dimension: int) -> GaussianStatistics:
    factor = random.normal(size=(dimension, dimension))
    return gaussian(random.normal(size=dimension), factor @ factor.T)


def test_on_the_line_it_is_that_of_means_and_deviations() -> None:
    distance = frechet_distance(gaussian([1], [[4]]), gaussian([4], [[25]]))
    assert distance == pytest.approx((1 - 4) ** 2 + (2 - 5) ** 2, abs=1e-6)


def test_commuting_covariances() -> None:
    first = gaussian([0, 0, 0], np.diag([1, 4, 9]))
    second = gaussian([1, 2, 2], np.diag([16, 1, 9]))
    assert frechet_distance(first, second) == pytest.approx(9 + (3**2 + 1**2 + 0), abs=1e-6)


def test_covariances_in_the_plane_that_do_not_commute() -> None:
    first, second = gaussian([0, 0], [[3, 1], [1, 2]]), gaussian([1, -1], [[1, -0.5], [-0.5, 5]])
    product = first.covariance @ second.covariance
    # The roots a, b of a 2x2 matrix's eigenvalues: (a + b)^2 = trace + 2 sqrt(determinant).
    root_trace = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    expected = 2 + 5 + 6 - 2 * root_trace
    assert frechet_distance(first, second) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_many_dimensions_against_the_general_matrix_root(seed: int) -> None:
    random = np.random.default_rng(seed)
    first, second = random_gaussian(random, 12), random_gaussian(random, 12)
    root = scipy.linalg.sqrtm(first.covariance @ second.covariance)
    shift = first.mean - second.mean
    expected = shift @ shift + np.trace(first.covariance + second.covariance - 2 * root.real)
    assert frechet_distance(first, second) == pytest.approx(expected, abs=1e-6)
    assert frechet_distance(second, first) == pytest.approx(expected, abs=1e-6)


def test_singular_covariances() -> None:
    u, v = np.array([3.0, 0, 0, 4]), np.array([1.0, 2, 2, 0])
    first, second = gaussian(np.zeros(4), np.outer(u, u)), gaussian(np.zeros(4), np.outer(v, v))
    assert frechet_distance(first, second) == pytest.approx(25 + 9 - 2 * 3, abs=1e-6)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(first, first) >= 0


def test_statistics_in_chunks_are_those_at_once() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(1000, 5)) * [1, 2, 3, 4, 1e-3] + [0, 1e6, -1e6, 1, 1e4]
    chunks = np.split(features, [1, 1, 8, 700])
    assert [len(chunk) for chunk in chunks] == [1, 0, 7, 692, 300]
    statistics = gaussian_statistics(chunks)
    assert statistics.count == 1000
    assert statistics.covariance.dtype == np.float64
    np.testing.assert_allclose(statistics.mean, features.mean(axis=0), rtol=1e-12)
    deviations = features.std(axis=0, ddof=1)
    np.testing.assert_allclose(
        statistics.covariance / np.outer(deviations, deviations),
        np.corrcoef(features.T),
        atol=1e-9,
    )


def test_statistics_of_float32_features_are_computed_in_float64() -> None:
    features = np.array([[4096.25], [4096.5], [4096.0]], np.float32)
    statistics = gaussian_statistics(iter([features[:2], features[2:]]))
    np.testing.assert_array_equal(statistics.mean, [4096.25])
    np.testing.assert_array_equal(statistics.covariance, [[0.0625]])


def test_one_example_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="there are 1"):
        gaussian_statistics([np.zeros((1, 3)), np.zeros((0, 3))])
