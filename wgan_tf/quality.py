"""How good a generator is, by the metrics that suit its data."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from wgan_tf import drawing
from wgan_tf.config import Config
from wgan_tf.data.sources.toy import GaussianMixture, mixture_of
from wgan_tf.data.store import Store
from wgan_tf.evaluation.cache import cache_folder
from wgan_tf.evaluation.features.cached_classifier import classifier_features
from wgan_tf.evaluation.features.extractor import FeatureExtractor
from wgan_tf.evaluation.features.inception import InceptionFeatures
from wgan_tf.evaluation.features.projected import PixelFeatures, RandomFeatures
from wgan_tf.evaluation.metrics import applicable_metrics, evaluate_images
from wgan_tf.evaluation.mode_coverage import mode_coverage
from wgan_tf.evaluation.neighbours import diversity
from wgan_tf.evaluation.protocol import EvaluationProtocol
from wgan_tf.evaluation.statistics import SampleStatistics, real_statistics
from wgan_tf.evaluation.wasserstein import exact_wasserstein
from wgan_tf.labels import apportion
from wgan_tf.serving.sampler import Sampler

EXAMPLES_PER_CHUNK = 500
TRANSPORTED_POINTS = 1000
COMPARED_EXAMPLES = 64

Examples = Iterator[np.ndarray]
Tell = Callable[[str], None]


class Quality(Protocol):
    """Measures examples against real ones, always by the same protocol."""

    @property
    def main_metric(self) -> str | None:
        """The metric by which generators are ranked, the less the better; None if none can."""

    @property
    def protocol(self) -> Mapping[str, object]:
        """What the values depend on but for the examples, by name."""

    @property
    def num_examples(self) -> int:
        """How many examples `measure` takes."""

    def measure(self, examples: Examples, labels: np.ndarray | None = None) -> Mapping[str, float]:
        """Metrics by name, of batches of examples and of the labels that they were asked for."""


@dataclasses.dataclass(frozen=True)
class PictureQuality:
    """Metrics of pictures, in the space of some features; see `evaluation.metrics`."""

    real: SampleStatistics
    extractor: FeatureExtractor
    settings: EvaluationProtocol
    metrics: tuple[str, ...]

    @property
    def main_metric(self) -> str | None:
        """See `Quality`."""
        names = {
            "fid": f"fid_{self.extractor.name}",
            "kid": f"kid_{self.extractor.name}",
            "sliced_wasserstein": "sliced_wasserstein",
        }
        return next((names[metric] for metric in names if metric in self.metrics), None)

    @property
    def protocol(self) -> Mapping[str, object]:
        """See `Quality`."""
        return dataclasses.asdict(self.settings)

    @property
    def num_examples(self) -> int:
        """See `Quality`."""
        return self.settings.generated_count

    def measure(self, examples: Examples, labels: np.ndarray | None = None) -> Mapping[str, float]:
        """See `Quality`; uint8 [n, H, W, C] a batch."""
        result = evaluate_images(
            self.real, examples, self.extractor, self.settings, self.metrics, labels
        )
        return result.values


@dataclasses.dataclass(frozen=True)
class PointQuality:
    """Metrics of points: the exact W1 to real ones, and the modes of a mixture they cover."""

    real: np.ndarray
    mixture: GaussianMixture | None
    split: str
    num_examples: int

    @property
    def main_metric(self) -> str | None:
        """See `Quality`."""
        return "exact_wasserstein"

    @property
    def protocol(self) -> Mapping[str, object]:
        """See `Quality`."""
        return {
            "split": self.split,
            "generated_count": self.num_examples,
            "transported_points": len(self.real),
        }

    def measure(self, examples: Examples, labels: np.ndarray | None = None) -> Mapping[str, float]:
        """See `Quality`; [n, D] a batch."""
        del labels
        points = np.concatenate(list(examples))
        values = {"exact_wasserstein": exact_wasserstein(points[: len(self.real)], self.real)}
        if self.mixture is not None:
            coverage = mode_coverage(points, self.mixture.centers, self.mixture.sigma)
            values["modes_covered"] = float(coverage.num_covered)
            values["least_mode_share"] = coverage.least_share
            values["good_share"] = coverage.good_share
        return values


def build_quality(
    config: Config,
    train: Store,
    held_out: Store | None,
    *,
    num_examples: int,
    metrics: Sequence[str] | None = None,
    tell: Tell,
) -> Quality:
    """Prepares to measure against the examples of `--eval_split`, or else of `--train_split`.

    Args:
        config: features and splits.
        train: the store of `--train_split`.
        held_out: the store of `--eval_split`, or None.
        num_examples: generated examples to measure; no more real ones than there are.
        metrics: names in `evaluation.metrics.METRICS`; None for all that the features allow.
        tell: is told what takes long.

    Raises:
        UserError: the features cannot be had for these data.
    """
    real, split = (train, config.train_split) if held_out is None else (held_out, config.eval_split)
    if len(real.example_shape) == 1:
        count = min(TRANSPORTED_POINTS, num_examples, real.num_examples)
        return PointQuality(
            real.read(np.arange(count))[0], mixture_of(config.dataset), split, num_examples
        )
    folder = cache_folder(config.data_dir)
    extractor = build_extractor(config, train, held_out, folder, tell)
    allowed = applicable_metrics(extractor)
    settings = EvaluationProtocol(
        features=extractor.name,
        features_version=extractor.version,
        split=split,
        real_count=min(real.num_examples, max(num_examples, 10_000)),
        generated_count=num_examples,
        kernel_subset_size=min(1000, num_examples, real.num_examples),
    )
    return PictureQuality(
        real_statistics(real, extractor, settings, folder),
        extractor,
        settings,
        tuple(name for name in metrics if name in allowed) if metrics is not None else allowed,
    )


def build_extractor(
    config: Config, train: Store, held_out: Store | None, folder: str, tell: Tell
) -> FeatureExtractor:
    """The features that `--eval_features` names: of labels where there are any, for auto."""
    kind = config.eval_features
    if kind == "auto":
        is_labelled = train.class_names is not None and len(train.class_names) > 1
        kind = "classifier" if is_labelled else "random"
    if kind == "classifier":
        return classifier_features(train, held_out, folder, tell=tell)
    if kind == "inception":
        return InceptionFeatures(config.inception, protocol=config.inception_protocol)
    if kind == "pixels":
        return PixelFeatures()
    return RandomFeatures(train.example_shape)


def measure_diversity(
    sampler: Sampler, label_weights: Sequence[int], real: Store
) -> Mapping[str, float]:
    """The diversity of drawn examples by that of as many real ones, where these are not all alike.

    See `evaluation.neighbours.diversity`; for the sampler and the weights, `generated_examples`.
    """
    count = min(COMPARED_EXAMPLES, real.num_examples)
    if count < 2:
        return {}
    spread = np.linspace(0, real.num_examples - 1, count).round().astype(np.int64)
    drawn = np.concatenate(list(generated_examples(sampler, count, label_weights)))
    value = diversity(drawn, real.read(spread)[0])
    return {} if value is None else {"diversity": value}


def generated_examples(
    sampler: Sampler, count: int, label_weights: Sequence[int], seed: int = 0
) -> Examples:
    """Draws examples in the chunks of `class_chunks`, chunk i with the sampling seed `seed + i`.

    Args:
        sampler: what to draw from.
        count: examples together.
        label_weights: of the sampler's classes; see `wgan_tf.labels`.
        seed: of the first chunk.
    """
    for number, size, label in class_chunks(count, label_weights):
        yield drawing.draw(sampler, size, seed + number, label)


def generated_labels(count: int, label_weights: Sequence[int]) -> np.ndarray | None:
    """The labels of what `generated_examples` draws, int64 [count]; None without classes."""
    if not label_weights:
        return None
    return np.concatenate(
        [np.full(size, label) for _, size, label in class_chunks(count, label_weights)]
    )


def class_chunks(count: int, label_weights: Sequence[int]) -> Iterator[tuple[int, int, int | None]]:
    """Splits so many examples into chunks of at most `EXAMPLES_PER_CHUNK`, each of one class.

    The classes come in turn, and in every turn as often as among all examples, since some metrics
    are of the first examples alone.

    Args:
        count: examples together.
        label_weights: in proportion to the classes' examples, which `labels.apportion` counts;
            empty for examples without labels.

    Yields:
        (the chunk's number, its size, its label or None).
    """
    counts = apportion(count, label_weights or (1,))
    turns = -(-int(counts.max()) // EXAMPLES_PER_CHUNK)
    number = 0
    for turn in range(turns):
        sizes = counts * (turn + 1) // turns - counts * turn // turns
        for label in np.flatnonzero(sizes):
            yield number, int(sizes[label]), int(label) if label_weights else None
            number += 1
