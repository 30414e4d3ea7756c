"""Features that need neither labels nor training: pixels, and random projections of them."""

import numpy as np

from wgan_tf.evaluation.features.extractor import Extraction
from wgan_tf.evaluation.projections import flat_values, random_directions


class PixelFeatures:
    """The pixels themselves, in [0, 1]; D = H W C."""

    name = "pixels"
    version = "1"
    gives_class_probabilities = False
    classes_are_labels = False

    def extract(self, images: np.ndarray) -> Extraction:
        """See `FeatureExtractor`."""
        return Extraction(flat_values(images), None)


class RandomFeatures:
    """Projections of the pixels, in [0, 1], on random unit directions.

    They are linear, so a Frechet distance of them sees the mean and covariance of the pixels only.
    """

    name = "random"
    gives_class_probabilities = False
    classes_are_labels = False

    def __init__(
        self, image_shape: tuple[int, ...], *, dimension: int = 256, seed: int = 0
    ) -> None:
        """Makes the directions.

        Args:
            image_shape: (H, W, C).
            dimension: D, the number of directions.
            seed: of the directions.
        """
        self.version = f"1-{dimension}-{seed}"
        self._directions = random_directions(int(np.prod(image_shape)), dimension, seed)

    def extract(self, images: np.ndarray) -> Extraction:
        """See `FeatureExtractor`."""
        return Extraction(flat_values(images) @ self._directions, None)
