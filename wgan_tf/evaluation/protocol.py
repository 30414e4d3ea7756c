"""How a result was measured."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationProtocol:
    """Everything but the generator that the value of a metric depends on.

    Two results compare only if their protocols are equal, so it is part of every result.

    Attributes:
        features: the extractor's `name`, which is part of the metrics' names.
        features_version: the extractor's `version`.
        split: of the real data, as given.
        real_count: real examples, drawn from the split without replacement.
        generated_count: generated examples.
        seed: of the choice of real examples, of directions, of subsets and of the inception score's
            splits.
        kept_count: examples of each kind whose features and projections are kept, the first so
            many; the kernel distance, precision, recall, density, coverage and the sliced
            Wasserstein distance are computed of these, and memory is in proportion to it. The
            Frechet distance and the inception score are of all.
        kernel_subsets: subsets of the kernel distance.
        kernel_subset_size: examples of each kind in one.
        nearest_k: neighbours for precision, recall, density and coverage.
        inception_splits: splits of the inception score.
        num_directions: directions of the sliced Wasserstein distance.
    """

    features: str
    features_version: str
    split: str
    real_count: int
    generated_count: int
    seed: int = 0
    kept_count: int = 10_000
    kernel_subsets: int = 100
    kernel_subset_size: int = 1000
    nearest_k: int = 5
    inception_splits: int = 10
    num_directions: int = 512
