"""Image files, read with Pillow."""

import dataclasses
import functools
import importlib.util
import pathlib

import numpy as np
from PIL import Image, ImageOps

# Pillow's reader of the first starts another program, and those of the others are mere stubs.
_UNREAD_FORMATS = frozenset({"EPS", "BUFR", "GRIB", "HDF5", "MPEG", "WMF"})
HEIF_ENDINGS = frozenset({".heic", ".heics", ".heif", ".heifs", ".hif"})
_MODES_OF_16_BITS = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_GRAY_MODES = frozenset({"1", "L", "LA", "La"}) | _MODES_OF_16_BITS
_PALETTE_MODES = frozenset({"P", "PA"})
_COLOR_MODES = frozenset({"RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"})


class UnusableImageError(Exception):
    """An image that must be left out; the message is the reason."""


@dataclasses.dataclass(frozen=True)
class ImageHeader:
    """What an image's header tells.

    Attributes:
        height: in pixels, as stored.
        width: in pixels, as stored.
        channels: 1 for grayscale, 3 for color.
        has_16_bits: whether a sample has 16 bits.
        mode: what Pillow calls the kind of its pixels: L, RGB, RGBA, P (a palette), I;16.
    """

    height: int
    width: int
    channels: int
    has_16_bits: bool
    mode: str


@functools.cache
def image_formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are read; HEIF with the package pillow-heif."""
    if importlib.util.find_spec("pillow_heif"):
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.init()
    return tuple(name for name in Image.OPEN if name not in _UNREAD_FORMATS)


@functools.cache
def image_endings() -> frozenset[str]:
    """What the names of files of these formats end in, in lower case and with the dot."""
    formats = image_formats()
    return frozenset(
        ending for ending, name in Image.registered_extensions().items() if name in formats
    )


def is_image(path: pathlib.Path) -> bool:
    """Whether a file begins as an image does."""
    try:
        read_image_header(path)
    except UnusableImageError:
        return False
    return True


def read_image_header(path: pathlib.Path) -> ImageHeader:
    """Reads an image's size and kind without decoding it.

    Raises:
        UnusableImageError: the file is no image, or has samples of more than 16 bits.
    """
    try:
        with Image.open(path, formats=image_formats()) as image:
            return ImageHeader(
                height=image.height,
                width=image.width,
                channels=_num_channels(image),
                has_16_bits=_has_16_bits(image),
                mode=image.mode,
            )
    except UnusableImageError:
        raise
    except Exception as error:  # Pillow's decoders raise any kind on a damaged file.
        raise _undecodable(error) from error


def read_image(
    path: pathlib.Path, channels: int, background: str = "white"
) -> tuple[np.ndarray, bool]:
    """Decodes an image, turned upright as its EXIF orientation asks.

    Transparent pixels are laid on the background; of 16 bits a sample the higher 8 are kept; gray
    becomes three equal channels, and color the luma of ITU-R 601.

    Args:
        path: the file.
        channels: 1 for a grayscale, 3 for a color image.
        background: the color behind transparent pixels, by its name in CSS.

    Returns:
        uint8 [H, W, channels], and whether there were transparent pixels.

    Raises:
        UnusableImageError: it cannot be decoded, or has samples of more than 16 bits.
    """
    try:
        with Image.open(path, formats=image_formats()) as opened:
            opened.load()
            image = ImageOps.exif_transpose(opened)
            _num_channels(image)
            if image.mode in _MODES_OF_16_BITS:
                image = Image.fromarray((np.asarray(image, np.uint16) >> 8).astype(np.uint8))
            is_transparent = False
            if image.has_transparency_data:
                image = image.convert("RGBA")
                is_transparent = np.asarray(image.getchannel("A")).min() < 255
                canvas = Image.new("RGBA", image.size, background)
                image = Image.alpha_composite(canvas, image).convert("RGB")
            pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    except UnusableImageError:
        raise
    except Exception as error:  # Pillow's decoders raise any kind on a damaged file.
        raise _undecodable(error) from error
    return pixels.reshape(*pixels.shape[:2], channels), bool(is_transparent)


def _num_channels(image: Image.Image) -> int:
    if image.mode in _GRAY_MODES:
        return 1
    if image.mode in _COLOR_MODES:
        return 3
    if image.mode in _PALETTE_MODES:
        colors = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        return 1 if (colors == colors[:, :1]).all() else 3
    raise UnusableImageError(
        f"has samples of more than 16 bits (mode {image.mode}), save it with 8 bits a sample"
    )


def _has_16_bits(image: Image.Image) -> bool:
    # Pillow names the samples of color images of 16 bits in the arguments of their decoders alone.
    tiles = getattr(image, "tile", ())
    return image.mode in _MODES_OF_16_BITS or any(";16" in str(tile[3]) for tile in tiles)


def _undecodable(error: Exception) -> UnusableImageError:
    words = " ".join(str(error).split()) or type(error).__name__
    return UnusableImageError(f"cannot be decoded ({words})")
