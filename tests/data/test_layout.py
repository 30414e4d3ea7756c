import types
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds

from wgan_tf.data.layout import choose_layout

from .helpers import told

PICTURE = tfds.features.Image(shape=(8, 8, 3))
POINT = tfds.features.Tensor(shape=(3,), dtype=np.float64)
TWO = tfds.features.ClassLabel(names=["a", "b"])
FIVE = tfds.features.ClassLabel(num_classes=5)


def builder_of(**features: Any) -> Any:
    return types.SimpleNamespace(
        info=types.SimpleNamespace(features=tfds.features.FeaturesDict(features))
    )


@pytest.mark.parametrize(
    ("features", "example_key", "label_key"),
    [
        ({"left": PICTURE, "image": PICTURE, "coarse": FIVE, "label": TWO}, "image", "label"),
        ({"left": PICTURE, "right": PICTURE, "kind": TWO, "fine": FIVE}, "left", "kind"),
        ({"image": tfds.features.Image(shape=(8, 8, 4)), "photo": PICTURE}, "photo", None),
        ({"image": tfds.features.Image(shape=(8, 8, 1), dtype=np.uint16), "b": PICTURE}, "b", None),
        ({"image": tfds.features.LabeledImage(labels=2, shape=(8, 8, 1)), "b": PICTURE}, "b", None),
        ({"measures": POINT, "photo": PICTURE}, "photo", None),
        ({"name": tfds.features.Text(), "measures": POINT, "label": TWO}, "measures", "label"),
    ],
)
def test_features_are_chosen_by_type(
    features: dict[str, Any], example_key: str, label_key: str | None
) -> None:
    layout = choose_layout(builder_of(**features), dataset="d", image_size=0)
    assert layout.example_key == example_key
    assert layout.label_key == label_key


def test_layout_of_images_and_of_points() -> None:
    images = choose_layout(builder_of(image=PICTURE, label=TWO), dataset="d", image_size=4)
    assert (images.example_shape, images.dtype) == ((4, 4, 3), np.uint8)
    assert images.class_names == ("a", "b")
    points = choose_layout(builder_of(x=POINT), dataset="d", image_size=0)
    assert (points.example_shape, points.dtype) == ((3,), np.float32)
    assert points.class_names is None


def test_wrong_image_sizes_are_refused() -> None:
    with told("--image_size=-1"):
        choose_layout(builder_of(image=PICTURE), dataset="d", image_size=-1)
    with told("--image_size=4", "--dataset=d"):
        choose_layout(builder_of(x=POINT), dataset="d", image_size=4)
