"""The metrics of generated images against real ones."""

import dataclasses
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

_Metric = Callable[[SampleStatistics, SampleStatistics, EvaluationProtocol], Mapping[str, float]]


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


METRICS: Mapping[str, _Metric] = {
    "fid": _fid,
    "kid": _kid,
    "inception_score": _inception_score,
    "class_agreement": _class_agreement,
    "manifolds": _manifolds,
    "sliced_wasserstein": _sliced_wasserstein,
}


@dataclasses.dataclass(frozen=True)
class EvaluationResult:
    """Values of metrics, and how they were measured.

    Attributes:
        values: By name, in the order of `METRICS`.
        protocol: How they were measured.
    """

    values: Mapping[str, float]
    protocol: EvaluationProtocol

    def report_row(self) -> dict[str, object]:
        """One flat row that JSON can hold: the values, then the protocol's fields by name."""
        return {**self.values, **dataclasses.asdict(self.protocol)}


def evaluate_images(
    real: SampleStatistics,
    generated_images: Iterable[np.ndarray],
    extractor: FeatureExtractor,
    protocol: EvaluationProtocol,
    metrics: Collection[str] = tuple(METRICS),
    labels: np.ndarray | None = None,
) -> EvaluationResult:
    """Computes metrics of generated images in one pass over them.

    The class agreement is the share of images whose most probable class is their label; it is left
    out without labels.

    Args:
        real: The protocol's real statistics; see `real_statistics`.
        generated_images: Batches uint8 [n, H, W, C], together `protocol.generated_count` images.
        extractor: The protocol's.
        protocol: How to measure.
        metrics: Names in `METRICS`.
        labels: Classes [N] that the images were asked for; None without.

    Raises:
        ValueError: A metric is unknown, the images are not as many as the protocol says, a sample
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
            values |= metric(real, generated, protocol)
    return EvaluationResult(values, protocol)


def applicable_metrics(extractor: FeatureExtractor) -> tuple[str, ...]:
    """The names in `METRICS` that these features allow."""
    has_needs = {
        "inception_score": extractor.gives_class_probabilities,
        "class_agreement": extractor.classes_are_labels,
    }
    return tuple(name for name in METRICS if has_needs.get(name, True))
