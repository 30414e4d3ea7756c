"""A data set on disk, prepared once and memory-mapped."""

import dataclasses
import hashlib
import json
import math
import pathlib
import re
from collections.abc import Iterator

import numpy as np

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.layout import choose_layout
from wgan_tf.data.metadata import EXAMPLES_FILE, LABELS_FILE, Metadata, read_metadata
from wgan_tf.data.preparation import prepare_store
from wgan_tf.data.selection import class_numbers, select_classes
from wgan_tf.data.sources.registry import make_builder, resolve
from wgan_tf.data.sources.source import DrawBatch, InPlaceBuilder, Source
from wgan_tf.data.sources.tfds_source import check_obtainable
from wgan_tf.data.splits import num_split_examples
from wgan_tf.data.verification import find_damage
from wgan_tf.errors import UserError
from wgan_tf.options import format_value
from wgan_tf.paths import expand_user

_FORMAT_VERSION = 3
_FILES_TRIED = 2000
_VALUES_IN_BLOCK = 20_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Store:
    """A prepared data set; nothing of it is in memory but its labels and selection.

    Attributes:
        examples: memory-mapped uint8 [N, H, W, C] or float32 [N, D], every class.
        labels: int32 [N], or None; -1 where a class was not chosen.
        selection: int64 rows of `examples` of the chosen classes, ascending; None for all.
        info: of the examples of the chosen classes.
        left_out: (file, reason) of each file of the source that could not be used.
        notes: clauses on how the source was read.
        draw_batch: draws new examples for training, of which those stored are a sample; None where
            it is the stored ones that are trained on.
    """

    examples: np.memmap
    labels: np.ndarray | None
    selection: np.ndarray | None
    info: DatasetInfo
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    draw_batch: DrawBatch | None = None

    @property
    def num_examples(self) -> int:
        """The number of examples of the chosen classes."""
        return len(self.examples if self.selection is None else self.selection)

    @property
    def example_shape(self) -> tuple[int, ...]:
        """(H, W, C) or (D,)."""
        return self.info.example_shape

    def read(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Reads examples of the chosen classes into memory.

        Args:
            indices: integers [n] from 0 to `num_examples` - 1.

        Returns:
            The examples [n, ...] in their own dtype and the int32 labels [n], None without labels.
        """
        rows = indices if self.selection is None else self.selection[indices]
        examples = self.examples.view(np.ndarray).take(rows, axis=0)
        return examples, None if self.labels is None else self.labels.take(rows)

    def read_blocks(self, indices: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Reads many examples, some at a time: their numbers int64 [n], and the examples [n, ...].

        Args:
            indices: as `read` takes them.
        """
        size = max(1, _VALUES_IN_BLOCK // math.prod(self.example_shape))
        for start in range(0, len(indices), size):
            block = indices[start : start + size]
            yield block, self.read(block)[0]


def describe(config: Config, split: str) -> DatasetInfo:
    """Tells the size and shape of a split of `--dataset` from headers and metadata alone.

    Nothing is written. Images of a folder that cannot be decoded count until it is prepared. Where
    the examples of each class are not known yet, as of TFDS's data sets, all classes are counted.

    Args:
        config: names the data set, its folder, the size of its images and the classes to keep.
        split: TFDS split syntax, such as `train` or `train[:90%]`.

    Raises:
        UserError: anything that is known to be wrong with these.
    """
    info, labels = _describe(config, split)
    if not config.classes:
        return info
    # TFDS reads the names of some data sets' classes, cifar10's for one, out of the download.
    if info.num_examples is None and all(name.isdecimal() for name in info.class_names or ()):
        return dataclasses.replace(info, class_names=tuple(dict.fromkeys(config.classes)))
    names = _require_labels(info.class_names, config, split)
    if labels is None:
        numbers = class_numbers(names, config.classes)
        return dataclasses.replace(info, class_names=tuple(names[n] for n in numbers))
    selection, labels, names = select_classes(labels, names, config.classes)
    return dataclasses.replace(
        info,
        num_examples=len(selection),
        class_names=names,
        class_counts=_class_counts(labels, names),
    )


def _describe(config: Config, split: str) -> tuple[DatasetInfo, np.ndarray | None]:
    """The description of all classes, and the labels where they are at hand."""
    root, source = _resolve(config)
    folder = _store_folder(root, source, split, config.image_size)
    metadata = read_metadata(folder)
    if metadata is not None and find_damage(folder, metadata) is None:
        labels = _map_arrays(folder, metadata)[1]
        return _info(metadata, metadata.num_examples, metadata.class_names, labels), labels
    builder = make_builder(source, config.dataset)
    layout = choose_layout(builder, dataset=config.dataset, image_size=config.image_size)
    if not builder.is_prepared():
        check_obtainable(builder, config.dataset)
        return DatasetInfo(layout.example_shape, None, layout.class_names), None
    info = DatasetInfo(layout.example_shape, num_split_examples(builder, split), layout.class_names)
    labels = builder.split_labels(split) if isinstance(builder, InPlaceBuilder) else None
    if labels is None or info.class_names is None:
        return info, None
    if (labels < 0).any():
        return dataclasses.replace(info, class_names=None), None
    return dataclasses.replace(info, class_counts=_class_counts(labels, info.class_names)), labels


@dataclasses.dataclass(frozen=True)
class SourceReport:
    """How the files of a split are read, or would be.

    Attributes:
        notes: clauses for people.
        left_out: (file, reason) of each file that cannot be used, as far as they have been tried.
        num_tried: examples that have been read to see; None where all have been.
    """

    notes: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    num_tried: int | None


def report_source(config: Config, split: str) -> SourceReport:
    """Looks into the files of a split as preparing it would, and writes nothing.

    Of files that are not prepared, up to 2,000 examples are read, which are drawn at random.

    Raises:
        UserError: as of `describe`, or none of the images that were tried is usable.
    """
    root, source = _resolve(config)
    metadata = read_metadata(_store_folder(root, source, split, config.image_size))
    if metadata is not None:
        return SourceReport(metadata.notes, metadata.left_out, None)
    builder = make_builder(source, config.dataset)
    if not isinstance(builder, InPlaceBuilder):
        return SourceReport((), (), None)
    num_tried, num_unusable = builder.try_examples(split, _FILES_TRIED)
    left_out = tuple(sorted(builder.left_out.items()))
    if num_tried and num_unusable == num_tried:
        raise UserError(
            f"--dataset={config.dataset} has no usable image among {num_tried:,} that were tried, "
            f"the first of them, {left_out[0][0]}, {left_out[0][1]}; repair the files."
        )
    is_all = num_tried == num_split_examples(builder, split) or not num_tried
    return SourceReport(builder.notes(), left_out, None if is_all else num_tried)


def open_store(config: Config, split: str) -> Store:
    """Opens a split of `--dataset`, preparing it first if need be.

    It runs TensorFlow operations: create a multi-worker strategy before.

    Args:
        config: names the data set, the folder in whose `wgan_tf_stores` stores lie, the size of its
            images, and the classes to keep, which are renumbered from 0 in the data set's order.
        split: TFDS split syntax, such as `train` or `train[:90%]`.

    Raises:
        UserError: anything wrong with these, with the data or with the folder.
    """
    root, source = _resolve(config)
    folder = _store_folder(root, source, split, config.image_size)
    metadata = prepare_store(
        source,
        folder,
        dataset=config.dataset,
        split=split,
        image_size=config.image_size,
        verify=config.verify_data,
    )
    examples, labels = _map_arrays(folder, metadata)
    selection, class_names = None, metadata.class_names
    if config.classes:
        class_names = _require_labels(class_names, config, split)
        assert labels is not None
        selection, labels, class_names = select_classes(labels, class_names, config.classes)
    num_examples = metadata.num_examples if selection is None else len(selection)
    return Store(
        examples=examples,
        labels=labels,
        selection=selection,
        info=_info(metadata, num_examples, class_names, labels),
        left_out=metadata.left_out,
        notes=metadata.notes,
        # A part of the sample is asked for as it is.
        draw_batch=source.draw_batch if split == "train" and not config.classes else None,
    )


def _info(
    metadata: Metadata,
    num_examples: int,
    class_names: tuple[str, ...] | None,
    labels: np.ndarray | None,
) -> DatasetInfo:
    return DatasetInfo(
        example_shape=metadata.example_shape,
        num_examples=num_examples,
        class_names=class_names,
        digest=metadata.digest,
        class_counts=None
        if labels is None or class_names is None
        else _class_counts(labels, class_names),
    )


def _class_counts(labels: np.ndarray, class_names: tuple[str, ...]) -> tuple[int, ...]:
    counts = np.bincount(labels[labels >= 0], minlength=len(class_names))
    return tuple(map(int, counts))


def _resolve(config: Config) -> tuple[pathlib.Path, Source]:
    root = _local_folder(config.data_dir)
    return root, resolve(config.dataset, root, config.background)


def _require_labels(
    class_names: tuple[str, ...] | None, config: Config, split: str
) -> tuple[str, ...]:
    if class_names is None:
        raise UserError(
            f"--classes={format_value(config.classes)} needs labels, but --dataset="
            f"{config.dataset} has none in the split {split}; leave --classes empty."
        )
    return class_names


def _local_folder(data_dir: str) -> pathlib.Path:
    if "://" in data_dir:
        raise UserError(f"--data_dir={data_dir} is not a local folder; give one on a disk.")
    return expand_user(data_dir, "--data_dir=").resolve()


def _fingerprint(source: Source, split: str, image_size: int) -> str:
    text = json.dumps([_FORMAT_VERSION, source.identity, split, image_size])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _store_folder(root: pathlib.Path, source: Source, split: str, image_size: int) -> pathlib.Path:
    readable = re.sub(r"\W+", "_", f"{source.name}-{split}-{image_size or 'native'}")[:80]
    return root / "wgan_tf_stores" / f"{readable}-{_fingerprint(source, split, image_size)}"


def _map_arrays(folder: pathlib.Path, metadata: Metadata) -> tuple[np.memmap, np.ndarray | None]:
    try:
        examples = np.load(folder / EXAMPLES_FILE, mmap_mode="r", allow_pickle=False)
        labels = None
        if metadata.class_names is not None:
            labels = np.load(folder / LABELS_FILE, allow_pickle=False)
        whole = examples.shape == (metadata.num_examples, *metadata.example_shape)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(
            f"the prepared data in {folder} cannot be read ({error}); delete that "
            "folder to have it made again."
        ) from error
    if not whole:
        raise UserError(
            f"the prepared data in {folder} are damaged; delete that folder to have it made again."
        )
    return examples, labels
