"""`--dataset=folder:DIR`: a folder of images, classes by subfolder if there are any."""

import concurrent.futures
import functools
import hashlib
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from wgan_tf.data.images import PARALLEL_IMAGES
from wgan_tf.data.sources.image_files import (
    ImageHeader,
    UnusableImageError,
    read_image,
    read_image_header,
)
from wgan_tf.data.sources.image_folder import ImageFile, ImageFolder, count_by_ending, list_images
from wgan_tf.data.sources.source import InPlaceBuilder, SeeImage, Source, files_fingerprint
from wgan_tf.data.stratification import stratified_order
from wgan_tf.errors import UserError
from wgan_tf.paths import expand_user

_UNLABELLED = -1


class FolderBuilder(InPlaceBuilder):
    """A folder's images: uint8 [H, W, C], C by majority; labels by subfolder."""

    VERSION = tfds.core.Version("2.0.0")

    def __init__(self, folder: ImageFolder, background: str = "white") -> None:
        self._folder, self._background = folder, background
        left_out = {folder.relative(path): why for path, why in folder.left_out.items()}
        every = [file for files in folder.splits.values() for file in files]
        headers: dict[ImageFile, ImageHeader] = {}
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for file, header in zip(every, pool.map(_try_header, every), strict=True):
                if isinstance(header, UnusableImageError):
                    left_out[folder.relative(file.path)] = str(header)
                else:
                    headers[file] = header
        if not headers:
            raise UserError(
                f"--dataset=folder:{folder.root} holds no usable image, the first of "
                f"{len(left_out)}, {next(iter(left_out))}, {next(iter(left_out.values()))}; give "
                "images that Pillow can decode."
            )
        num_gray = sum(header.channels == 1 for header in headers.values())
        self._channels = 1 if 2 * num_gray > len(headers) else 3
        self._num_other_kind = sum(h.channels != self._channels for h in headers.values())
        self._num_16_bits = sum(header.has_16_bits for header in headers.values())
        self._transparent: set[pathlib.Path] = set()
        self._files = {
            name: tuple(file for file in files if file in headers)
            for name, files in folder.splits.items()
        }
        self._headers = headers
        self._numbers = {name: number for number, name in enumerate(folder.class_names)}
        sizes = {(header.height, header.width) for header in headers.values()}
        # A stored size is the upright one too only if it is square.
        height, width = sizes.pop() if len(sizes) == 1 else (None, None)
        if height != width:
            height, width = None, None
        features: dict[str, tfds.features.FeatureConnector] = {
            "image": tfds.features.Image(shape=(height, width, self._channels))
        }
        if folder.class_names:
            features["label"] = tfds.features.ClassLabel(names=list(folder.class_names))
        super().__init__(
            location=folder.root,
            features=features,
            split_sizes={name: len(files) for name, files in self._files.items() if files},
        )
        self.left_out = left_out

    def order(self, split_name: str) -> np.ndarray:
        """See the base class; files lie sorted by class and name."""
        return stratified_order(len(self._files[split_name]), self.labels(split_name))

    def labels(self, split_name: str) -> np.ndarray | None:
        """See the base class."""
        names = [file.class_name for file in self._files[split_name]]
        if not self._numbers:
            return None
        return np.array([_UNLABELLED if n is None else self._numbers[n] for n in names], np.int64)

    def notes(self) -> tuple[str, ...]:
        """See the base class."""
        kinds = {1: "color images are made gray", 3: "gray images are made color"}
        counts = {
            f"{kinds[self._channels]}, as most are": self._num_other_kind,
            "images of 16 bits a sample keep the higher 8": self._num_16_bits,
            f"images with transparent pixels are laid on {self._background}": len(
                self._transparent
            ),
        }
        notes = [f"{count:,} {what}" for what, count in counts.items() if count]
        if self._folder.passed_over:
            endings = count_by_ending(self._folder.passed_over)
            notes.append(f"files that are not images by their names are passed over: {endings}")
        return tuple(notes)

    def headers(self, split: str) -> Sequence[ImageHeader]:
        """See the base class."""
        return [self._headers[file] for file in self._files_of(split)]

    def try_examples(self, split: str, most: int, see: SeeImage) -> tuple[int, int]:
        """See the base class."""
        files = self._files_of(split)
        chosen = [files[n] for n in stratified_order(len(files))[:most]]

        def is_usable(file: ImageFile) -> bool:
            image = self._decode(file)
            if image.size:
                see(self._folder.relative(file.path), image)
            return image.size > 0

        with concurrent.futures.ThreadPoolExecutor(PARALLEL_IMAGES) as pool:
            return len(chosen), list(pool.map(is_usable, chosen)).count(False)

    def _files_of(self, split: str) -> list[ImageFile]:
        return [self._files[name][row] for name, rows in self.rows(split) for row in rows]

    def _decode(self, file: ImageFile) -> np.ndarray:
        try:
            pixels, is_transparent = read_image(file.path, self._channels, self._background)
        except UnusableImageError as error:
            self.left_out[self._folder.relative(file.path)] = str(error)
            return np.zeros((0, 0, self._channels), np.uint8)
        if is_transparent:
            self._transparent.add(file.path)
        return pixels

    def _as_dataset(
        self,
        split: str,
        decoders: Any = None,
        read_config: Any = None,
        shuffle_files: bool = False,
    ) -> tf.data.Dataset:
        del decoders, read_config, shuffle_files
        chosen: list[ImageFile] = []
        labels: list[np.ndarray] = []
        for name, rows in self.rows(split):
            chosen += [self._files[name][row] for row in rows]
            split_labels = self.labels(name)
            labels += [] if split_labels is None else [split_labels[rows]]
        shape = self.info.features["image"].shape

        def load(number: tf.Tensor) -> tf.Tensor:
            return tf.numpy_function(
                lambda n: self._decode(chosen[int(n)]), [number], tf.uint8, stateful=False
            )

        def usable(example: dict[str, tf.Tensor]) -> tf.Tensor:
            return tf.size(example["image"]) > 0

        def with_shape(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            return example | {"image": tf.ensure_shape(example["image"], shape)}

        numbers = {"image": np.arange(len(chosen))}
        if labels:
            numbers["label"] = np.concatenate(labels)
        return (
            tf.data.Dataset.from_tensor_slices(numbers)
            .map(
                lambda example: example | {"image": load(example["image"])},
                num_parallel_calls=PARALLEL_IMAGES,
            )
            .filter(usable)
            .map(with_shape)
        )


def _try_header(file: ImageFile) -> ImageHeader | UnusableImageError:
    try:
        return read_image_header(file.path)
    except UnusableImageError as error:
        return error


def folder_source(argument: str, background: str = "white") -> Source:
    """The source of `--dataset=folder:DIR`.

    Args:
        argument: the folder.
        background: the color behind transparent pixels.

    Raises:
        UserError: the folder is missing or holds no images.
    """
    folder = list_images(expand_user(argument, "--dataset=folder:").resolve())
    files = [file.path for files in folder.splits.values() for file in files]
    left_out = sorted(f"{folder.relative(path)} {why}" for path, why in folder.left_out.items())
    listed = hashlib.sha256("\n".join(left_out).encode()).hexdigest()
    fingerprint = f"{files_fingerprint(files, folder.root)}/{listed}/{background}"
    identity = f"folder:{folder.root}/{FolderBuilder.VERSION}/{fingerprint}"
    make_builder = functools.partial(FolderBuilder, folder, background)
    return Source(f"folder_{folder.root.name}", identity, make_builder)
