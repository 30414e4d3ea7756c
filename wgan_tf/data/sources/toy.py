"""`--dataset=toy:NAME`: the two-dimensional distributions of "Improved Training of WGANs".

100,000 float32 points each, drawn from one fixed seed and scaled as its authors do. Their code
trains on such a sample of 25gaussians, and on new points in every batch of the other two.
"""

import dataclasses
import functools
import math
import pathlib
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from wgan_tf.data.sources.source import ChunkBuilder, Source
from wgan_tf.errors import UserError

TOY_NAMES = ("8gaussians", "25gaussians", "swissroll")
DRAWN_ANEW = ("8gaussians", "swissroll")
NUM_POINTS = 100_000
_SEED = 20170400
_ROLL_SIGMA = 0.25
_ROLL_SCALE = 7.5


@dataclasses.dataclass(frozen=True, eq=False)
class GaussianMixture:
    """A mixture of equally likely isotropic Gaussians, in the units of the data.

    Attributes:
        centers: float64 [modes, 2]; mode k is the one that label k names.
        sigma: the standard deviation of each coordinate about its centre.
    """

    centers: np.ndarray
    sigma: float


def gaussian_mixture(name: str) -> GaussianMixture | None:
    """The mixture that a toy distribution (one of `TOY_NAMES`) is drawn from.

    Returns None for a distribution that is no mixture (swissroll).
    """
    if name == "8gaussians":
        diagonal = 1.0 / math.sqrt(2.0)
        directions: list[tuple[float, float]] = [(1, 0), (-1, 0), (0, 1), (0, -1)]
        directions += [(x * diagonal, y * diagonal) for x in (1, -1) for y in (1, -1)]
        return GaussianMixture(2.0 * np.array(directions, np.float64) / 1.414, 0.02 / 1.414)
    if name == "25gaussians":
        grid = [(x, y) for x in range(-2, 3) for y in range(-2, 3)]
        return GaussianMixture(2.0 * np.array(grid, np.float64) / 2.828, 0.05 / 2.828)
    return None


def mixture_of(dataset: str) -> GaussianMixture | None:
    """The mixture that a `--dataset` value is drawn from; None for every other data set."""
    prefix, _, name = dataset.partition(":")
    return gaussian_mixture(name) if prefix == "toy" else None


def sample_toy(name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Draws a toy data set, always the same.

    Args:
        name: one of `TOY_NAMES`.

    Returns:
        float32 points [100000, 2], and int64 mode numbers [100000] of a Gaussian mixture, else
        None.
    """
    random = np.random.default_rng(_SEED)
    mixture = gaussian_mixture(name)
    if mixture is None:
        angle = 1.5 * np.pi * (1.0 + 2.0 * random.random(NUM_POINTS))
        roll = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1)
        points = (roll + _ROLL_SIGMA * random.standard_normal(roll.shape)) / _ROLL_SCALE
        return points.astype(np.float32), None
    if name == "8gaussians":
        modes = random.integers(len(mixture.centers), size=NUM_POINTS)
    else:
        modes = random.permutation(np.arange(NUM_POINTS) % len(mixture.centers))
    noise = random.standard_normal((NUM_POINTS, 2))
    return (mixture.centers[modes] + mixture.sigma * noise).astype(np.float32), modes


def draw_toy_batch(name: str, seed: int, batch: tf.Tensor, size: int) -> dict[str, tf.Tensor]:
    """Draws a batch of new points; see `source.DrawBatch`.

    Args:
        name: one of `TOY_NAMES`.
        seed: an int64.
        batch: int64 [], the number of the batch, from 0.
        size: points in the batch.

    Returns:
        `examples`, float32 [size, 2], and of a mixture `labels`, int32 [size], the modes' numbers.
    """

    def key(draw: int) -> tf.Tensor:
        # Sampling and the steps of training draw by numbers that are not below zero.
        return tf.stack([tf.constant(seed, tf.int64), -1 - (2 * batch + draw)])

    noise = tf.random.stateless_normal([size, 2], key(0), alg="philox")
    mixture = gaussian_mixture(name)
    if mixture is None:
        turns = tf.random.stateless_uniform([size], key(1), alg="philox")
        angle = 1.5 * math.pi * (1.0 + 2.0 * turns)
        roll = tf.stack([angle * tf.cos(angle), angle * tf.sin(angle)], axis=1)
        return {"examples": (roll + _ROLL_SIGMA * noise) / _ROLL_SCALE}
    modes = tf.random.stateless_uniform(
        [size], key(1), 0, len(mixture.centers), tf.int32, alg="philox"
    )
    centers = tf.gather(tf.constant(mixture.centers, tf.float32), modes)
    return {"examples": centers + mixture.sigma * noise, "labels": modes}


class ToyBuilder(ChunkBuilder):
    """A toy distribution: float32 points [2], labels if it is a mixture, one split `train`."""

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, toy_name: str) -> None:
        features = {"point": tfds.features.Tensor(shape=(2,), dtype=np.float32)}
        mixture = gaussian_mixture(toy_name)
        if mixture is not None:
            features["label"] = tfds.features.ClassLabel(num_classes=len(mixture.centers))
        self._toy_name = toy_name
        super().__init__(
            location=pathlib.Path(__file__), features=features, split_sizes={"train": NUM_POINTS}
        )

    def labels(self, split_name: str) -> np.ndarray | None:
        """See the base class."""
        del split_name
        return sample_toy(self._toy_name)[1]

    def read(self, split_name: str, rows: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
        """See the base class."""
        del split_name
        points, modes = sample_toy(self._toy_name)
        chunk = {"point": points[rows]}
        if modes is not None:
            chunk["label"] = modes[rows]
        yield chunk


def toy_source(name: str) -> Source:
    """The source of `--dataset=toy:NAME`.

    Raises:
        UserError: the name is unknown.
    """
    if name not in TOY_NAMES:
        offer = ", ".join(f"toy:{known}" for known in TOY_NAMES)
        raise UserError(f"--dataset=toy:{name} is unknown; choose one of {offer}.")
    identity = f"toy:{name}/{ToyBuilder.VERSION}"
    return Source(
        f"toy_{name}",
        identity,
        functools.partial(ToyBuilder, name),
        functools.partial(draw_toy_batch, name) if name in DRAWN_ANEW else None,
    )
