import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.data.images import fit_square


@pytest.mark.parametrize("channels", [1, 3])
def test_right_size_leaves_the_bytes_alone(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 9, channels)).astype(np.uint8)
    np.testing.assert_array_equal(fit_square(image, 9), image)


@pytest.mark.parametrize(
    ("shape", "rows", "columns"),
    [((5, 9, 3), slice(0, 5), slice(2, 7)), ((8, 5, 1), slice(1, 6), slice(0, 5))],
)
def test_central_square_is_cropped(shape: tuple[int, ...], rows: slice, columns: slice) -> None:
    image = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
    np.testing.assert_array_equal(fit_square(image, 5), image[rows, columns])


@pytest.mark.parametrize(("channels", "side", "size"), [(1, 64, 16), (3, 50, 32), (3, 8, 32)])
def test_resize_agrees_with_tensorflows_antialiased_bicubic(
    channels: int, side: int, size: int
) -> None:
    # Levels from which neither overshoots: Pillow clips between its two passes.
    image = np.random.default_rng(1).integers(64, 192, (side, side, channels)).astype(np.uint8)
    resized = tf.image.resize(image, (size, size), method="bicubic", antialias=True)
    expected = np.clip(np.round(resized.numpy()), 0, 255)
    found = fit_square(image, size)
    assert found.dtype == np.uint8
    assert found.shape == (size, size, channels)
    inner = slice(2, -2)  # The two treat the border differently.
    assert np.abs(found.astype(float) - expected)[inner, inner].max() <= 1


def test_resize_clips_where_bicubic_overshoots() -> None:
    image = np.zeros((8, 8, 1), np.uint8)
    image[:, 4:] = 255
    found = fit_square(image, 32)[16, :, 0]
    assert found[:12].max() == 0
    assert found[20:].min() == 255
    assert (np.diff(found.astype(int)) >= 0).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_padding_keeps_the_whole_image_on_the_background(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 200, (4, 8, channels)).astype(np.uint8)
    found = fit_square(image, 8, "pad", "white")
    np.testing.assert_array_equal(found[2:6], image)
    assert (found[:2] == 255).all()
    assert (found[6:] == 255).all()
    turned = fit_square(image.swapaxes(0, 1), 8, "pad", "black")
    np.testing.assert_array_equal(turned[:, 2:6], image.swapaxes(0, 1))
    assert not turned[:, :2].any()


def test_stretching_keeps_the_whole_image_out_of_proportion() -> None:
    image = np.zeros((4, 40, 3), np.uint8)
    image[:, 20:] = 240
    found = fit_square(image, 20, "stretch")
    assert found.shape == (20, 20, 3)
    assert found[:, :8].max() < 10
    assert found[:, 12:].min() > 230
