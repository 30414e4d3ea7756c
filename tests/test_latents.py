import numpy as np
import pytest
import tensorflow as tf

from tests.philox import reference_draw
from wgan_tf.latents import EXAMPLES_PER_BLOCK, draw_latents, sample_latents


@pytest.mark.parametrize("seed_key", [(0, 0), (1, 2), (-5, 2**40 + 3)])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_draws_are_those_of_an_independent_philox(
    seed_key: tuple[int, int], distribution: str
) -> None:
    latents = draw_latents(tf.constant(seed_key, tf.int64), [37, 11], distribution).numpy()
    expected = reference_draw(seed_key, 37 * 11, distribution).reshape(37, 11)
    np.testing.assert_allclose(latents, expected, rtol=1e-5, atol=2e-6)


def test_the_first_latents_of_a_seed_are_these_numbers() -> None:
    np.testing.assert_allclose(
        sample_latents(2, 42, 3, "normal"),
        [[0.015817076, -1.5900869, 0.10359446], [0.81174594, -1.610355, -1.5791045]],
        rtol=1e-6,
    )
    np.testing.assert_array_equal(
        sample_latents(EXAMPLES_PER_BLOCK + 1, 42, 3, "uniform")[-2:],
        np.array(
            [[0.61653566, 0.8073094, -0.9819033], [0.056006193, -0.51323175, -0.24594164]],
            np.float32,
        ),
    )


def test_latents_of_an_example_do_not_depend_on_how_many_are_drawn() -> None:
    longest = sample_latents(300, 9, 7, "normal").numpy()
    assert longest.shape == (300, 7)
    for n in (1, 2, 15, 16, 17, 31, 32, 33, 100, 299):
        np.testing.assert_array_equal(sample_latents(n, 9, 7, "normal"), longest[:n])


def test_example_i_is_a_row_of_its_block() -> None:
    latents = sample_latents(40, -3, 5, "uniform")
    for i in (0, 15, 16, 39):
        block = reference_draw((-3, i // 16), 16 * 5, "uniform").reshape(16, 5)
        np.testing.assert_array_equal(latents[i], block[i % 16])


def test_seeds_and_examples_differ() -> None:
    latents = [sample_latents(64, seed, 4, "normal").numpy() for seed in (0, 1, -1, 2**33)]
    assert len(np.unique(np.concatenate(latents), axis=0)) == 4 * 64


def test_normal_latents_have_mean_0_and_variance_1() -> None:
    latents = draw_latents([3, 4], [100_000], "normal").numpy()
    assert abs(latents.mean()) < 4 / np.sqrt(100_000)
    assert abs(latents.var() - 1) < 4 * np.sqrt(2 / 100_000)


def test_uniform_latents_fill_the_interval_from_minus_1_to_1() -> None:
    latents = draw_latents([3, 4], [100_000], "uniform").numpy()
    assert -1 <= latents.min() < -0.999
    assert 0.999 < latents.max() < 1
    assert abs(latents.mean()) < 4 / np.sqrt(3 * 100_000)


def test_lower_precision_rounds_the_same_draw() -> None:
    full = draw_latents([1, 2], [50], "normal")
    half = draw_latents([1, 2], [50], "normal", tf.bfloat16)
    assert half.dtype == tf.bfloat16
    np.testing.assert_array_equal(half, tf.cast(full, tf.bfloat16))


def test_an_unknown_distribution_is_named() -> None:
    with pytest.raises(ValueError, match="'cauchy'"):
        draw_latents([0, 0], [1], "cauchy")  # type: ignore[arg-type]
