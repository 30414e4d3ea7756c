"""Images brought to one square size."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageColor

# (uint8 [H, W, C], size) -> uint8 [size, size, C].
Fit = Callable[[np.ndarray, int], np.ndarray]
# Photographs of 50 megapixels take 150 MB each while they are decoded and resized.
PARALLEL_IMAGES = 4


def fit_square(
    image: np.ndarray, size: int, resize: str = "crop", background: str = "white"
) -> np.ndarray:
    """Makes an image square, and resizes it, antialiased bicubic.

    Pixels are untouched where the square has the right size already.

    Args:
        image: uint8 [H, W, C], C is 1 or 3.
        size: the side of the result in pixels.
        resize: `crop` takes the largest central square, `pad` adds to the shorter sides, `stretch`
            resizes both sides alike, whatever they are.
        background: the color that is added, by its name in CSS.

    Returns:
        uint8 [size, size, C].
    """
    channels = image.shape[-1]
    square = _SQUARES[resize](image, background)
    if square.shape[:2] == (size, size):
        return np.ascontiguousarray(square)
    resized = Image.fromarray(square[..., 0] if channels == 1 else square).resize(
        (size, size), Image.Resampling.BICUBIC
    )
    return np.asarray(resized).reshape(size, size, channels)


def _cropped(image: np.ndarray, background: str) -> np.ndarray:
    del background
    height, width, _ = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def _padded(image: np.ndarray, background: str) -> np.ndarray:
    height, width, channels = image.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    color = ImageColor.getcolor(background, "L" if channels == 1 else "RGB")
    square = np.broadcast_to(np.array(color, np.uint8), (side, side, channels)).copy()
    square[top : top + height, left : left + width] = image
    return square


def _stretched(image: np.ndarray, background: str) -> np.ndarray:
    del background
    return image


_SQUARES: dict[str, Callable[[np.ndarray, str], np.ndarray]] = {
    "crop": _cropped,
    "pad": _padded,
    "stretch": _stretched,
}
