"""How a run's samples lie to its training examples: memorized, or all alike."""

import dataclasses

import numpy as np

from wgan_tf.errors import UserError
from wgan_tf.evaluation import diagnostics
from wgan_tf.evaluation.neighbours import diversity, nearest_neighbours
from wgan_tf.labels import grid_labels
from wgan_tf.monitoring.grids import encode_png
from wgan_tf.reporting.runs import RecordedRun
from wgan_tf.serving.trained_generator import restore_sampler

SEED = 0
SAMPLES = 64
NEIGHBOURS = 3
MATCHES_SHOWN = 12
MAX_VALUES = 2_500_000_000


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
class Comparison:
    """Samples of a checkpoint against training examples.

    Distances of images are root mean square differences of their values in 0 to 255; of points,
    Euclidean.

    Attributes:
        step: of the checkpoint.
        num_samples: drawn with seed 0; as many real examples are taken beside them.
        num_compared: real examples among which the nearest are sought.
        num_examples: real examples there are.
        sample_distance: median of the samples' distances to their nearest real example.
        real_distance: median of real examples' distances to their nearest other one.
        matches: the samples nearest to any real example, nearest first; none for points.
        warnings: sentences on what is wrong.
    """

    step: int
    num_samples: int
    num_compared: int
    num_examples: int
    sample_distance: float
    real_distance: float
    matches: list[Match]
    warnings: list[str]


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
    unit = np.sqrt(np.prod(samples.shape[1:])) if is_image else 1.0
    compared = _evenly(store.num_examples, MAX_VALUES // int(np.prod(store.example_shape)))
    near_samples = nearest_neighbours(samples, store.read_blocks(compared), NEIGHBOURS)
    chosen = compared[_evenly(len(compared), SAMPLES)]
    real = store.read(chosen)[0]
    near_real = nearest_neighbours(real, store.read_blocks(compared), 1, excluded=chosen)

    sample_distance = float(np.median(near_samples.distances[:, 0]) / unit)
    real_distance = float(np.median(near_real.distances) / unit)
    judgements = [diagnostics.samples_repeat_examples(sample_distance, real_distance)]
    evaluated, _ = run.series("diversity")
    if len(evaluated) < diagnostics.FEWEST_DIVERSITIES:
        judgements.append(diagnostics.outputs_collapse(diversity(samples, real)))
    matches = []
    for i in np.argsort(near_samples.distances[:, 0])[: MATCHES_SHOWN if is_image else 0]:
        examples, _ = store.read(near_samples.numbers[i])
        nearest = [
            Image(encode_png(example), float(distance / unit))
            for example, distance in zip(examples, near_samples.distances[i], strict=True)
        ]
        matches.append(Match(encode_png(samples[i]), nearest))
    return Comparison(
        step=step,
        num_samples=len(samples),
        num_compared=len(compared),
        num_examples=store.num_examples,
        sample_distance=sample_distance,
        real_distance=real_distance,
        matches=matches,
        warnings=[judgement for judgement in judgements if judgement],
    )


def _evenly(count: int, at_most: int) -> np.ndarray:
    """Numbers below `count`, evenly spread: all, or as many as allowed."""
    return np.unique(np.linspace(0, count - 1, min(count, at_most)).round().astype(np.int64))
