"""How a run's samples lie to its training examples: memorized, or all alike."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from wgan_tf.data.store import Store, open_store
from wgan_tf.errors import UserError
from wgan_tf.evaluation import diagnostics
from wgan_tf.evaluation.cache import cache_folder
from wgan_tf.evaluation.evaluator import build_extractor
from wgan_tf.evaluation.features.extractor import FeatureExtractor
from wgan_tf.evaluation.neighbours import diversity, nearer_share, nearest_neighbours
from wgan_tf.labels import grid_labels
from wgan_tf.log import log_to_stderr
from wgan_tf.monitoring.grids import encode_png
from wgan_tf.reporting.runs import RecordedRun
from wgan_tf.serving.trained_generator import restore_sampler

SEED = 0
SAMPLES = 64
NEIGHBOURS = 3
MATCHES_SHOWN = 12
MAX_VALUES = 2_500_000_000
MAX_FEATURES = 10_000
IMAGES_AT_ONCE = 500


@dataclasses.dataclass(frozen=True)
class Image:
    """An image as a PNG file, and how far it is from the sample that it belongs to."""

    png: bytes
    distance: float


@dataclasses.dataclass(frozen=True)
class Match:
    """A sample, as a PNG file, and the real examples nearest to it."""

    sample: bytes
    nearest: list[Image]


@dataclasses.dataclass(frozen=True)
class Nearness:
    """How samples lie to real examples by one distance.

    Attributes:
        name: what the distance is of: pixels, coordinates, or features.
        sample_distance: median of the samples' distances to their nearest real example.
        real_distance: median of real examples' distances to their nearest other one.
        nearer_share: of the samples; see `evaluation.neighbours.nearer_share`.
        matches: the samples nearest to any real example, nearest first; none for points.
    """

    name: str
    sample_distance: float
    real_distance: float
    nearer_share: float
    matches: list[Match]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Samples of a checkpoint against training examples.

    Attributes:
        step: of the checkpoint.
        num_samples: drawn with seed 0; as many real examples are taken beside them.
        num_compared: real examples among which the nearest are sought.
        num_examples: real examples there are.
        nearness: by root mean square differences of pixel values in 0 to 255 or Euclidean distances
            of points, and then, of images, by the features that the run was evaluated with, if any.
        warnings: sentences on what is wrong.
    """

    step: int
    num_samples: int
    num_compared: int
    num_examples: int
    nearness: list[Nearness]
    warnings: list[str]


class _Space(NamedTuple):
    """Where distances are taken: of examples themselves, or of their features.

    Attributes:
        name: see `Nearness`.
        unit: what Euclidean distances are divided by.
        samples: [S, ...].
        read: numbers of real examples int64 [n] -> what they are there, [n, ...].
        blocks: those that are compared, as `nearest_neighbours` takes them.
    """

    name: str
    unit: float
    samples: np.ndarray
    read: Callable[[np.ndarray], np.ndarray]
    blocks: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]]


def compare(run: RecordedRun) -> Comparison:
    """Draws samples of a run's newest checkpoint and finds the real examples nearest to them.

    Raises:
        UserError: there is no checkpoint, or the examples are not there or are others.
    """
    store = run.folder.open_training_examples()
    if store.num_examples <= NEIGHBOURS:
        raise UserError(f"--dataset={run.config.dataset} has too few examples to compare with.")
    sampler, step = restore_sampler(run.folder)
    if num_classes := sampler.spec.num_classes:
        columns = len(grid_labels(num_classes))
        samples = sampler.draw_class_grid(-(-SAMPLES // columns), SEED)[:SAMPLES]
    else:
        samples = sampler.draw(SAMPLES, SEED)

    is_image = samples.ndim == 4
    compared = _evenly(store.num_examples, MAX_VALUES // int(np.prod(store.example_shape)))
    chosen = compared[_evenly(len(compared), SAMPLES)]
    spaces = [
        _Space(
            "pixels" if is_image else "coordinates",
            float(np.sqrt(np.prod(samples.shape[1:]))) if is_image else 1.0,
            samples,
            lambda numbers: store.read(numbers)[0],
            lambda: store.read_blocks(compared),
        )
    ]
    extractor = _extractor(run, store) if is_image else None
    if extractor is not None:
        spaces.append(_of_features(extractor, samples, store))
    nearness = [_nearness(space, samples, store, chosen) for space in spaces]
    judgements = [
        diagnostics.samples_repeat_examples(nearness[0].sample_distance, nearness[0].real_distance)
    ]
    evaluated, _ = run.series("diversity")
    if len(evaluated) < diagnostics.FEWEST_DIVERSITIES:
        judgements.append(diagnostics.outputs_collapse(diversity(samples, store.read(chosen)[0])))
    return Comparison(
        step=step,
        num_samples=len(samples),
        num_compared=len(compared),
        num_examples=store.num_examples,
        nearness=nearness,
        warnings=[judgement for judgement in judgements if judgement],
    )


def _nearness(space: _Space, samples: np.ndarray, store: Store, chosen: np.ndarray) -> Nearness:
    near_samples = nearest_neighbours(space.samples, space.blocks(), NEIGHBOURS)
    near_real = nearest_neighbours(space.read(chosen), space.blocks(), 1, excluded=chosen)
    matches = []
    is_image = samples.ndim == 4
    for i in np.argsort(near_samples.distances[:, 0])[: MATCHES_SHOWN if is_image else 0]:
        examples, _ = store.read(near_samples.numbers[i])
        nearest = [
            Image(encode_png(example), float(distance / space.unit))
            for example, distance in zip(examples, near_samples.distances[i], strict=True)
        ]
        matches.append(Match(encode_png(samples[i]), nearest))
    return Nearness(
        name=space.name,
        sample_distance=float(np.median(near_samples.distances[:, 0]) / space.unit),
        real_distance=float(np.median(near_real.distances) / space.unit),
        nearer_share=nearer_share(near_samples, space.blocks, space.read),
        matches=matches,
    )


def _of_features(extractor: FeatureExtractor, samples: np.ndarray, store: Store) -> _Space:
    compared = _evenly(store.num_examples, MAX_FEATURES)

    def features(images: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), IMAGES_AT_ONCE)
        parts = [extractor.extract(images[i : i + IMAGES_AT_ONCE]).features for i in starts]
        return np.concatenate(parts)

    real = np.concatenate([features(images) for _, images in store.read_blocks(compared)])

    def read(numbers: np.ndarray) -> np.ndarray:
        return features(store.read(numbers)[0])

    name = f"features ({extractor.name})"
    return _Space(name, 1.0, features(samples), read, lambda: [(compared, real)])


def _extractor(run: RecordedRun, store: Store) -> FeatureExtractor | None:
    """What the run was evaluated with, which then need not be made; None for pixels."""
    config = run.config
    if not config.eval_every or not config.eval_metrics or config.eval_features == "pixels":
        return None
    try:
        held_out = open_store(config, config.eval_split)
        folder = cache_folder(config.data_dir)
        return build_extractor(config, store, held_out, folder, log_to_stderr)
    except UserError:
        return None


def _evenly(count: int, at_most: int) -> np.ndarray:
    """Numbers below `count`, evenly spread: all, or as many as allowed."""
    return np.unique(np.linspace(0, count - 1, min(count, at_most)).round().astype(np.int64))
