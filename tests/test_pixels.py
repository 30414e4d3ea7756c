import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.pixels import (
    PixelScale,
    dequantize,
    from_uint8,
    to_uint8,
    to_unit_interval,
    unit_interval_line,
)

RANGES = [(-1.0, 1.0), (0.0, 1.0)]
PIXELS = np.arange(256, dtype=np.uint8)


def dequantized(output_range: tuple[float, float], noise: float | np.ndarray) -> np.ndarray:
    """Every pixel value with some noise, by hand in float64."""
    low, high = output_range
    return low + (high - low) * (PIXELS.astype(np.float64) + noise) / 256


@pytest.mark.parametrize("output_range", RANGES)
def test_every_pixel_value_survives_the_round_trip(output_range: tuple[float, float]) -> None:
    pixels = PIXELS.reshape(4, 8, 8, 1)
    scaled = from_uint8(pixels, PixelScale(*output_range))
    assert scaled.dtype == np.float32
    assert np.array_equal(to_uint8(scaled, PixelScale(*output_range)), pixels)


@pytest.mark.parametrize(
    ("output_range", "expected"),
    [((-1.0, 1.0), [-1.0, -0.2, 1.0]), ((0.0, 1.0), [0.0, 0.4, 1.0])],
)
def test_scaled_pixels_are_linear_between_the_ends(
    output_range: tuple[float, float], expected: list[float]
) -> None:
    scaled = from_uint8(np.array([0, 102, 255], np.uint8), PixelScale(*output_range)).numpy()
    np.testing.assert_allclose(scaled, expected, atol=1e-7)
    assert scaled.min() == output_range[0]
    assert scaled.max() == output_range[1]


def test_values_beyond_the_range_are_clipped() -> None:
    values = np.array([-1.5, -1.0, 0.0, 0.5, 1.0, 7.0], np.float32)
    two, one = PixelScale(-1.0, 1.0), PixelScale(0.0, 1.0)
    assert to_unit_interval(values, two).numpy().tolist() == [0, 0, 0.5, 0.75, 1, 1]
    assert to_unit_interval(values, one).numpy().tolist() == [0, 0, 0, 0.5, 1, 1]
    assert to_uint8(values, two).numpy().tolist() == [0, 0, 128, 191, 255, 255]
    spread = PixelScale(-1.0, 1.0, dequantized=True)
    assert to_uint8(values, spread).numpy().tolist() == [0, 0, 128, 192, 255, 255]
    unit = to_unit_interval(values, spread).numpy()
    np.testing.assert_allclose(unit, [0, 0, 127.5 / 255, 191.5 / 255, 1, 1], atol=1.1e-6)
    assert unit.min() == 0
    assert unit.max() == 1


def test_pixels_round_to_the_nearest_and_halves_to_even() -> None:
    values = np.array([0.49, 0.51, 1.5, 2.5, 254.4, 254.6], np.float32)
    assert to_uint8(values, PixelScale(0.0, 255.0)).numpy().tolist() == [0, 1, 2, 2, 254, 255]


@pytest.mark.parametrize("is_dequantized", [False, True])
def test_values_that_are_not_numbers_stay_visible(is_dequantized: bool) -> None:
    scale = PixelScale(-1.0, 1.0, is_dequantized)
    assert np.isnan(to_unit_interval(np.array([np.nan], np.float32), scale)).all()


def test_half_precision_output_is_scaled_in_float32() -> None:
    values = np.array([0.1], np.float16)
    unit = to_unit_interval(values, PixelScale(-1.0, 1.0)).numpy()
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, (np.float64(values) + 1) / 2, rtol=1e-7)


@pytest.mark.parametrize("output_range", RANGES)
@pytest.mark.parametrize("noise", [0.0, 1e-9, 0.3, 0.5, 0.999, 1 - 2.0**-23, 1 - 1e-9])
def test_dequantized_pixels_come_back_whatever_the_noise(
    output_range: tuple[float, float], noise: float
) -> None:
    scale = PixelScale(*output_range, dequantized=True)
    values = dequantize(tf.constant(PIXELS), scale, tf.fill([256], tf.constant(noise, tf.float64)))
    np.testing.assert_allclose(values, dequantized(output_range, noise), atol=1e-15)
    np.testing.assert_array_equal(to_uint8(values, scale), PIXELS)
    # Closer to a step's end than float32 tells, a value is the next step's beginning.
    if noise <= 0.999:
        np.testing.assert_array_equal(to_uint8(tf.cast(values, tf.float32), scale), PIXELS)


@pytest.mark.parametrize("output_range", RANGES)
def test_the_unit_interval_rounds_to_the_pixel_of_the_step(
    output_range: tuple[float, float],
) -> None:
    scale = PixelScale(*output_range, dequantized=True)
    low, high = output_range
    ends = dequantized(output_range, 0.0).astype(np.float32)
    noise = np.random.default_rng(0).uniform(size=(100, 256))
    within = dequantized(output_range, noise).astype(np.float32)
    for values in (ends, np.nextafter(ends, np.float32(9)), within):
        unit = to_unit_interval(values, scale).numpy()
        steps = 256 * (values.astype(np.float64) - low) / (high - low)
        np.testing.assert_allclose(unit, np.clip((steps - 0.5) / 255, 0, 1), atol=1.1e-6)
        # As a reader of the served floats rounds them.
        rounded = np.round(unit * np.float32(255)).astype(np.uint8)
        np.testing.assert_array_equal(rounded, np.clip(np.floor(steps), 0, 255))
        np.testing.assert_array_equal(rounded, to_uint8(values, scale))


@pytest.mark.parametrize("output_range", RANGES)
@pytest.mark.parametrize("is_dequantized", [False, True])
def test_a_clipped_line_is_the_way_to_the_unit_interval(
    output_range: tuple[float, float], is_dequantized: bool
) -> None:
    scale = PixelScale(*output_range, is_dequantized)
    slope, offset = unit_interval_line(scale)
    values = np.linspace(-1.2, 1.2, 5001, dtype=np.float32)
    line = np.clip(slope * values.astype(np.float64) + offset, 0, 1)
    np.testing.assert_allclose(to_unit_interval(values, scale), line, atol=1.1e-6)


@pytest.mark.parametrize("output_range", RANGES)
def test_dequantized_pixels_stay_in_range_and_in_order(output_range: tuple[float, float]) -> None:
    scale = PixelScale(*output_range, dequantized=True)
    low, high = output_range
    smallest, largest = (
        dequantize(tf.constant(PIXELS), scale, tf.fill([256], tf.constant(u, tf.float64)))
        for u in (0.0, 1.0)
    )
    assert (smallest[0], largest[-1]) == output_range
    np.testing.assert_allclose(smallest[1:], largest[:-1], atol=1e-15)
    np.testing.assert_allclose(np.diff(smallest), (high - low) / 256)
