import io

import numpy as np
import pytest
from PIL import Image

from wgan_tf.monitoring.grids import density_plot, encode_png, image_grid

WHITE = 255


def redness(picture: np.ndarray) -> np.ndarray:
    """How much redder than gray each pixel is."""
    return picture[..., 0].astype(int) - picture[..., 1].astype(int)


def test_grid_places_images_in_rows_with_a_gray_gap_and_leaves_the_rest_white() -> None:
    images = np.array([[[[1], [2]]], [[[3], [4]]], [[[5], [6]]]], np.uint8)
    g, w = 128, WHITE
    expected = [
        [1, 2, g, g, 3, 4],
        [g, g, g, g, g, g],
        [g, g, g, g, g, g],
        [5, 6, g, g, w, w],
    ]
    grid = image_grid(images, columns=2, min_size=1)
    assert grid.dtype == np.uint8
    np.testing.assert_array_equal(grid[..., 0], expected)


def test_grid_enlarges_every_pixel_to_a_square() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 6, 3), dtype=np.uint8)
    grid = image_grid(image, min_size=20)
    np.testing.assert_array_equal(grid, np.kron(image[0], np.ones((3, 3, 1), np.uint8)))


@pytest.mark.parametrize(
    ("shape", "min_size", "size"),
    [
        ((64, 28, 28, 1), 512, (686, 686)),
        ((64, 8, 8, 1), 512, (526, 526)),
        ((256, 31, 31, 1), 512, (526, 526)),
        ((4, 600, 600, 3), 512, (1202, 1202)),
        ((1, 512, 512, 3), 512, (512, 512)),
        ((1, 511, 511, 3), 512, (1022, 1022)),
    ],
)
def test_grid_has_the_least_size_that_suffices(
    shape: tuple[int, ...], min_size: int, size: tuple[int, int]
) -> None:
    assert image_grid(np.zeros(shape, np.uint8), min_size=min_size).shape[:2] == size


@pytest.mark.parametrize(
    ("count", "height", "width", "cells"),
    [
        (1, 4, 4, (1, 1)),
        (10, 4, 4, (2, 5)),
        (11, 4, 4, (3, 4)),
        (20, 4, 4, (4, 5)),
        (16, 4, 4, (4, 4)),
        (8, 4, 2, (2, 4)),
        (2, 2, 64, (2, 1)),
    ],
)
def test_grid_is_nearly_square(count: int, height: int, width: int, cells: tuple[int, int]) -> None:
    rows, columns = cells
    grid = image_grid(np.zeros((count, height, width, 1), np.uint8), min_size=1)
    assert grid.shape[:2] == (rows * height + 2 * (rows - 1), columns * width + 2 * (columns - 1))


@pytest.mark.parametrize(
    "images",
    [np.zeros((4, 8, 8), np.uint8), np.zeros((4, 8, 8, 1)), np.zeros((0, 8, 8, 1), np.uint8)],
)
def test_grid_refuses_what_is_not_images(images: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[N, H, W, C\]"):
        image_grid(images)


def test_plot_draws_points_at_their_place_over_the_reference() -> None:
    # The reference spans [-1, 1] on both axes, so the axes are [-1.2, 1.2] over 240 pixels.
    reference = np.array([[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0]])
    picture = density_plot(np.array([[-0.6, 0.9]]), reference, size=240)
    assert picture.dtype == np.uint8
    assert picture.shape == (240, 240, 3)
    rows, columns = np.nonzero(redness(picture) > 50)
    assert abs(columns.mean() - 60) <= 1.5
    assert abs(rows.mean() - 30) <= 1.5
    rows, columns = np.nonzero((picture[..., 0] < WHITE) & (redness(picture) == 0))
    assert {(round(r / 20), round(c / 20)) for r, c in zip(rows, columns, strict=True)} == {
        (11, 1),
        (1, 11),
        (11, 11),
    }
    assert (picture == WHITE).all(axis=2).mean() > 0.99


def test_plot_keeps_its_axes_whatever_is_generated() -> None:
    reference = np.random.default_rng(0).normal(size=(200, 2))
    near = density_plot(reference[:1], reference)
    far = density_plot(reference[:1] * 1e6, reference)
    untouched = (redness(near) == 0) & (redness(far) == 0)
    np.testing.assert_array_equal(near[untouched], far[untouched])
    assert untouched.mean() > 0.99


def test_plot_shows_points_beyond_the_axes_at_the_edge_and_skips_nan() -> None:
    reference = np.array([[-1.0, -1.0], [1.0, 1.0]])
    points = np.array([[50.0, 0.0], [np.nan, 0.0], [np.inf, 0.0]])
    rows, columns = np.nonzero(redness(density_plot(points, reference, size=200)))
    assert columns.min() >= 195
    assert abs(rows.mean() - 99.5) <= 1.5


def test_plot_shows_the_reference_when_every_point_diverged() -> None:
    reference = np.array([[-1.0, -1.0], [1.0, 1.0]])
    picture = density_plot(np.full((5, 2), np.nan), reference, size=100)
    assert not redness(picture).any()
    assert (picture < WHITE).any()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_reads_back_equal(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    read = np.asarray(Image.open(io.BytesIO(encode_png(image))))
    np.testing.assert_array_equal(read.reshape(image.shape), image)
