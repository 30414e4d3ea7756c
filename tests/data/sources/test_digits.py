from pathlib import Path

import numpy as np

from tests.data.helpers import describe, open_all


def test_digits_are_the_published_ones(tmp_path: Path) -> None:
    store = open_all("digits", tmp_path)
    assert store.examples.shape == (1797, 8, 8, 1)
    assert store.info.class_names == tuple("0123456789")
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    np.testing.assert_array_equal(np.bincount(store.labels), counts)
    # The first digit's first row has the levels 0 0 5 13 9 1 0 0 of 16.
    np.testing.assert_array_equal(store.examples[0, 0, :, 0], [0, 0, 80, 207, 143, 16, 0, 0])
    np.testing.assert_array_equal(store.labels[:10], np.arange(10))
    assert store.examples.max() == 255


def test_digits_are_resized_on_request(tmp_path: Path) -> None:
    store = open_all("digits", tmp_path, split="train[:20]", image_size=32)
    assert store.examples.shape == (20, 32, 32, 1)
    native = open_all("digits", tmp_path, split="train[:20]")
    means = [
        array.astype(float).mean(axis=(1, 2, 3)) for array in (store.examples, native.examples)
    ]
    np.testing.assert_allclose(*means, atol=4)


def test_description_needs_no_preparation(tmp_path: Path) -> None:
    description = describe("digits", data_dir=str(tmp_path), split="train[:10%]", image_size=0)
    assert description.num_examples == 180
    assert description.example_shape == (8, 8, 1)
    assert description.class_names == tuple("0123456789")
    assert not list(tmp_path.iterdir())
