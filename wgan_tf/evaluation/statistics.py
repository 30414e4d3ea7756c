"""What the metrics need to know of a sample, gathered in one pass; of real data, only once."""

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from wgan_tf.data.batches import batch_indices
from wgan_tf.data.store import Store
from wgan_tf.evaluation.cache import digest_of, examples_digest, read_arrays, write_arrays
from wgan_tf.evaluation.features.extractor import FeatureExtractor
from wgan_tf.evaluation.frechet import GaussianStatistics, gaussian_statistics
from wgan_tf.evaluation.projections import flat_values, random_directions
from wgan_tf.evaluation.protocol import EvaluationProtocol
from wgan_tf.files import StrPath, join

# Goes up when the same inputs give other statistics, or a file another layout.
_VERSION = 2
_READ_AT_ONCE = 256
_BATCH = 64


@dataclasses.dataclass(frozen=True, eq=False)
class SampleStatistics:
    """A sample as the metrics see it.

    Attributes:
        gaussian: moments of the features of all examples.
        features: float32 [n, D], of the examples kept.
        projections: float32 [n, P], pixels in [0, 1] of the examples kept, on random directions.
        class_probabilities: float32 [N, K] of all examples, or None.
        labels: classes [N] that all examples were asked for, or None.
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
        images: batches uint8 [n, H, W, C] of any lengths n; two images or more.
        extractor: of the features.
        kept_count: how many of the first examples keep their features and projections.
        num_directions: P.
        seed: of the directions.
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


def real_statistics(
    store: Store, extractor: FeatureExtractor, protocol: EvaluationProtocol, folder: StrPath
) -> SampleStatistics:
    """The statistics of real images, read from the cache or computed and cached.

    The file's name follows from the examples themselves (so from the split, too), the features and
    their version, the counts, the directions' number and the seed. A damaged file is computed anew.

    Args:
        store: of the protocol's split.
        extractor: the protocol's.
        protocol: with at most `store.num_examples` real examples.
        folder: the cache's; see `cache.cache_folder`.

    Returns:
        Statistics of `protocol.real_count` images, without class probabilities.

    Raises:
        ValueError: the protocol asks for more examples than there are.
    """
    count = protocol.real_count
    if count > store.num_examples:
        raise ValueError(f"{count} real examples are asked for, but {store.num_examples} there.")
    key = digest_of(
        _VERSION,
        examples_digest(store),
        extractor.name,
        extractor.version,
        count,
        protocol.kept_count,
        protocol.num_directions,
        protocol.seed,
    )
    path = join(folder, f"real-{extractor.name}-{key}.npz")
    arrays = read_arrays(path)
    if arrays is None:
        statistics = sample_statistics(
            real_images(store, count, protocol.seed),
            extractor,
            kept_count=protocol.kept_count,
            num_directions=protocol.num_directions,
            seed=protocol.seed,
        )
        arrays = {
            "mean": statistics.gaussian.mean,
            "covariance": statistics.gaussian.covariance,
            "features": statistics.features,
            "projections": statistics.projections,
        }
        write_arrays(path, arrays)
    return SampleStatistics(
        gaussian=GaussianStatistics(arrays["mean"], arrays["covariance"], count),
        features=arrays["features"],
        projections=arrays["projections"],
        class_probabilities=None,
    )


def real_images(store: Store, count: int, seed: int) -> Iterator[np.ndarray]:
    """Yields batches of `count` different examples of a store, in an order that `seed` fixes."""
    indices = batch_indices(store.num_examples, count, seed, 0)
    for start in range(0, count, _READ_AT_ONCE):
        yield store.read(indices[start : start + _READ_AT_ONCE])[0]


def _small_batches(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for batch in images:
        for start in range(0, len(batch), _BATCH):
            yield batch[start : start + _BATCH]
