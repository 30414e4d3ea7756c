"""A data set on disk, prepared once and memory-mapped."""

import dataclasses
import math
import pathlib
from collections.abc import Iterator

import numpy as np

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.layout import choose_layout
from wgan_tf.data.location import fit_of, resolve_source, store_folder
from wgan_tf.data.metadata import EXAMPLES_FILE, LABELS_FILE, Metadata, read_metadata
from wgan_tf.data.preparation import prepare_store
from wgan_tf.data.selection import class_numbers, select_classes
from wgan_tf.data.sources.registry import make_builder
from wgan_tf.data.sources.source import DrawBatch, InPlaceBuilder
from wgan_tf.data.sources.tfds_source import check_obtainable
from wgan_tf.data.splits import num_split_examples
from wgan_tf.data.verification import find_damage
from wgan_tf.errors import UserError
from wgan_tf.options import format_value

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
    source = resolve_source(config)
    folder = store_folder(config, source, split)
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
    source = resolve_source(config)
    folder = store_folder(config, source, split)
    metadata = prepare_store(
        source,
        folder,
        dataset=config.dataset,
        split=split,
        image_size=config.image_size,
        fit=fit_of(config),
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


def _require_labels(
    class_names: tuple[str, ...] | None, config: Config, split: str
) -> tuple[str, ...]:
    if class_names is None:
        raise UserError(
            f"--classes={format_value(config.classes)} needs labels, but --dataset="
            f"{config.dataset} has none in the split {split}; leave --classes empty."
        )
    return class_names


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
