"""The metrics of generated images against real ones."""

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np

from wgan_tf.evaluation.features.extractor import FeatureExtractor
from wgan_tf.evaluation.frechet import frechet_distance
from wgan_tf.evaluation.inception_score import inception_score
from wgan_tf.evaluation.kernel_distance import kernel_distance
from wgan_tf.evaluation.precision_recall import manifold_scores
from wgan_tf.evaluation.protocol import EvaluationProtocol
from wgan_tf.evaluation.statistics import SampleStatistics, sample_statistics
from wgan_tf.evaluation.wasserstein import mean_wasserstein_1d

_Compute = Callable[[SampleStatistics, SampleStatistics, EvaluationProtocol], Mapping[str, float]]


def _fid(
    real: SampleStatistics, generated: SampleStatistics, protocol: EvaluationProtocol
) -> Mapping[str, float]:
    return {f"fid_{protocol.features}": frechet_distance(real.gaussian, generated.gaussian)}


def _kid(
    real: SampleStatistics, generated: SampleStatistics, protocol: EvaluationProtocol
) -> Mapping[str, float]:
    distance = kernel_distance(
        real.features,
        generated.features,
        num_subsets=protocol.kernel_subsets,
        subset_size=protocol.kernel_subset_size,
        seed=protocol.seed,
    )
    name = f"kid_{protocol.features}"
    return {name: distance.mean, f"{name}_standard_error": distance.standard_error}


def _inception_score(
    real: SampleStatistics, generated: SampleStatistics, protocol: EvaluationProtocol
) -> Mapping[str, float]:
    del real
    if generated.class_probabilities is None:
        raise ValueError(f"The features {protocol.features} have no class probabilities.")
    # Examples may come a class at a time, and the splits are contiguous.
    probabilities = np.random.default_rng(protocol.seed).permutation(generated.class_probabilities)
    score = inception_score(probabilities, num_splits=protocol.inception_splits)
    name = f"inception_score_{protocol.features}"
    return {name: score.mean, f"{name}_standard_deviation": score.standard_deviation}


def _manifolds(
    real: SampleStatistics, generated: SampleStatistics, protocol: EvaluationProtocol
) -> Mapping[str, float]:
    scores = manifold_scores(real.features, generated.features, nearest_k=protocol.nearest_k)
    return {f"{name}_{protocol.features}": value for name, value in scores._asdict().items()}


def _sliced_wasserstein(
    real: SampleStatistics, generated: SampleStatistics, protocol: EvaluationProtocol
) -> Mapping[str, float]:
    del protocol
    return {"sliced_wasserstein": mean_wasserstein_1d(real.projections, generated.projections)}


def _class_agreement(
    real: SampleStatistics, generated: SampleStatistics, protocol: EvaluationProtocol
) -> Mapping[str, float]:
    del real
    if generated.labels is None:
        return {}
    if generated.class_probabilities is None:
        raise ValueError(f"The features {protocol.features} have no class probabilities.")
    predicted = generated.class_probabilities.argmax(axis=1)
    return {f"class_agreement_{protocol.features}": float(np.mean(predicted == generated.labels))}


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric, or several that are computed together.

    Attributes:
        names: of the values, with FEATURES in the place of the features' name.
        compute: (of the real sample, of the generated one, protocol) -> values by name.
        needs_probabilities: whether the features must have class probabilities.
        needs_labels: whether their classes must be the data's labels.
    """

    names: tuple[str, ...]
    compute: _Compute
    needs_probabilities: bool = False
    needs_labels: bool = False

    def names_with(self, features: str) -> tuple[str, ...]:
        """The names of the values with features of that name."""
        return tuple(name.replace("FEATURES", features) for name in self.names)

    def is_applicable(self, extractor: FeatureExtractor) -> bool:
        """Whether the features allow it."""
        return (extractor.gives_class_probabilities or not self.needs_probabilities) and (
            extractor.classes_are_labels or not self.needs_labels
        )


METRICS: Mapping[str, Metric] = {
    "fid": Metric(("fid_FEATURES",), _fid),
    "kid": Metric(("kid_FEATURES", "kid_FEATURES_standard_error"), _kid),
    "inception_score": Metric(
        ("inception_score_FEATURES", "inception_score_FEATURES_standard_deviation"),
        _inception_score,
        needs_probabilities=True,
    ),
    "class_agreement": Metric(("class_agreement_FEATURES",), _class_agreement, needs_labels=True),
    "manifolds": Metric(
        (
            *("precision_FEATURES", "recall_FEATURES"),
            *("density_FEATURES", "coverage_FEATURES"),
        ),
        _manifolds,
    ),
    "sliced_wasserstein": Metric(("sliced_wasserstein",), _sliced_wasserstein),
}
# The metrics by which generators are ranked, the less the better; the first that is there counts.
_RANKING = (r"fid_.*", r"kid_[^_]*", r"sliced_wasserstein", r"exact_wasserstein")


def ranking_metric(names: Collection[str]) -> str | None:
    """The one of these metrics by which generators are ranked, the less the better; None without.

    The Frechet distance, or else the kernel distance, the sliced or the exact Wasserstein distance.
    """
    ranked = (name for pattern in _RANKING for name in names if re.fullmatch(pattern, name))
    return next(ranked, None)


def image_metrics(
    real: SampleStatistics,
    generated_images: Iterable[np.ndarray],
    extractor: FeatureExtractor,
    protocol: EvaluationProtocol,
    metrics: Collection[str] = tuple(METRICS),
    labels: np.ndarray | None = None,
) -> Mapping[str, float]:
    """Computes metrics of generated images in one pass over them, by name.

    The class agreement is the share of images whose most probable class is their label; it is left
    out without labels.

    Args:
        real: the protocol's real statistics; see `real_statistics`.
        generated_images: batches uint8 [n, H, W, C], together `protocol.generated_count` images.
        extractor: the protocol's.
        protocol: how to measure.
        metrics: names in `METRICS`.
        labels: classes [N] that the images were asked for; None without.

    Raises:
        ValueError: a metric is unknown, the images are not as many as the protocol says, a sample
            is too small for the protocol, or the inception score is asked for of features without
            class probabilities.
    """
    if unknown := set(metrics) - set(METRICS):
        raise ValueError(f"{sorted(unknown)} are no metrics; there are {', '.join(METRICS)}.")
    generated = sample_statistics(
        generated_images,
        extractor,
        kept_count=protocol.kept_count,
        num_directions=protocol.num_directions,
        seed=protocol.seed,
    )
    count = generated.gaussian.count
    if count != protocol.generated_count:
        raise ValueError(f"The protocol says {protocol.generated_count} images, not {count}.")
    generated = dataclasses.replace(generated, labels=labels)
    values: dict[str, float] = {}
    for name, metric in METRICS.items():
        if name in metrics:
            values |= metric.compute(real, generated, protocol)
    return values


def applicable_metrics(extractor: FeatureExtractor) -> tuple[str, ...]:
    """The names in `METRICS` that these features allow."""
    return tuple(name for name, metric in METRICS.items() if metric.is_applicable(extractor))
