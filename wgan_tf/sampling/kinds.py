"""The images of each kind that can be asked for."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from wgan_tf.data.store import Store
from wgan_tf.errors import UserError
from wgan_tf.evaluation.neighbours import nearest_neighbours
from wgan_tf.labels import grid_labels
from wgan_tf.sampling.latent_paths import interpolate, traverse, truncate
from wgan_tf.sampling.request import Request
from wgan_tf.serving.sampler import Sampler

TrainingImages: TypeAlias = Callable[[], Store]


def independent(sampler: Sampler, request: Request) -> Iterator[np.ndarray]:
    """The examples of a seed, a block at a time; without a label, example i is of class i % K."""
    number, size = request.class_number(sampler), sampler.spec.examples_per_block
    for block, drawn in enumerate(sampler.latent_blocks(request.n, request.seed)):
        first = block * size
        labels = _labels(sampler, np.arange(first, first + size), number)
        yield sampler.generate(_truncated(drawn, sampler, request), labels)[: request.n - first]


def class_grid(sampler: Sampler, request: Request) -> np.ndarray:
    """Examples [n, ...]: example i is of class i % K of `grid_labels` and of latent i // K."""
    labels = grid_labels(sampler.spec.num_classes)
    rows = -(-request.n // len(labels))
    blocks = [
        _truncated(drawn, sampler, request) for drawn in sampler.latent_blocks(rows, request.seed)
    ]
    latents = np.concatenate(blocks)
    columns = [
        sampler.generate(latents, np.full(len(latents), label, np.int32))[:rows] for label in labels
    ]
    grid = np.stack(columns, axis=1)
    return grid.reshape(-1, *grid.shape[2:])[: request.n]


def interpolation(sampler: Sampler, request: Request) -> np.ndarray:
    """Images [rows, steps, H, W, C]: row i from latent i of one seed to latent i of another."""
    to_seed = request.seed + 1 if request.to_seed is None else request.to_seed
    start, end = (
        _truncated(sampler.latents(request.rows, seed), sampler, request)
        for seed in (request.seed, to_seed)
    )
    paths = interpolate(start, end, _steps(request), sampler.spec.latent_distribution)
    return _along_paths(sampler, request, paths)


def traversal(sampler: Sampler, request: Request) -> np.ndarray:
    """Images [rows, steps, H, W, C]: in row i number i of the seed's first latent varies."""
    (latent,) = sampler.latents(1, request.seed)
    paths = traverse(latent, request.rows, _steps(request), sampler.spec.latent_distribution)
    return _along_paths(sampler, request, _truncated(paths, sampler, request), one_class=True)


def neighbours(
    sampler: Sampler, request: Request, training_images: TrainingImages | None
) -> np.ndarray:
    """Images [rows, columns, H, W, C]: a sample, then the training images nearest to it.

    Raises:
        UserError: there are no training images, or fewer than columns.
    """
    if training_images is None:
        raise UserError(
            "--kind=neighbours needs the training images, which --saved_model does not have; "
            "give --workdir."
        )
    store, count = training_images(), request.columns - 1
    if store.num_examples < count:
        raise UserError(
            f"--columns={request.columns} shows {count} training images a sample, of which there "
            f"are {store.num_examples}; give fewer columns."
        )
    samples = np.concatenate(list(independent(sampler, request)))[: request.rows]
    every = np.arange(store.num_examples)
    numbers = nearest_neighbours(samples, store.read_blocks(every), count).numbers
    found, _ = store.read(numbers.ravel())
    return np.concatenate(
        [samples[:, np.newaxis], found.reshape(*numbers.shape, *store.example_shape)], axis=1
    )


def _steps(request: Request) -> int:
    return request.frames if request.is_animation else request.columns


def _along_paths(
    sampler: Sampler, request: Request, paths: np.ndarray, *, one_class: bool = False
) -> np.ndarray:
    rows, steps, width = paths.shape
    classes = np.repeat(np.zeros(rows, int) if one_class else np.arange(rows), steps)
    labels = _labels(sampler, classes, request.class_number(sampler))
    images = sampler.generate(paths.reshape(-1, width), labels)
    return images.reshape(rows, steps, *images.shape[1:])


def _labels(sampler: Sampler, positions: np.ndarray, number: int | None) -> np.ndarray | None:
    if not sampler.spec.class_names:
        return None
    if number is not None:
        return np.full(positions.shape, number, np.int32)
    return (positions % len(sampler.spec.class_names)).astype(np.int32)


def _truncated(latents: np.ndarray, sampler: Sampler, request: Request) -> np.ndarray:
    if request.truncation is None:
        return latents
    return truncate(latents, request.truncation, sampler.spec.latent_distribution)
