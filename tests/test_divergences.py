"""Entropies, divergences and distances, against numbers by hand and other ways to compute them."""

import math

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.spatial.distance import jensenshannon

from wgan_tf import divergences

P = np.array([0.5, 0.25, 0.25, 0.0])
Q = np.array([0.25, 0.25, 0.25, 0.25])


def random_distribution(seed: int, size: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(size))


def test_a_biased_choice_by_hand() -> None:
    # In bits: H(P) = 1.5, H(Q) = 2, H(P, Q) = 2, so KL(P || Q) = 0.5.
    bit = math.log(2)
    assert divergences.entropy(P) == pytest.approx(1.5 * bit)
    assert divergences.entropy(Q) == pytest.approx(2 * bit)
    assert divergences.cross_entropy(P, Q) == pytest.approx(2 * bit)
    assert divergences.kullback_leibler(P, Q) == pytest.approx(0.5 * bit)
    assert divergences.total_variation(P, Q) == pytest.approx(0.25)


def test_kullback_leibler_is_not_symmetric_and_infinite_where_q_lacks_an_outcome() -> None:
    assert divergences.kullback_leibler(Q, P) == math.inf
    assert divergences.cross_entropy(Q, P) == math.inf
    coin, other = [0.5, 0.5], [0.9, 0.1]
    assert divergences.kullback_leibler(coin, other) == pytest.approx(0.510826, abs=1e-6)
    assert divergences.kullback_leibler(other, coin) == pytest.approx(0.368064, abs=1e-6)


def test_cross_entropy_is_entropy_and_divergence_together() -> None:
    p, q = random_distribution(0), random_distribution(1)
    assert divergences.cross_entropy(p, q) == pytest.approx(
        divergences.entropy(p) + divergences.kullback_leibler(p, q)
    )


def test_divergences_are_those_of_scipy() -> None:
    p, q = random_distribution(2), random_distribution(3)
    assert divergences.entropy(p) == pytest.approx(stats.entropy(p))
    assert divergences.kullback_leibler(p, q) == pytest.approx(stats.entropy(p, q))
    assert divergences.jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q) ** 2)


def test_total_variation_is_the_largest_difference_of_any_event() -> None:
    p, q = random_distribution(4), random_distribution(5)
    events = [[number >> bit & 1 for bit in range(7)] for number in range(2**7)]
    largest = max(abs(np.dot(event, p) - np.dot(event, q)) for event in events)
    assert divergences.total_variation(p, q) == pytest.approx(largest)


def test_the_earth_mover_distance_on_a_line_is_that_of_scipy() -> None:
    p, q = random_distribution(6), random_distribution(7, size=5)
    x, y = np.arange(7.0) ** 2, np.arange(5.0) - 3
    expected = stats.wasserstein_distance(x, y, p, q)
    distances = np.abs(x[:, None] - y[None])
    assert divergences.earth_mover(p, q, distances) == pytest.approx(expected)


def test_equal_distributions_are_nowhere_apart() -> None:
    p = random_distribution(8)
    distances = np.abs(np.arange(7)[:, None] - np.arange(7)[None])
    assert divergences.kullback_leibler(p, p) == 0
    assert divergences.jensen_shannon(p, p) == pytest.approx(0, abs=1e-15)
    assert divergences.total_variation(p, p) == 0
    assert divergences.earth_mover(p, p, distances) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("theta", [-1.0, -0.1, 0.001, 0.5])
def test_two_parallel_lines_are_apart_as_the_paper_says(theta: float) -> None:
    """Arjovsky et al. 2017, example 1; each line in ten places."""
    y = np.linspace(0, 1, 10)
    places = np.array([(x, height) for x in (0, theta) for height in y])
    p, q = np.repeat([[0.1, 0.0], [0.0, 0.1]], 10, axis=1)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    assert divergences.kullback_leibler(p, q) == math.inf
    assert divergences.kullback_leibler(q, p) == math.inf
    assert divergences.jensen_shannon(p, q) == pytest.approx(math.log(2))
    assert divergences.total_variation(p, q) == pytest.approx(1)
    assert divergences.earth_mover(p, q, distances) == pytest.approx(abs(theta))


def test_no_discriminator_has_a_smaller_loss_than_the_optimal_one() -> None:
    p, q = random_distribution(9), random_distribution(10)
    optimal = divergences.optimal_discriminator(p, q)

    def loss(answer: np.ndarray) -> float:
        return float(-p @ np.log(answer) - q @ np.log(1 - answer))

    least = divergences.optimal_discriminator_loss(p, q)
    assert loss(optimal) == pytest.approx(least)
    for change in np.random.default_rng(11).uniform(-0.05, 0.05, (20, 7)):
        assert loss(np.clip(optimal + change, 1e-6, 1 - 1e-6)) > least


def test_the_optimal_discriminator_cannot_tell_equal_distributions_or_what_neither_has() -> None:
    assert divergences.optimal_discriminator([0.3, 0.0, 0.7], [0.3, 0.0, 0.7]).tolist() == [0.5] * 3
    assert divergences.optimal_discriminator_loss(P, P) == pytest.approx(1.386294, abs=1e-6)
    assert divergences.optimal_discriminator_loss([1, 0], [0, 1]) == pytest.approx(0)


def test_small_cells_give_the_divergence_of_densities() -> None:
    """KL(N(0, 1) || N(1, 2^2)) = log 2 + (1 + 1) / (2 * 4) - 1/2; JS by quadrature."""
    edges = np.linspace(-20, 20, 40_001)
    first, second = stats.norm(0, 1), stats.norm(1, 2)
    p, q = (np.diff(normal.cdf(edges)) for normal in (first, second))
    expected = math.log(2) + 2 / 8 - 1 / 2
    assert divergences.kullback_leibler(p, q) == pytest.approx(expected, rel=1e-4)

    def integrand(x: float) -> float:
        a, b = first.pdf(x), second.pdf(x)
        return (a * math.log(2 * a / (a + b)) + b * math.log(2 * b / (a + b))) / 2

    area, _ = integrate.quad(integrand, -15, 15)
    assert divergences.jensen_shannon(p, q) == pytest.approx(area, rel=1e-4)


@pytest.mark.parametrize("wrong", [[0.5, 0.6], [1.5, -0.5], [[0.5, 0.5]], [math.nan, 1.0]])
def test_what_is_no_distribution_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="A distribution is a vector of probabilities"):
        divergences.entropy(wrong)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="over 4 and 2 outcomes"):
        divergences.kullback_leibler(P, [0.5, 0.5])
    with pytest.raises(ValueError, match=r"of shape \(4, 4\)"):
        divergences.earth_mover(P, Q, np.ones((4, 3)))
