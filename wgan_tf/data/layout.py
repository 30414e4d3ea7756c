"""Which features of a data set are the examples and the labels, and their shape in a store."""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow_datasets as tfds

from wgan_tf.errors import UserError


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a TFDS data set becomes a store.

    Attributes:
        example_key: the feature that holds the examples.
        label_key: the feature that holds the class, or None.
        source_shape: shape of an example as TFDS yields it; None where sizes vary.
        example_shape: shape of an example in the store: (size, size, C) or (D,).
        dtype: uint8 for images, float32 for points.
        class_names: names in label order, or None without labels.
    """

    example_key: str
    label_key: str | None
    source_shape: tuple[int | None, ...]
    example_shape: tuple[int, ...]
    dtype: np.dtype
    class_names: tuple[str, ...] | None


def choose_layout(builder: tfds.core.DatasetBuilder, *, dataset: str, image_size: int) -> Layout:
    """Chooses the features by type, and the store's shape.

    The examples are the feature `image` if it is an image, else the first image, else the first
    vector of floats; the labels are `label` if it is a class, else the first class.

    Args:
        builder: its `info` alone is used.
        dataset: the `--dataset` value, for messages.
        image_size: the side of the stored images in pixels; 0 for the native size.

    Raises:
        UserError: there is no such feature, or `image_size` does not fit it.
    """
    features = dict(builder.info.features.items())
    label_key = _choose(features, "label", _is_class)
    class_names = tuple(features[label_key].names) if label_key else None
    image_key = _choose(features, "image", _is_image)
    if image_key is not None:
        shape = tuple(features[image_key].shape)
        stored_shape = _image_shape(shape, dataset, image_size)
        dtype = np.dtype(np.uint8)
        return Layout(image_key, label_key, shape, stored_shape, dtype, class_names)
    point_key = _choose(features, "point", _is_point)
    if point_key is None:
        raise UserError(
            f"--dataset={dataset} has no feature of 8-bit images with 1 or 3 channels and no "
            f"vector of floats, only {', '.join(features)}; choose another data set."
        )
    if image_size:
        raise UserError(
            f"--image_size={image_size} has no meaning for --dataset={dataset}, which holds "
            "points; leave it at 0."
        )
    shape = tuple(features[point_key].shape)
    return Layout(point_key, label_key, shape, shape, np.dtype(np.float32), class_names)


def _choose(
    features: dict[str, tfds.features.FeatureConnector],
    preferred: str,
    accepts: Callable[[tfds.features.FeatureConnector], bool],
) -> str | None:
    keys = [key for key, feature in features.items() if accepts(feature)]
    return preferred if preferred in keys else next(iter(keys), None)


def _is_class(feature: tfds.features.FeatureConnector) -> bool:
    return isinstance(feature, tfds.features.ClassLabel)


def _is_image(feature: tfds.features.FeatureConnector) -> bool:
    return (
        isinstance(feature, tfds.features.Image)
        and not isinstance(feature, tfds.features.LabeledImage)
        and feature.np_dtype == np.uint8
        and feature.shape[-1] in (1, 3)
    )


def _is_point(feature: tfds.features.FeatureConnector) -> bool:
    return (
        isinstance(feature, tfds.features.Tensor)
        and np.issubdtype(feature.np_dtype, np.floating)
        and len(feature.shape) == 1
        and feature.shape[0] is not None
    )


def _image_shape(
    shape: tuple[int | None, ...], dataset: str, image_size: int
) -> tuple[int, int, int]:
    height, width, channels = shape
    assert channels is not None
    if image_size < 0:
        raise UserError(f"--image_size={image_size} is negative; give 0 or a number of pixels.")
    if image_size:
        return (image_size, image_size, channels)
    if height is None or height != width:
        found = "of varying or non-square size" if height is None else f"of {height} x {width}"
        raise UserError(
            f"--dataset={dataset} holds images {found}; give --image_size, to which the central "
            "square of each is resized."
        )
    return (height, height, channels)
