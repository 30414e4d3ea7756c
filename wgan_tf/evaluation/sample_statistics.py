"""What the metrics need to know of a sample, gathered in one pass."""

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from wgan_tf.evaluation.features.extractor import FeatureExtractor
from wgan_tf.evaluation.frechet import GaussianStatistics, gaussian_statistics
from wgan_tf.evaluation.projections import flat_values, random_directions

_BATCH = 64


@dataclasses.dataclass(frozen=True, eq=False)
class SampleStatistics:
    """A sample as the metrics see it.

    Attributes:
        gaussian: Moments of the features of all examples.
        features: float32 [n, D], of the examples kept.
        projections: float32 [n, P], pixels in [0, 1] of the examples kept, on random directions.
        class_probabilities: float32 [N, K] of all examples, or None.
        labels: Classes [N] that all examples were asked for, or None.
    """

    gaussian: GaussianStatistics
    features: np.ndarray
    projections: np.ndarray
    class_probabilities: np.ndarray | None
    labels: np.ndarray | None = None


def sample_statistics(
    images: Iterable[np.ndarray],
    extractor: FeatureExtractor,
    *,
    kept_count: int,
    num_directions: int,
    seed: int,
) -> SampleStatistics:
    """Passes once over images; only what `SampleStatistics` holds and one batch are in memory.

    Args:
        images: Batches uint8 [n, H, W, C] of any lengths n; two images or more.
        extractor: Of the features.
        kept_count: How many of the first examples keep their features and projections.
        num_directions: P.
        seed: Of the directions.
    """
    features: list[np.ndarray] = []
    projections: list[np.ndarray] = []
    probabilities: list[np.ndarray] = []

    def all_features() -> Iterator[np.ndarray]:
        kept, directions = 0, None
        for batch in _small_batches(images):
            extraction = extractor.extract(batch)
            if extraction.class_probabilities is not None:
                probabilities.append(extraction.class_probabilities)
            if kept < kept_count:
                if directions is None:
                    directions = random_directions(batch[0].size, num_directions, seed)
                features.append(extraction.features[: kept_count - kept])
                projections.append(flat_values(batch[: kept_count - kept]) @ directions)
                kept += len(features[-1])
            yield extraction.features

    gaussian = gaussian_statistics(all_features())
    return SampleStatistics(
        gaussian=gaussian,
        features=np.concatenate(features),
        projections=np.concatenate(projections),
        class_probabilities=np.concatenate(probabilities) if probabilities else None,
    )


def _small_batches(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for batch in images:
        for start in range(0, len(batch), _BATCH):
            yield batch[start : start + _BATCH]
