"""Images brought to one square size."""

import numpy as np
from PIL import Image

# Photographs of 50 megapixels take 150 MB each while they are decoded and resized.
PARALLEL_IMAGES = 4


def fit_square(image: np.ndarray, size: int) -> np.ndarray:
    """Crops the largest central square and resizes it, antialiased bicubic.

    Pixels are untouched where the square has the right size already.

    Args:
        image: uint8 [H, W, C], C is 1 or 3.
        size: the side of the result in pixels.

    Returns:
        uint8 [size, size, C].
    """
    height, width, channels = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    if side == size:
        return np.ascontiguousarray(square)
    resized = Image.fromarray(square[..., 0] if channels == 1 else square).resize(
        (size, size), Image.Resampling.BICUBIC
    )
    return np.asarray(resized).reshape(size, size, channels)
