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
from wgan_tf.data.sources.source import DrawBatch, Source
from wgan_tf.data.sources.tfds_source import check_obtainable
from wgan_tf.data.splits import num_split_examples
from wgan_tf.errors import UserError

_FORMAT_VERSION = 3
_VALUES_IN_BLOCK = 20_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Store:
    """A prepared data set; nothing of it is in memory but its labels and selection.

    Attributes:
        examples: Memory-mapped uint8 [N, H, W, C] or float32 [N, D], every class.
        labels: int32 [N], or None; -1 where a class was not chosen.
        selection: int64 rows of `examples` of the chosen classes, ascending; None for all.
        info: Of the examples of the chosen classes.
        left_out: (file, reason) of each file of the source that could not be used.
        draw_batch: Draws new examples for training, of which those stored are a sample; None where
            it is the stored ones that are trained on.
    """

    examples: np.memmap
    labels: np.ndarray | None
    selection: np.ndarray | None
    info: DatasetInfo
    left_out: tuple[tuple[str, str], ...]
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
            indices: Integers [n] from 0 to `num_examples` - 1.

        Returns:
            The examples [n, ...] in their own dtype and the int32 labels [n], None without labels.
        """
        rows = indices if self.selection is None else self.selection[indices]
        examples = self.examples.view(np.ndarray).take(rows, axis=0)
        return examples, None if self.labels is None else self.labels.take(rows)

    def read_blocks(self, indices: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Reads many examples, some at a time: their numbers int64 [n], and the examples [n, ...].

        Args:
            indices: As `read` takes them.
        """
        size = max(1, _VALUES_IN_BLOCK // math.prod(self.example_shape))
        for start in range(0, len(indices), size):
            block = indices[start : start + size]
            yield block, self.read(block)[0]


def describe(config: Config, split: str) -> DatasetInfo:
    """Tells the size and shape of a split of `--dataset` from headers and metadata alone.

    Nothing is written. What is counted are the examples before any class is chosen, and of a folder
    those that cannot be decoded as well.

    Args:
        config: Names the data set, its folder, the size of its images and the classes to keep,
            which are checked alone.
        split: TFDS split syntax, such as `train` or `train[:90%]`.

    Raises:
        UserError: Anything that is known to be wrong with these.
    """
    info = _describe(config, split)
    # TFDS reads the names of some data sets' classes, cifar10's for one, out of the download.
    names_may_come = info.num_examples is None and all(
        name.isdecimal() for name in info.class_names or ()
    )
    if config.classes and not names_may_come:
        class_numbers(_require_labels(info.class_names, config, split), config.classes)
    return info


def _describe(config: Config, split: str) -> DatasetInfo:
    root = _local_folder(config.data_dir)
    source = resolve(config.dataset, root)
    metadata = read_metadata(_store_folder(root, source, split, config.image_size))
    if metadata is not None:
        return DatasetInfo(metadata.example_shape, metadata.num_examples, metadata.class_names)
    builder = make_builder(source, config.dataset)
    layout = choose_layout(builder, dataset=config.dataset, image_size=config.image_size)
    num_examples = None
    if builder.is_prepared():
        num_examples = num_split_examples(builder, split)
    else:
        check_obtainable(builder, config.dataset)
    return DatasetInfo(layout.example_shape, num_examples, layout.class_names)


def open_store(config: Config, split: str) -> Store:
    """Opens a split of `--dataset`, preparing it first if need be.

    It runs TensorFlow operations: create a multi-worker strategy before.

    Args:
        config: Names the data set, the folder in whose `wgan_tf_stores` stores lie, the size of its
            images, and the classes to keep, which are renumbered from 0 in the data set's order.
        split: TFDS split syntax, such as `train` or `train[:90%]`.

    Raises:
        UserError: Anything wrong with these, with the data or with the folder.
    """
    root = _local_folder(config.data_dir)
    source = resolve(config.dataset, root)
    folder = _store_folder(root, source, split, config.image_size)
    prepare_store(source, folder, dataset=config.dataset, split=split, image_size=config.image_size)
    metadata = read_metadata(folder)
    assert metadata is not None
    examples, labels = _map_arrays(folder, metadata)
    selection, class_names, class_counts = None, metadata.class_names, None
    if config.classes:
        class_names = _require_labels(class_names, config, split)
        assert labels is not None
        selection, labels, class_names = select_classes(labels, class_names, config.classes)
    if labels is not None and class_names is not None:
        counts = np.bincount(labels[labels >= 0], minlength=len(class_names))
        class_counts = tuple(map(int, counts))
    return Store(
        examples=examples,
        labels=labels,
        selection=selection,
        info=DatasetInfo(
            example_shape=metadata.example_shape,
            num_examples=metadata.num_examples if selection is None else len(selection),
            class_names=class_names,
            digest=metadata.digest,
            class_counts=class_counts,
        ),
        left_out=metadata.left_out,
        # A part of the sample is asked for as it is.
        draw_batch=source.draw_batch if split == "train" and not config.classes else None,
    )


def _require_labels(
    class_names: tuple[str, ...] | None, config: Config, split: str
) -> tuple[str, ...]:
    if class_names is None:
        raise UserError(
            f"--classes={','.join(config.classes)} needs labels, but --dataset={config.dataset} "
            f"has none in the split {split}; leave --classes empty."
        )
    return class_names


def _local_folder(data_dir: str) -> pathlib.Path:
    if "://" in data_dir:
        raise UserError(f"--data_dir={data_dir} is not a local folder; give one on a disk.")
    return pathlib.Path(data_dir).expanduser().resolve()


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
