"""Drawn images as files: one image, an animation, or a folder of single ones."""

import pathlib
import shutil
import sys
import uuid
from collections.abc import Iterable, Iterator

import numpy as np
from tqdm import tqdm

from wgan_tf.errors import UserError
from wgan_tf.files import is_full_disk, write_output
from wgan_tf.labels import grid_labels
from wgan_tf.monitoring.grids import density_plot, encode_animation, encode_png, image_grid
from wgan_tf.sampling import kinds
from wgan_tf.sampling.kinds import TrainingImages
from wgan_tf.sampling.request import ANIMATION_FORMATS, Request
from wgan_tf.serving.sampler import Sampler

_MILLISECONDS_A_FRAME = 60


def write_samples(
    sampler: Sampler, request: Request, training_images: TrainingImages | None
) -> None:
    """Draws what is asked for and writes it.

    Args:
        sampler: what draws.
        request: what to draw, and where to.
        training_images: opens the images that the generator was trained on, if they are known.

    Raises:
        UserError: the request does not go with the generator, or cannot be written.
    """
    kind = request.resolve_kind(sampler)
    request.class_number(sampler)
    if kind in ("grid", "class_grid"):
        columns = None
        if kind == "grid":
            blocks = kinds.independent(sampler, request)
        else:
            columns = len(grid_labels(sampler.spec.num_classes))
            blocks = iter([kinds.class_grid(sampler, request)])
        if not request.suffix:
            _write_folder(request, request.n, blocks)
        else:
            write_output(request.out, encode_png(_still(np.concatenate(list(blocks)), columns)))
        return
    if kind == "neighbours":
        images = kinds.neighbours(sampler, request, training_images)
    elif kind == "interpolation":
        images = kinds.interpolation(sampler, request)
    else:
        images = kinds.traversal(sampler, request)
    rows, columns = images.shape[:2]
    if request.is_animation:
        write_output(request.out, _animation(images, ANIMATION_FORMATS[request.suffix]))
        return
    flat = images.reshape(rows * columns, *images.shape[2:])
    if request.suffix:
        write_output(request.out, encode_png(_still(flat, columns)))
    else:
        _write_folder(request, len(flat), iter([flat]))


def _still(examples: np.ndarray, columns: int | None) -> np.ndarray:
    if examples.ndim == 2:
        return density_plot(examples, examples)
    return image_grid(examples, columns)


def _animation(images: np.ndarray, file_format: str) -> bytes:
    there = [image_grid(images[:, step]) for step in range(images.shape[1])]
    back = there[-2:0:-1]
    return encode_animation(there + back, file_format, _MILLISECONDS_A_FRAME)


def _write_folder(request: Request, total: int, blocks: Iterable[np.ndarray]) -> None:
    """Writes 0000000.png and so on into a new folder, which is there when all of them are."""
    folder = pathlib.Path(request.out)
    unfinished = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.unfinished")
    try:
        if folder.exists():
            folder.rmdir()
        unfinished.mkdir(parents=True)
        for number, image in enumerate(_told(blocks, total)):
            (unfinished / f"{number:07d}.png").write_bytes(encode_png(image))
        unfinished.rename(folder)
    except OSError as error:
        if is_full_disk(error):
            raise
        raise UserError(
            f"--out={request.out} cannot be written ({error.strerror}); name a new folder, or an "
            "empty one, where you may write."
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _told(blocks: Iterable[np.ndarray], total: int) -> Iterator[np.ndarray]:
    with tqdm(total=total, unit="image", file=sys.stderr, disable=None) as bar:
        for block in blocks:
            yield from block
            bar.update(len(block))
