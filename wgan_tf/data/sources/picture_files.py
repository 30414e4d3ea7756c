"""Picture files, read with Pillow."""

import dataclasses
import pathlib

import numpy as np
from PIL import Image, ImageOps

_GREY_MODES = frozenset({"1", "L", "LA", "La"})
_PALETTE_MODES = frozenset({"P", "PA"})
_COLOR_MODES = frozenset({"RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"})


class UnusablePictureError(Exception):
    """A picture that must be left out; the message is the reason."""


@dataclasses.dataclass(frozen=True)
class PictureHeader:
    """What a picture's header tells.

    Attributes:
        height: In pixels, as stored.
        width: In pixels, as stored.
        channels: 1 for greyscale, 3 for colour.
    """

    height: int
    width: int
    channels: int


def picture_extensions() -> frozenset[str]:
    """The file name extensions (lower case, with the dot) of formats that Pillow reads."""
    by_extension = Image.registered_extensions()
    return frozenset(ext for ext, name in by_extension.items() if name in Image.OPEN)


def _num_channels(picture: Image.Image) -> int:
    if picture.mode in _GREY_MODES:
        return 1
    if picture.mode in _COLOR_MODES:
        return 3
    if picture.mode in _PALETTE_MODES:
        colors = np.asarray(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
        return 1 if (colors == colors[:, :1]).all() else 3
    raise UnusablePictureError(
        f"has samples of more than 8 bits (mode {picture.mode}), save it with 8 bits a sample"
    )


def read_picture_header(path: pathlib.Path) -> PictureHeader:
    """Reads a picture's size and kind without decoding it.

    Raises:
        UnusablePictureError: The file is no picture, or has more than 8 bits a sample.
    """
    try:
        with Image.open(path) as picture:
            return PictureHeader(picture.height, picture.width, _num_channels(picture))
    except UnusablePictureError:
        raise
    except Exception as error:  # Pillow's decoders raise any kind on a damaged file.
        raise UnusablePictureError(f"cannot be decoded ({error})") from error


def read_picture(path: pathlib.Path, channels: int) -> np.ndarray:
    """Decodes a picture, turned upright as its EXIF orientation asks.

    Args:
        path: The file.
        channels: 1 for a greyscale, 3 for a colour picture: what the data set has.

    Returns:
        uint8 [H, W, channels].

    Raises:
        UnusablePictureError: It cannot be decoded, has transparent pixels, more than 8 bits a
            sample, or is of the other kind.
    """
    try:
        with Image.open(path) as opened:
            opened.load()
            picture = ImageOps.exif_transpose(opened)
            if _num_channels(picture) != channels:
                kinds = {1: "greyscale", 3: "colour"}
                found, wanted = kinds[4 - channels], kinds[channels]
                raise UnusablePictureError(f"is {found} among {wanted} pictures")
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                if np.asarray(picture.getchannel("A")).min() < 255:
                    raise UnusablePictureError("has transparent pixels")
            pixels = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
    except UnusablePictureError:
        raise
    except Exception as error:  # Pillow's decoders raise any kind on a damaged file.
        raise UnusablePictureError(f"cannot be decoded ({error})") from error
    return pixels.reshape(*pixels.shape[:2], channels)
