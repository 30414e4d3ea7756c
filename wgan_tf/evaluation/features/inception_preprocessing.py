"""How images are brought to the size and range of the 2015 Inception graph."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf
from PIL import Image

SIDE = 299


def legacy_tensorflow(images: np.ndarray) -> np.ndarray:
    """Resizes as the 2015 graph itself does, which Heusel et al. 2017 and TF-GAN measured with.

    TensorFlow 1's bilinear resize: no antialiasing, `align_corners=False`,
    `half_pixel_centers=False`.

    Args:
        images: uint8 [N, H, W, 3].

    Returns:
        float32 [N, 299, 299, 3] in [0, 255], not rounded.
    """
    resized = tf.raw_ops.ResizeBilinear(
        images=tf.constant(images),
        size=[SIDE, SIDE],
        align_corners=False,
        half_pixel_centers=False,
    )
    return resized.numpy()


def clean(images: np.ndarray) -> np.ndarray:
    """Resizes as "clean-fid" does (Parmar, Zhang and Zhu 2022).

    Pillow's antialiased bicubic resize of each channel in float32, clipped to the range of pixels,
    which the kernel overshoots at edges, and not rounded.

    Args:
        images: uint8 [N, H, W, 3].

    Returns:
        float32 [N, 299, 299, 3] in [0, 255].
    """
    resized = np.empty((len(images), SIDE, SIDE, 3), np.float32)
    for target, image in zip(resized, images, strict=True):
        for channel in range(3):
            plane = Image.fromarray(image[..., channel].astype(np.float32))
            target[..., channel] = np.asarray(plane.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return np.clip(resized, 0, 255, out=resized)


RESIZES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "legacy_tensorflow": legacy_tensorflow,
    "clean": clean,
}


def inception_inputs(images: np.ndarray, protocol: str) -> np.ndarray:
    """The graph's input: `(resized - 128) / 128`, gray images with their channel three times.

    Args:
        images: uint8 [N, H, W, C], C is 1 or 3.
        protocol: of the resize; one of `RESIZES`.

    Returns:
        float32 [N, 299, 299, 3].

    Raises:
        ValueError: the images have other channels.
    """
    if images.shape[-1] not in (1, 3):
        raise ValueError(f"Inception takes images of 1 or 3 channels, not {images.shape[-1]}.")
    colored = np.broadcast_to(images, (*images.shape[:-1], 3))
    return (RESIZES[protocol](colored) - 128) / 128
