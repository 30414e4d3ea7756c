"""A data set on disk, prepared once and memory-mapped."""

import dataclasses
import hashlib
import json
import pathlib
import re

import numpy as np

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


@dataclasses.dataclass(frozen=True)
class Description:
    """What is known of a data set without preparing it.

    Attributes:
        dataset: The `--dataset` value.
        split: The split specification.
        num_examples: Of the split, before any class is chosen; a folder's undecodable pictures
            count until it is prepared. None for a TFDS data set that is not downloaded yet.
        example_shape: (H, W, C) or (D,).
        class_names: In label order, or None without labels.
    """

    dataset: str
    split: str
    num_examples: int | None
    example_shape: tuple[int, ...]
    class_names: tuple[str, ...] | None


@dataclasses.dataclass(frozen=True, eq=False)
class Store:
    """A prepared data set; nothing of it is in memory but its labels and selection.

    Attributes:
        examples: Memory-mapped uint8 [N, H, W, C] or float32 [N, D], every class.
        labels: int32 [N], or None; -1 where a class was not chosen.
        class_names: The chosen classes in label order, or None.
        selection: int64 rows of `examples` of the chosen classes, ascending; None for all.
        left_out: (file, reason) of each file of the source that could not be used.
        digest: Of the bytes of all examples and labels, whatever they were prepared from and where.
        draw_batch: Draws new examples for training, of which those stored are a sample; None where
            it is the stored ones that are trained on.
    """

    examples: np.memmap
    labels: np.ndarray | None
    class_names: tuple[str, ...] | None
    selection: np.ndarray | None
    left_out: tuple[tuple[str, str], ...]
    digest: str
    draw_batch: DrawBatch | None = None

    @property
    def num_examples(self) -> int:
        """The number of examples of the chosen classes."""
        return len(self.examples if self.selection is None else self.selection)

    @property
    def example_shape(self) -> tuple[int, ...]:
        """(H, W, C) or (D,)."""
        return self.examples.shape[1:]

    @property
    def class_counts(self) -> np.ndarray | None:
        """The number of examples of each chosen class, int64; None without labels."""
        if self.labels is None or self.class_names is None:
            return None
        chosen = self.labels[self.labels >= 0]
        return np.bincount(chosen, minlength=len(self.class_names))

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


def describe(
    dataset: str, *, data_dir: str, split: str, image_size: int, classes: tuple[str, ...] = ()
) -> Description:
    """Tells a data set's size and shape from headers and metadata; nothing is written.

    Args:
        dataset: The `--dataset` value.
        data_dir: The `--data_dir` value.
        split: TFDS split syntax, such as `train` or `train[:90%]`.
        image_size: Side of the images in pixels, 0 for the native size.
        classes: Names or numbers of the classes that are to be kept; checked alone.

    Raises:
        UserError: Anything that is known to be wrong with these.
    """
    description = _describe(dataset, data_dir=data_dir, split=split, image_size=image_size)
    # TFDS reads the names of some data sets' classes, cifar10's for one, out of the download.
    names_may_come = description.num_examples is None and all(
        name.isdecimal() for name in description.class_names or ()
    )
    if classes and not names_may_come:
        class_numbers(_require_labels(description.class_names, dataset, split, classes), classes)
    return description


def _describe(dataset: str, *, data_dir: str, split: str, image_size: int) -> Description:
    root = _local_folder(data_dir)
    source = resolve(dataset, root)
    metadata = read_metadata(_store_folder(root, source, split, image_size))
    if metadata is not None:
        return Description(
            dataset,
            split,
            metadata.num_examples,
            metadata.example_shape,
            metadata.class_names,
        )
    builder = make_builder(source, dataset)
    layout = choose_layout(builder, dataset=dataset, image_size=image_size)
    num_examples = None
    if builder.is_prepared():
        num_examples = num_split_examples(builder, split)
    else:
        check_obtainable(builder, dataset)
    return Description(dataset, split, num_examples, layout.example_shape, layout.class_names)


def open_store(
    dataset: str, *, data_dir: str, split: str, image_size: int, classes: tuple[str, ...]
) -> Store:
    """Opens a data set's store, preparing it first if need be.

    It runs TensorFlow operations: create a multi-worker strategy before.

    Args:
        dataset: The `--dataset` value.
        data_dir: The `--data_dir` value; stores lie in its folder `wgan_tf_stores`.
        split: TFDS split syntax, such as `train` or `train[:90%]`.
        image_size: Side of the images in pixels, 0 for the native size.
        classes: Names or numbers of the classes to keep, renumbered from 0 in the data set's order;
            empty for all.

    Raises:
        UserError: Anything wrong with these, with the data or with the folder.
    """
    root = _local_folder(data_dir)
    source = resolve(dataset, root)
    folder = _store_folder(root, source, split, image_size)
    prepare_store(source, folder, dataset=dataset, split=split, image_size=image_size)
    metadata = read_metadata(folder)
    assert metadata is not None
    examples, labels = _map_arrays(folder, metadata)
    selection, class_names = None, metadata.class_names
    if classes:
        class_names = _require_labels(class_names, dataset, split, classes)
        assert labels is not None
        selection, labels, class_names = select_classes(labels, class_names, classes)
    return Store(
        examples=examples,
        labels=labels,
        class_names=class_names,
        selection=selection,
        left_out=metadata.left_out,
        digest=metadata.digest,
        # A part of the sample is asked for as it is.
        draw_batch=source.draw_batch if split == "train" and not classes else None,
    )


def _require_labels(
    class_names: tuple[str, ...] | None, dataset: str, split: str, classes: tuple[str, ...]
) -> tuple[str, ...]:
    if class_names is None:
        raise UserError(
            f"--classes={','.join(classes)} needs labels, but --dataset={dataset} has none in "
            f"the split {split}; leave --classes empty."
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
