"""The statistics of real data, computed once."""

from collections.abc import Iterator

import numpy as np

from wgan_tf.data.batches import batch_indices
from wgan_tf.data.store import Store
from wgan_tf.evaluation.cache import digest_of, examples_digest, read_arrays, write_arrays
from wgan_tf.evaluation.features.extractor import FeatureExtractor
from wgan_tf.evaluation.frechet import GaussianStatistics
from wgan_tf.evaluation.protocol import EvaluationProtocol
from wgan_tf.evaluation.sample_statistics import SampleStatistics, sample_statistics
from wgan_tf.files import StrPath, join

# Goes up when the same inputs give other statistics, or a file another layout.
_VERSION = 2
_READ_AT_ONCE = 256


def real_statistics(
    store: Store, extractor: FeatureExtractor, protocol: EvaluationProtocol, folder: StrPath
) -> SampleStatistics:
    """The statistics of real images, read from the cache or computed and cached.

    The file's name follows from the examples themselves (so from the split, too), the features and
    their version, the counts, the directions' number and the seed. A damaged file is computed anew.

    Args:
        store: Of the protocol's split.
        extractor: The protocol's.
        protocol: With at most `store.num_examples` real examples.
        folder: The cache's; see `cache.cache_folder`.

    Returns:
        Statistics of `protocol.real_count` images, without class probabilities.

    Raises:
        ValueError: The protocol asks for more examples than there are.
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
