"""Drawing from a trained generator: of a run, of a SavedModel, or one that is being trained."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, Self

import numpy as np
import tensorflow as tf

from wgan_tf.errors import UserError
from wgan_tf.labels import apportion, grid_labels
from wgan_tf.latents import draw_latents
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.model_card import ModelCard
from wgan_tf.serving.saved_model import SAVED_MODEL_FILE, newest_version
from wgan_tf.serving.served_module import ServedModule

EXAMPLES_PER_CHUNK = 500

Draw = Callable[[int, int, int | None], np.ndarray]
"""(n, seed, label or None) -> n examples."""


class Served(Protocol):
    """The functions of `ServedModule`, or of the SavedModel that was made of one."""

    def serving_default(self, **arguments: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """(latent[, label]) -> examples as floating point."""

    def sample(self, **arguments: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """(n, seed[, label]) -> examples."""


class Sampler:
    """Draws examples of a trained generator.

    Attributes:
        spec: what the generator takes and gives.
        origin: what it is of, for people: the option that named it.
        served: the functions that it draws by.
    """

    def __init__(self, served: Served, spec: GeneratorSpec, origin: str) -> None:
        """Draws by the functions that a generator is served by."""
        self.served = served
        self.spec = spec
        self.origin = origin

    @classmethod
    def of_module(cls, module: ServedModule, origin: str = "the generator") -> Self:
        """Draws by a module in memory."""
        return cls(module, module.spec, origin)

    @classmethod
    def of_saved_model(cls, path: str) -> Self:
        """Draws by an exported version, or by the newest one in a folder of versions.

        Raises:
            UserError: no SavedModel of this package is there.
        """
        origin = f"--saved_model={path}"
        version = path.rstrip("/")
        if not tf.io.gfile.exists(f"{version}/{SAVED_MODEL_FILE}") and tf.io.gfile.isdir(version):
            version = newest_version(version) or version
        try:
            card = ModelCard.read(version)
            return cls(_Loaded(tf.saved_model.load(version)), card.generator, origin)
        except (OSError, tf.errors.OpError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{origin} holds no SavedModel that wgan_tf.export wrote; name a folder such as "
                "runs/digits/export/1."
            ) from error

    def draw(self, n: int, seed: int, label: int | None = None) -> np.ndarray:
        """Draws n examples: images uint8 [n, H, W, C] or points float32 [n, D].

        Args:
            n: how many, at most `served_module.MAX_EXAMPLES_PER_CALL`.
            seed: the same seed draws the same examples, and has the same latents with every label.
            label: class of all of them, which a generator by class needs and no other takes.
        """
        return _draw(self.served.sample, n, seed, label)

    def draw_class_grid(self, rows: int, seed: int) -> np.ndarray:
        """Draws a grid with a column for each of `grid_labels`, and the same latent along a row.

        Args:
            rows: how many examples of each class.
            seed: of the latents, as `draw` takes it.

        Returns:
            [rows * K, ...], row after row: example i is of class i % K of those and of latent
            i // K.
        """
        labels = grid_labels(self.spec.num_classes)
        columns = [self.draw(rows, seed, int(label)) for label in labels]
        grid = np.stack(columns, axis=1)
        return grid.reshape(-1, *grid.shape[2:])

    def batches(
        self, count: int, seed: int = 0, label_weights: Sequence[int] = ()
    ) -> Iterator[np.ndarray]:
        """Draws so many examples as `draw_batches` does; weights of other classes count as even."""
        return draw_batches(self.draw, count, seed, self._fitting(label_weights))

    def labels(self, count: int, label_weights: Sequence[int] = ()) -> np.ndarray | None:
        """The labels int64 [count] of what `batches` draws; None without classes."""
        return batch_labels(count, self._fitting(label_weights))

    def latents(self, n: int, seed: int) -> np.ndarray:
        """The first n latents of a seed, float32 [n, latent_dim], as `draw` takes them."""
        return np.concatenate(list(self.latent_blocks(n, seed)))[:n]

    def latent_blocks(self, n: int, seed: int) -> Iterator[np.ndarray]:
        """The blocks, float32 [examples_per_block, latent_dim], with a seed's first n latents."""
        spec = self.spec
        shape = [spec.examples_per_block, spec.latent_dim]
        for block in range(-(-n // spec.examples_per_block)):
            key = tf.constant([seed, block], tf.int64)
            yield draw_latents(key, shape, spec.latent_distribution).numpy()

    def generate(self, latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Generates examples of latents block by block, as `draw` does; the last may be filled up.

        Args:
            latents: float32 [N, latent_dim].
            labels: int32 [N] where the generator takes labels, else None.

        Returns:
            Images uint8 [N, H, W, C] or points float32 [N, D].
        """
        size = self.spec.examples_per_block
        return np.concatenate(
            [
                self._generate_block(
                    latents[start : start + size],
                    None if labels is None else labels[start : start + size],
                )
                for start in range(0, len(latents), size)
            ]
        )

    def _generate_block(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        count = len(latents)
        missing = self.spec.examples_per_block - count
        arguments = {"latent": tf.constant(np.pad(latents, ((0, missing), (0, 0)), mode="wrap"))}
        if labels is not None:
            arguments["label"] = tf.constant(np.pad(labels, (0, missing), mode="wrap"))
        (examples,) = self.served.serving_default(**arguments).values()
        drawn: np.ndarray = examples.numpy()[:count]
        return np.round(drawn * np.float32(255)).astype(np.uint8) if self.spec.is_image else drawn

    def _fitting(self, label_weights: Sequence[int]) -> Sequence[int]:
        num_classes = self.spec.num_classes
        return label_weights if len(label_weights) == num_classes else (1,) * num_classes


def draw_by_signature(path: str) -> tuple[Draw, bool]:
    """Draws by the signature `sample(n, seed[, label])` of anybody's SavedModel.

    Returns:
        What draws, and whether it takes labels.

    Raises:
        UserError: it is none, or has no such signature.
    """
    try:
        loaded = _Loaded(tf.saved_model.load(path))
        inputs = loaded.sample.structured_input_signature[1]
    except (OSError, KeyError, tf.errors.OpError) as error:
        raise UserError(
            f"--saved_model={path} is no SavedModel with the signature sample(n, seed); name a "
            "version's folder, such as export/1, or draw images and give them as --images."
        ) from error
    # Naming the model in here keeps its variables alive.
    return lambda n, seed, label: _draw(loaded.sample, n, seed, label), "label" in inputs


def draw_batches(
    draw: Draw, count: int, seed: int, label_weights: Sequence[int]
) -> Iterator[np.ndarray]:
    """Draws examples in the chunks of `class_chunks`, chunk i with the sampling seed `seed + i`.

    Args:
        draw: draws examples.
        count: examples together.
        seed: of the first chunk.
        label_weights: of the generator's classes, see `wgan_tf.labels`; empty without.
    """
    for number, size, label in class_chunks(count, label_weights):
        yield draw(size, seed + number, label)


def batch_labels(count: int, label_weights: Sequence[int]) -> np.ndarray | None:
    """The labels of what `draw_batches` draws, int64 [count]; None without classes."""
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


def _draw(
    sample: Callable[..., Mapping[str, tf.Tensor]], n: int, seed: int, label: int | None
) -> np.ndarray:
    arguments = {"n": tf.constant(n), "seed": tf.constant(seed, tf.int64)}
    if label is not None:
        arguments["label"] = tf.constant(label)
    (examples,) = sample(**arguments).values()
    drawn: np.ndarray = examples.numpy()
    return drawn


class _Loaded:
    """The functions of a loaded model, which do not keep its variables alive themselves."""

    def __init__(self, model: tf.Module) -> None:
        self._model = model
        self.sample = model.signatures["sample"]
        self.serving_default = model.signatures.get("serving_default")
