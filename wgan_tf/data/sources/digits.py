"""`--dataset=digits`: 1,797 real handwritten digits of 8x8 pixels, shipped with the package.

They are the test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak,
1998, UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0), whose
gray levels 0 to 16 are scaled to 0 to 255. `digits.npz` is made again by

    d = sklearn.datasets.load_digits(); np.savez_compressed("digits.npz",
        examples=np.round(d.images * 255 / 16).astype(np.uint8)[..., None],
        labels=d.target.astype(np.int32))
"""

import pathlib
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from wgan_tf.data.sources.source import ChunkBuilder, Source

_FILE = pathlib.Path(__file__).with_name("digits.npz")


class DigitsBuilder(ChunkBuilder):
    """The embedded digits: uint8 images [8, 8, 1] and labels 0 to 9, one split `train`."""

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self) -> None:
        super().__init__(
            location=_FILE,
            features={
                "image": tfds.features.Image(shape=(8, 8, 1)),
                "label": tfds.features.ClassLabel(num_classes=10),
            },
            split_sizes={"train": 1797},
        )

    def labels(self, split_name: str) -> np.ndarray | None:
        """See the base class."""
        del split_name
        with np.load(_FILE, allow_pickle=False) as arrays:
            return arrays["labels"].astype(np.int64)

    def read(self, split_name: str, rows: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
        """See the base class."""
        labels = self.labels(split_name)
        assert labels is not None
        with np.load(_FILE, allow_pickle=False) as arrays:
            yield {"image": arrays["examples"][rows], "label": labels[rows]}


def digits_source() -> Source:
    """The source of `--dataset=digits`."""
    return Source("digits", f"digits/{DigitsBuilder.VERSION}", DigitsBuilder)
