"""What every feature extractor is."""

from typing import NamedTuple, Protocol

import numpy as np


class Extraction(NamedTuple):
    """What is extracted from N images.

    Attributes:
        features: float32 [N, D].
        class_probabilities: float32 [N, K], or None if the features come of no classifier.
    """

    features: np.ndarray
    class_probabilities: np.ndarray | None


class FeatureExtractor(Protocol):
    """A fixed function of images; equal `name` and `version` mean the same function."""

    @property
    def name(self) -> str:
        """Part of the metrics' names, such as `fid_<name>`."""

    @property
    def version(self) -> str:
        """Follows from everything that the features depend on, trained weights included."""

    @property
    def gives_class_probabilities(self) -> bool:
        """Whether `extract` tells class probabilities."""

    @property
    def classes_are_labels(self) -> bool:
        """Whether these are of the labels of the data that are measured."""

    def extract(self, images: np.ndarray) -> Extraction:
        """Extracts features, in one pass, from a batch small enough to be computed at once.

        Args:
            images: uint8 [N, H, W, C].
        """
