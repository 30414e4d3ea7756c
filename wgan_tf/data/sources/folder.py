"""`--dataset=folder:DIR`: a folder of pictures, classes by subfolder if there are any."""

import concurrent.futures
import dataclasses
import functools
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from wgan_tf.data.images import PARALLEL_PICTURES
from wgan_tf.data.sources.picture_files import (
    PictureHeader,
    UnusablePictureError,
    picture_extensions,
    read_picture,
    read_picture_header,
)
from wgan_tf.data.sources.source import InPlaceBuilder, Source, files_fingerprint
from wgan_tf.data.splits import split_ranges
from wgan_tf.errors import UserError


@dataclasses.dataclass(frozen=True)
class PictureFolder:
    """The picture files below a folder, in sorted order.

    Attributes:
        root: The folder.
        files: Every picture file that belongs to the data set.
        class_names: The subfolders with pictures, sorted; empty if there are none.
        strays: Picture files that lie beside the class folders.
    """

    root: pathlib.Path
    files: tuple[pathlib.Path, ...]
    class_names: tuple[str, ...]
    strays: tuple[pathlib.Path, ...]


def list_pictures(root: pathlib.Path) -> PictureFolder:
    """Lists a folder's pictures without opening them; hidden and other files are passed over.

    Raises:
        UserError: The folder is missing or holds no pictures.
    """
    if not root.is_dir():
        raise UserError(f"--dataset=folder:{root} is not a folder; give one with pictures.")
    extensions = picture_extensions()

    def pictures(names: list[str], parent: pathlib.Path) -> list[pathlib.Path]:
        visible = (name for name in names if not name.startswith("."))
        return [
            parent / name for name in visible if pathlib.Path(name).suffix.lower() in extensions
        ]

    def below(folder: pathlib.Path) -> Iterator[pathlib.Path]:
        for parent, folders, names in os.walk(folder, onerror=_raise):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from pictures(names, pathlib.Path(parent))

    entries = [entry for entry in root.iterdir() if not entry.name.startswith(".")]
    direct = sorted(pictures([entry.name for entry in entries if entry.is_file()], root))
    classes = {entry.name: sorted(below(entry)) for entry in sorted(entries) if entry.is_dir()}
    classes = {name: files for name, files in classes.items() if files}
    if not direct and not classes:
        raise UserError(
            f"--dataset=folder:{root} holds no pictures; give a folder with files such as .png or "
            ".jpg, or with one subfolder of them for each class."
        )
    if not classes:
        return PictureFolder(root, tuple(direct), (), ())
    files = tuple(file for class_files in classes.values() for file in class_files)
    return PictureFolder(root, files, tuple(classes), tuple(direct))


class FolderBuilder(InPlaceBuilder):
    """A folder's pictures: uint8 [H, W, C], C by majority; labels by subfolder; split `train`."""

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, folder: PictureFolder) -> None:
        self._root = folder.root
        left_out = {self._relative(file): "is in no class folder" for file in folder.strays}
        headers: dict[pathlib.Path, PictureHeader] = {}
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for file, header in zip(folder.files, pool.map(_try_header, folder.files), strict=True):
                if isinstance(header, UnusablePictureError):
                    left_out[self._relative(file)] = str(header)
                else:
                    headers[file] = header
        if not headers:
            raise UserError(
                f"--dataset=folder:{self._root} holds no usable picture, the first of "
                f"{len(left_out)}, {next(iter(left_out))}, {next(iter(left_out.values()))}; give "
                "pictures with 8 bits a sample that Pillow can decode."
            )
        num_grey = sum(header.channels == 1 for header in headers.values())
        self._channels = 1 if 2 * num_grey > len(headers) else 3
        kinds = {1: "is greyscale among colour pictures", 3: "is colour among greyscale pictures"}
        for file, header in headers.items():
            if header.channels != self._channels:
                left_out[self._relative(file)] = kinds[header.channels]
        self._files = [f for f, header in headers.items() if header.channels == self._channels]
        sizes = {(headers[file].height, headers[file].width) for file in self._files}
        # A stored size is the upright one too only if it is square.
        height, width = sizes.pop() if len(sizes) == 1 else (None, None)
        if height != width:
            height, width = None, None
        features: dict[str, tfds.features.FeatureConnector] = {
            "image": tfds.features.Image(shape=(height, width, self._channels))
        }
        self._labels: list[int] | None = None
        if folder.class_names:
            features["label"] = tfds.features.ClassLabel(names=list(folder.class_names))
            numbers = {name: number for number, name in enumerate(folder.class_names)}
            self._labels = [numbers[f.relative_to(self._root).parts[0]] for f in self._files]
        super().__init__(
            location=self._root, features=features, split_sizes={"train": len(self._files)}
        )
        self.left_out = left_out

    def _relative(self, file: pathlib.Path) -> str:
        return str(file.relative_to(self._root))

    def _decode(self, number: np.ndarray) -> np.ndarray:
        file = self._files[int(number)]
        try:
            return read_picture(file, self._channels)
        except UnusablePictureError as error:
            self.left_out[self._relative(file)] = str(error)
            return np.zeros((0, 0, self._channels), np.uint8)

    def _as_dataset(
        self,
        split: str,
        decoders: Any = None,
        read_config: Any = None,
        shuffle_files: bool = False,
    ) -> tf.data.Dataset:
        del decoders, read_config, shuffle_files
        chosen = np.concatenate([np.arange(r.start, r.stop) for r in split_ranges(self, split)])
        shape = self.info.features["image"].shape

        def load(number: tf.Tensor) -> tf.Tensor:
            return tf.numpy_function(self._decode, [number], tf.uint8, stateful=False)

        def usable(example: dict[str, tf.Tensor]) -> tf.Tensor:
            return tf.size(example["image"]) > 0

        def with_shape(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            return example | {"image": tf.ensure_shape(example["image"], shape)}

        numbers = {"image": chosen}
        if self._labels is not None:
            numbers["label"] = np.asarray(self._labels, np.int64)[chosen]
        return (
            tf.data.Dataset.from_tensor_slices(numbers)
            .map(
                lambda example: example | {"image": load(example["image"])},
                num_parallel_calls=PARALLEL_PICTURES,
            )
            .filter(usable)
            .map(with_shape)
        )


def _raise(error: OSError) -> None:
    raise error


def _try_header(file: pathlib.Path) -> PictureHeader | UnusablePictureError:
    try:
        return read_picture_header(file)
    except UnusablePictureError as error:
        return error


def folder_source(argument: str) -> Source:
    """The source of `--dataset=folder:DIR`.

    Raises:
        UserError: The folder is missing or holds no pictures.
    """
    folder = list_pictures(pathlib.Path(argument).expanduser().resolve())
    fingerprint = files_fingerprint([*folder.files, *folder.strays], folder.root)
    identity = f"folder:{folder.root}/{FolderBuilder.VERSION}/{fingerprint}"
    make_builder = functools.partial(FolderBuilder, folder)
    return Source(f"folder_{folder.root.name}", identity, make_builder)
