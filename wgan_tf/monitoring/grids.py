"""Images of generated examples, as uint8 arrays and PNG files."""

import io
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

_GAP_PIXELS = 2
_GAP_VALUE = 128
_UNUSED_VALUE = 255
_REFERENCE_COLOR = (150, 150, 150)
_GENERATED_COLOR = (200, 30, 60)


def image_grid(images: Pixels, columns: int | None = None, min_size: int = 512) -> Pixels:
    """Lays images out in rows, left to right, with a thin gray gap between neighbours.

    Every pixel becomes a square of the smallest whole number of pixels that makes the longer
    side of the grid at least `min_size`, so small images are visible and stay crisp.

    Args:
        images: uint8 [N, H, W, C], N at least 1.
        columns: images a row; by default as many as make the grid nearly square, and full if a
            number of columns up to twice that many does.
        min_size: least length of the longer side, in pixels.

    Returns:
        uint8 [H', W', C]; unused cells of the last row are white.

    Raises:
        ValueError: `images` is not a non-empty uint8 [N, H, W, C] array.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or not images.size:
        raise ValueError(f"expected uint8 [N, H, W, C], got {images.dtype} {images.shape}")
    count, height, width, channels = images.shape
    if columns is None:
        columns = _full_columns(count, min(count, math.ceil(math.sqrt(count * height / width))))
    rows = math.ceil(count / columns)
    scale = max(
        1,
        min(_scale_to(min_size, rows, height), _scale_to(min_size, columns, width)),
    )
    enlarged = images.repeat(scale, axis=1).repeat(scale, axis=2)
    row_pitch, column_pitch = height * scale + _GAP_PIXELS, width * scale + _GAP_PIXELS
    cells = np.full((rows * columns, row_pitch, column_pitch, channels), _GAP_VALUE, np.uint8)
    cells[:count, :-_GAP_PIXELS, :-_GAP_PIXELS] = enlarged
    cells[count:, :-_GAP_PIXELS, :-_GAP_PIXELS] = _UNUSED_VALUE
    grid = cells.reshape(rows, columns, row_pitch, column_pitch, channels)
    grid = grid.transpose(0, 2, 1, 3, 4).reshape(rows * row_pitch, columns * column_pitch, channels)
    return grid[:-_GAP_PIXELS, :-_GAP_PIXELS]


def density_plot(
    points: npt.NDArray[np.floating], reference: npt.NDArray[np.floating], size: int = 512
) -> Pixels:
    """Draws generated points in red over real points in gray, on white.

    The axes depend on the reference alone, so that all plots of a run can be compared: both
    have one scale, y points up, and the reference fills all but a margin. A point beyond the
    axes is drawn at the nearest edge; one with a coordinate that is not finite is left out.

    Args:
        points: generated points, floating [N, 2].
        reference: real points, floating [M, 2], M at least 1, finite.
        size: side of the image in pixels.

    Returns:
        uint8 [size, size, 3].
    """
    low, high = reference.min(axis=0), reference.max(axis=0)
    center = (low + high) / 2
    half_range = float((high - low).max()) / 2 * 1.2 or 1.0
    canvas = np.full((size, size, 3), 255.0)
    for drawn, color in ((reference, _REFERENCE_COLOR), (points, _GENERATED_COLOR)):
        finite = drawn[np.isfinite(drawn).all(axis=1)]
        opacity = _opacity((finite - center) / half_range, size)[..., np.newaxis]
        canvas = canvas * (1 - opacity) + np.array(color) * opacity
    return canvas.round().astype(np.uint8)


def encode_png(image: Pixels) -> bytes:
    """The PNG file of an image, uint8 [H, W, C] with 1 (gray), 3 (RGB) or 4 (RGBA) channels."""
    buffer = io.BytesIO()
    _to_pillow(image).save(buffer, format="PNG")
    return buffer.getvalue()


def encode_animation(frames: Sequence[Pixels], file_format: str, milliseconds: int) -> bytes:
    """An animation that repeats for ever.

    Args:
        frames: uint8 [H, W, C] each, with 1 (gray) or 3 (RGB) channels.
        file_format: `GIF`, of at most 256 colors a frame, or `WEBP`, without loss.
        milliseconds: for which each frame shows.
    """
    first, *others = map(_to_pillow, frames)
    options = {"lossless": True} if file_format == "WEBP" else {}
    buffer = io.BytesIO()
    first.save(
        buffer,
        format=file_format,
        save_all=True,
        append_images=others,
        duration=milliseconds,
        loop=0,
        **options,
    )
    return buffer.getvalue()


def _to_pillow(image: Pixels) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def _full_columns(count: int, columns: int) -> int:
    """The least number of columns from `columns` to twice as many that fills all rows, if any."""
    full = (number for number in range(columns, 2 * columns + 1) if count % number == 0)
    return next(full, columns)


def _scale_to(min_size: int, cells: int, pixels: int) -> int:
    """The least whole enlargement that makes `cells` of `pixels` with their gaps `min_size`."""
    return math.ceil((min_size - (cells - 1) * _GAP_PIXELS) / (cells * pixels))


def _opacity(positions: npt.NDArray[np.floating], size: int) -> npt.NDArray[np.float64]:
    """How strongly points in [-1, 1]^2 color each pixel: float64 [size, size] in [0, 1].

    Every point is a small disc. The opacity grows with the square root of the discs that cover
    a pixel, relative to a crowded pixel, so that it does not depend on the number of points.
    """
    radius = max(1, size // 200)
    inner = size - 2 * radius
    pixels = np.clip((positions + 1) / 2 * inner, 0, inner - 1).astype(int) + radius
    counts = np.zeros((size, size))
    np.add.at(counts, (size - 1 - pixels[:, 1], pixels[:, 0]), 1)
    covering = np.zeros_like(counts)
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            if down**2 + right**2 <= radius**2:
                covering += np.roll(counts, (down, right), axis=(0, 1))
    if not covering.any():
        return covering
    crowded = np.quantile(covering[covering > 0], 0.9)
    return np.sqrt(np.minimum(1, covering / crowded))
