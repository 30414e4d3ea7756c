"""Measures generated examples against real ones, always by the same protocol."""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from wgan_tf.config import Config
from wgan_tf.data.sources.toy import GaussianMixture, mixture_of
from wgan_tf.data.store import Store
from wgan_tf.errors import UserError
from wgan_tf.evaluation.cache import cache_folder
from wgan_tf.evaluation.features.cached_classifier import WeakClassifierError, classifier_features
from wgan_tf.evaluation.features.extractor import FeatureExtractor
from wgan_tf.evaluation.features.inception import InceptionFeatures
from wgan_tf.evaluation.features.projected import PixelFeatures, RandomFeatures
from wgan_tf.evaluation.metrics import (
    METRICS,
    applicable_metrics,
    image_metrics,
)
from wgan_tf.evaluation.mode_coverage import mode_coverage
from wgan_tf.evaluation.neighbours import diversity
from wgan_tf.evaluation.protocol import EvaluationProtocol
from wgan_tf.evaluation.statistics import SampleStatistics, real_statistics
from wgan_tf.evaluation.wasserstein import exact_wasserstein
from wgan_tf.files import write_output
from wgan_tf.log import Log

TRANSPORTED_POINTS = 1000
COMPARED_EXAMPLES = 64
# Of fewer, no metric says anything.
FEWEST_EXAMPLES = 10


@dataclasses.dataclass(frozen=True)
class EvaluationResult:
    """Metrics, and what they depend on but for the examples.

    Attributes:
        subject: what was measured, for people.
        values: the metrics by name.
        protocol: how they were measured.
    """

    subject: str
    values: Mapping[str, float]
    protocol: Mapping[str, object]

    def table(self) -> str:
        """The metrics a line each, then the protocol."""
        width = max(map(len, self.values))
        lines = [f"{name:<{width}}  {value:.6g}" for name, value in self.values.items()]
        protocol = ", ".join(f"{name} {value}" for name, value in self.protocol.items())
        return "\n".join([self.subject, *lines, f"({protocol})"])

    def write(self, path: str) -> None:
        """Writes all as JSON.

        Raises:
            UserError: the file cannot be written.
        """
        text = json.dumps(dataclasses.asdict(self), indent=2) + "\n"
        write_output(path, text.encode())


class Evaluator(Protocol):
    """Measures batches of examples."""

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Of the examples that can be measured."""

    @property
    def num_examples(self) -> int:
        """How many examples `evaluate` takes."""

    @property
    def metric_names(self) -> Sequence[str]:
        """Of the metrics that `evaluate` gives."""

    @property
    def protocol(self) -> Mapping[str, object]:
        """What the metrics depend on but for the examples, by name."""

    def evaluate(
        self, examples: Iterable[np.ndarray], labels: np.ndarray | None = None
    ) -> Mapping[str, float]:
        """Metrics by name, of batches of examples and of the labels that they were asked for."""


@dataclasses.dataclass(frozen=True)
class ImageEvaluator:
    """Metrics of images, in the space of some features; see `evaluation.metrics`."""

    real: SampleStatistics
    extractor: FeatureExtractor
    settings: EvaluationProtocol
    metrics: tuple[str, ...]
    example_shape: tuple[int, ...]

    @property
    def num_examples(self) -> int:
        """See `Evaluator`."""
        return self.settings.generated_count

    @property
    def metric_names(self) -> Sequence[str]:
        """See `Evaluator`."""
        return [
            name
            for metric in self.metrics
            for name in METRICS[metric].names_with(self.extractor.name)
        ]

    @property
    def protocol(self) -> Mapping[str, object]:
        """See `Evaluator`."""
        return dataclasses.asdict(self.settings)

    def evaluate(
        self, examples: Iterable[np.ndarray], labels: np.ndarray | None = None
    ) -> Mapping[str, float]:
        """See `Evaluator`; uint8 [n, H, W, C] a batch."""
        return image_metrics(
            self.real, examples, self.extractor, self.settings, self.metrics, labels
        )


@dataclasses.dataclass(frozen=True)
class PointEvaluator:
    """Metrics of points: the exact W1 to real ones, and the modes of a mixture they cover."""

    real: np.ndarray
    mixture: GaussianMixture | None
    split: str
    num_examples: int

    @property
    def example_shape(self) -> tuple[int, ...]:
        """See `Evaluator`."""
        return self.real.shape[1:]

    @property
    def metric_names(self) -> Sequence[str]:
        """See `Evaluator`."""
        of_modes = ["modes_covered", "least_mode_share", "good_share"]
        return ["exact_wasserstein", *(of_modes if self.mixture else ())]

    @property
    def protocol(self) -> Mapping[str, object]:
        """See `Evaluator`."""
        return {
            "split": self.split,
            "generated_count": self.num_examples,
            "transported_points": len(self.real),
        }

    def evaluate(
        self, examples: Iterable[np.ndarray], labels: np.ndarray | None = None
    ) -> Mapping[str, float]:
        """See `Evaluator`; [n, D] a batch."""
        del labels
        points = np.concatenate(list(examples))
        values = {"exact_wasserstein": exact_wasserstein(points[: len(self.real)], self.real)}
        if self.mixture is not None:
            coverage = mode_coverage(points, self.mixture.centers, self.mixture.sigma)
            values["modes_covered"] = float(coverage.num_covered)
            values["least_mode_share"] = coverage.least_share
            values["good_share"] = coverage.good_share
        return values


def build_evaluator(
    config: Config,
    train: Store,
    held_out: Store | None,
    *,
    num_examples: int,
    metrics: Sequence[str] | None = None,
    log: Log,
) -> Evaluator:
    """Prepares to measure against the examples of `--eval_split`, or else of `--train_split`.

    Args:
        config: features and splits.
        train: the store of `--train_split`.
        held_out: the store of `--eval_split`, or None.
        num_examples: generated examples to measure; no more real ones than there are.
        metrics: names in `evaluation.metrics.METRICS`; None for all that the features allow.
        log: is told what takes long.

    Raises:
        UserError: the features cannot be had for these data.
    """
    real, split = (train, config.train_split) if held_out is None else (held_out, config.eval_split)
    if not real.info.is_image:
        count = min(TRANSPORTED_POINTS, num_examples, real.num_examples)
        return PointEvaluator(
            real.read(np.arange(count))[0], mixture_of(config.dataset), split, num_examples
        )
    if real.num_examples < FEWEST_EXAMPLES:
        raise UserError(
            f"There are {real.num_examples:,} real examples in the split {split}, and metrics need "
            f"{FEWEST_EXAMPLES}; name a larger one with --eval_split or --train_split."
        )
    folder = cache_folder(config.data_dir)
    extractor = build_extractor(config, train, held_out, folder, log)
    allowed = applicable_metrics(extractor)
    settings = EvaluationProtocol(
        features=extractor.name,
        features_version=extractor.version,
        split=split,
        real_count=min(real.num_examples, max(num_examples, 10_000)),
        generated_count=num_examples,
        # Subsets of all examples would be alike, and their spread no error.
        kernel_subset_size=min(1000, min(num_examples, real.num_examples) // 2),
    )
    return ImageEvaluator(
        real_statistics(real, extractor, settings, folder),
        extractor,
        settings,
        tuple(name for name in metrics if name in allowed) if metrics is not None else allowed,
        real.example_shape,
    )


def build_extractor(
    config: Config, train: Store, held_out: Store | None, folder: str, log: Log
) -> FeatureExtractor:
    """The features that `--eval_features` names: of labels where there are any, for auto."""
    kind = config.eval_features
    if kind == "auto":
        kind = "classifier" if len(train.info.class_names or ()) > 1 else "random"
    if kind == "classifier":
        try:
            return classifier_features(train, held_out, folder, log=log)
        except WeakClassifierError:
            if config.eval_features != "auto":
                raise
            log("That is near chance: random projections of the pixels are taken in its place.")
            kind = "random"
    if kind == "inception":
        return InceptionFeatures(config.inception, protocol=config.inception_protocol)
    if kind == "pixels":
        return PixelFeatures()
    return RandomFeatures(train.example_shape)


def evaluate(
    evaluator: Evaluator, subject: str, examples: Iterable[np.ndarray], labels: np.ndarray | None
) -> EvaluationResult:
    """Measures batches of examples, whatever made them.

    Raises:
        UserError: they have not the shape of the real ones.
    """

    def fitting() -> Iterator[np.ndarray]:
        for batch in examples:
            if batch.shape[1:] != evaluator.example_shape:
                raise UserError(
                    f"{subject} has examples of shape {batch.shape[1:]}, but the real ones have "
                    f"{evaluator.example_shape}; give --image_size, or compare with other data."
                )
            yield batch

    return EvaluationResult(
        subject, evaluator.evaluate(fitting(), labels), dict(evaluator.protocol)
    )


def relative_diversity(examples: np.ndarray, real: Store) -> Mapping[str, float]:
    """The diversity of examples by that of as many real ones, where these are not all alike.

    See `evaluation.neighbours.diversity`.

    Args:
        examples: [`compared_examples(real)`, ...].
        real: as many of these, evenly spread, are compared with.
    """
    count = compared_examples(real)
    if count < 2:
        return {}
    spread = np.linspace(0, real.num_examples - 1, count).round().astype(np.int64)
    value = diversity(examples, real.read(spread)[0])
    return {} if value is None else {"diversity": value}


def compared_examples(real: Store) -> int:
    """Of how many examples the diversity is taken."""
    return min(COMPARED_EXAMPLES, real.num_examples)
