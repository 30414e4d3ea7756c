"""Data sets that TFDS knows by name once this is imported."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from tests.data.helpers import describe


def tiny_image(number: int, side: int) -> np.ndarray:
    return np.full((side, side, 3), 10 * number, np.uint8)


class WganTfTiny(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.2.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "mask": tfds.features.LabeledImage(labels=2, shape=(None, None, 1)),
                    "photo": tfds.features.Image(shape=(None, None, 3)),
                    "coarse": tfds.features.ClassLabel(num_classes=1),
                    "label": tfds.features.ClassLabel(names=["ant", "bee", "cow"]),
                }
            ),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Any]]:
        return {"train": self._generate_examples(12, 1), "test": self._generate_examples(3, 0)}

    def _generate_examples(self, count: int, labelled: int) -> Iterator[Any]:
        for number in range(count):
            yield (
                number,
                {
                    "mask": np.zeros((4, 4, 1), np.uint8),
                    "photo": tiny_image(number, 8 + number),
                    "coarse": 0,
                    "label": number % 3 if labelled else -1,
                },
            )


class WganTfByHand(WganTfTiny):
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Fetch pictures.zip from the authors."


class WganTfFaces(tfds.core.GeneratorBasedBuilder):
    """What celeb_a holds: labels neither at the top nor of one class."""

    VERSION = tfds.core.Version("2.1.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(218, 178, 3)),
                    "landmarks": {"lefteye_x": np.int64, "lefteye_y": np.int64},
                    "attributes": {"Bald": np.bool_, "Young": np.bool_},
                    "identity": {"Identity_No": np.int64},
                }
            ),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Any]]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[Any]:
        for number in range(5):
            # The central square, 20 rows below the top, is dark left and bright right.
            image = np.full((218, 178, 3), 255, np.uint8)
            image[20:198, :89] = 10 * number
            image[20:198, 89:] = 100 + 10 * number
            yield (
                number,
                {
                    "image": image,
                    "landmarks": {"lefteye_x": 69, "lefteye_y": 109},
                    "attributes": {"Bald": False, "Young": True},
                    "identity": {"Identity_No": number},
                },
            )


class WganTfTable(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"text": tfds.features.Text()})
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Any]]:
        return {"train": iter([(0, {"text": "a"})])}

    def _generate_examples(self) -> Iterator[Any]:
        raise NotImplementedError


class WganTfUnnamed(tfds.core.GeneratorBasedBuilder):
    """What cifar10 holds: classes whose names come with the download."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(8, 8, 3)),
                    "label": tfds.features.ClassLabel(num_classes=3),
                }
            ),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Any]]:
        self.info.features["label"].names = ["ant", "bee", "cow"]
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[Any]:
        for number in range(12):
            yield number, {"image": tiny_image(number, 8), "label": number % 3}


def describe_it(dataset: str, data_dir: Path, split: str = "train", image_size: int = 8) -> Any:
    return describe(dataset, data_dir=str(data_dir), split=split, image_size=image_size)
