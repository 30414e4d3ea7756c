import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.pixels import OutputRange, dequantize, from_uint8, to_uint8, to_unit_interval

RANGES = [(-1.0, 1.0), (0.0, 1.0)]


@pytest.mark.parametrize("output_range", RANGES)
def test_every_pixel_value_survives_the_round_trip(output_range: OutputRange) -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    scaled = from_uint8(pixels, output_range)
    assert scaled.dtype == np.float32
    assert np.array_equal(to_uint8(scaled, output_range), pixels)


@pytest.mark.parametrize(
    ("output_range", "expected"),
    [((-1.0, 1.0), [-1.0, -0.2, 1.0]), ((0.0, 1.0), [0.0, 0.4, 1.0])],
)
def test_scaled_pixels_are_linear_between_the_ends(
    output_range: OutputRange, expected: list[float]
) -> None:
    scaled = from_uint8(np.array([0, 102, 255], np.uint8), output_range).numpy()
    np.testing.assert_allclose(scaled, expected, atol=1e-7)
    assert scaled.min() == output_range[0]
    assert scaled.max() == output_range[1]


def test_values_beyond_the_range_are_clipped() -> None:
    values = np.array([-1.5, -1.0, 0.0, 0.5, 1.0, 7.0], np.float32)
    assert to_unit_interval(values, (-1.0, 1.0)).numpy().tolist() == [0, 0, 0.5, 0.75, 1, 1]
    assert to_unit_interval(values, (0.0, 1.0)).numpy().tolist() == [0, 0, 0, 0.5, 1, 1]
    assert to_uint8(values, (-1.0, 1.0)).numpy().tolist() == [0, 0, 128, 191, 255, 255]


def test_pixels_round_to_the_nearest_and_halves_to_even() -> None:
    values = np.array([0.49, 0.51, 1.5, 2.5, 254.4, 254.6], np.float32)
    assert to_uint8(values, (0.0, 255.0)).numpy().tolist() == [0, 1, 2, 2, 254, 255]


def test_values_that_are_not_numbers_stay_visible() -> None:
    assert np.isnan(to_unit_interval(np.array([np.nan], np.float32), (-1.0, 1.0))).all()


def test_half_precision_output_is_scaled_in_float32() -> None:
    values = np.array([0.1], np.float16)
    unit = to_unit_interval(values, (-1.0, 1.0)).numpy()
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, (np.float64(values) + 1) / 2, rtol=1e-7)


@pytest.mark.parametrize("output_range", [(-1.0, 1.0), (0.0, 1.0)])
def test_dequantized_pixels_stay_in_range_and_in_order(output_range: OutputRange) -> None:
    pixels = np.arange(256, dtype=np.uint8)
    low, high = output_range
    smallest, largest = (
        dequantize(tf.constant(pixels), output_range, tf.fill([256], tf.constant(u, tf.float64)))
        for u in (0.0, 1.0)
    )
    assert (smallest[0], largest[-1]) == output_range
    np.testing.assert_allclose(smallest[1:], largest[:-1], atol=1e-15)
    np.testing.assert_allclose(np.diff(smallest), (high - low) / 256)
