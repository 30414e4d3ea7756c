"""Writes a store: streams a TFDS builder's examples into files, once."""

import contextlib
import pathlib
import shutil
import sys
from collections.abc import Iterator

import filelock
import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
import tqdm

from wgan_tf.data.images import PARALLEL_IMAGES, Fit, fit_square
from wgan_tf.data.layout import Layout, choose_layout
from wgan_tf.data.metadata import (
    EXAMPLES_FILE,
    LABELS_FILE,
    METADATA_FILE,
    Metadata,
    read_metadata,
    write_metadata,
)
from wgan_tf.data.npy_writer import NpyWriter
from wgan_tf.data.sources.registry import make_builder
from wgan_tf.data.sources.source import InPlaceBuilder, Source
from wgan_tf.data.sources.tfds_source import obtain
from wgan_tf.data.splits import num_split_examples
from wgan_tf.data.verification import find_damage
from wgan_tf.errors import UserError, reason
from wgan_tf.files import is_full_disk
from wgan_tf.log import log_to_stderr

_BATCH_BYTES = 8 << 20
_NUM_WARNINGS = 10


def prepare_store(
    source: Source,
    folder: pathlib.Path,
    *,
    dataset: str,
    split: str,
    image_size: int,
    fit: Fit = fit_square,
    verify: bool = False,
) -> Metadata:
    """Makes the store `folder` unless it is there whole; safe against other processes and kills.

    Args:
        source: what to read.
        folder: the store's.
        dataset: the `--dataset` value.
        split: the split specification.
        image_size: the side of the stored images in pixels; 0 for the native size.
        fit: brings an image to that size.
        verify: whether to read all of a store that is there to see that it is whole, rather than
            a part.

    Raises:
        UserError: the data cannot be had or read, or the folder cannot be written.
    """
    metadata, damage = _read_whole(folder, verify)
    if metadata is not None:
        return metadata
    with _write_errors_told(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(f"{folder.name}.lock")):
            metadata, damage = _read_whole(folder, verify)
            if metadata is not None:
                return metadata
            if damage is not None:
                log_to_stderr(
                    f"The prepared data in {folder} are damaged ({damage}) and are made again."
                )
            builder = make_builder(source, dataset)
            if not builder.is_prepared():
                log_to_stderr(f"Downloading and preparing {dataset} into {builder.data_dir} ...")
                with _locked(folder.with_name(f"{source.name.replace('/', '-')}.lock")):
                    obtain(builder, dataset)
            layout = choose_layout(builder, dataset=dataset, image_size=image_size)
            partial = folder.with_name(f"{folder.name}.partial")
            # Whoever wrote here was killed: the lock is ours.
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                metadata = _write_store(
                    builder, layout, partial, dataset=dataset, split=split, fit=fit
                )
                # What lies there is no store, or a damaged one.
                shutil.rmtree(folder, ignore_errors=True)
                partial.rename(folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    _log_about_source(metadata, folder)
    return metadata


def _read_whole(folder: pathlib.Path, verify: bool) -> tuple[Metadata | None, str | None]:
    """The metadata of a store in which no damage is found; or None, and the damage if any."""
    metadata = read_metadata(folder)
    if metadata is None:
        is_there = (folder / METADATA_FILE).exists()
        return None, f"{METADATA_FILE} cannot be read" if is_there else None
    damage = find_damage(folder, metadata, whole=verify)
    return (metadata, None) if damage is None else (None, damage)


def _write_store(
    builder: tfds.core.DatasetBuilder,
    layout: Layout,
    folder: pathlib.Path,
    *,
    dataset: str,
    split: str,
    fit: Fit,
) -> Metadata:
    num_expected = num_split_examples(builder, split)
    _check_space(folder, num_expected, layout)
    log_to_stderr(
        f"Preparing {num_expected} examples of {dataset}, split {split}, in {folder.parent} ..."
    )
    is_labelled = layout.label_key is not None
    with (
        NpyWriter(folder / EXAMPLES_FILE, layout.dtype, layout.example_shape) as examples,
        NpyWriter(folder / LABELS_FILE, np.dtype(np.int32), ()) as labels,
        tqdm.tqdm(total=num_expected, unit="ex", disable=not sys.stderr.isatty()) as progress,
    ):
        for batch in _read_batches(builder, layout, dataset=dataset, split=split, fit=fit):
            examples.append(batch["examples"])
            if "labels" in batch:
                labels.append(batch["labels"])
                # TFDS marks the examples of an unlabelled split by -1.
                is_labelled = is_labelled and bool((batch["labels"] >= 0).all())
            progress.update(len(batch["examples"]))
    kept = {EXAMPLES_FILE: examples, LABELS_FILE: labels}
    if not is_labelled:
        (folder / LABELS_FILE).unlink()
        del kept[LABELS_FILE]
    left_out = builder.left_out if isinstance(builder, InPlaceBuilder) else {}
    if not examples.num_rows:
        raise UserError(
            f"--dataset={dataset} has no usable example in the split {split}: the first of "
            f"{len(left_out)} left out, {next(iter(left_out))}, {next(iter(left_out.values()))}; "
            "repair the files or choose another split."
        )
    metadata = Metadata(
        dataset=dataset,
        split=split,
        num_examples=examples.num_rows,
        example_shape=layout.example_shape,
        class_names=layout.class_names if is_labelled else None,
        left_out=tuple(sorted(left_out.items())),
        notes=builder.notes() if isinstance(builder, InPlaceBuilder) else (),
        digest="-".join(array.digest for array in kept.values()),
        checksums={name: tuple(array.checksums) for name, array in kept.items()},
    )
    write_metadata(metadata, folder)
    return metadata


def _read_batches(
    builder: tfds.core.DatasetBuilder, layout: Layout, *, dataset: str, split: str, fit: Fit
) -> Iterator[dict[str, np.ndarray]]:
    def to_store(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        value = example[layout.example_key]
        if layout.source_shape != layout.example_shape:
            value = tf.numpy_function(
                lambda image: fit(image, layout.example_shape[0]),
                [value],
                tf.uint8,
                stateful=False,
            )
        stored = {"examples": tf.ensure_shape(tf.cast(value, layout.dtype), layout.example_shape)}
        if layout.label_key is not None:
            stored["labels"] = tf.cast(example[layout.label_key], tf.int32)
        return stored

    keys = (
        [layout.example_key]
        if layout.label_key is None
        else [
            layout.example_key,
            layout.label_key,
        ]
    )
    example_bytes = layout.dtype.itemsize * int(np.prod(layout.example_shape))
    pipeline = (
        builder.as_dataset(
            split=split,
            decoders=tfds.decode.PartialDecoding(dict.fromkeys(keys, True)),
            # A cached or widely interleaved source would have to fit in memory.
            read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
        )
        .map(to_store, num_parallel_calls=PARALLEL_IMAGES)
        .batch(max(1, min(1024, _BATCH_BYTES // example_bytes)))
        .prefetch(1)
    )
    try:
        yield from pipeline.as_numpy_iterator()
    except tf.errors.OpError as error:
        failure = builder.failure if isinstance(builder, InPlaceBuilder) else None
        if isinstance(failure, UserError):
            raise failure from error
        raise UserError(
            f"--dataset={dataset} cannot be read from {builder.data_dir} "
            f"({reason(failure or error)}), the data are damaged; fetch or prepare them again."
        ) from error


def _check_space(folder: pathlib.Path, num_examples: int, layout: Layout) -> None:
    row_bytes = layout.dtype.itemsize * int(np.prod(layout.example_shape)) + 4
    needed, free = num_examples * row_bytes, shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"--data_dir: {folder.parent} has {free / 1e9:.2f} GB free, but {needed / 1e9:.2f} GB "
            "are needed for the prepared data; free some space or give another folder."
        )


@contextlib.contextmanager
def _write_errors_told(folder: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why, remedy = f"({error})", "give a --data_dir where you may write"
        if is_full_disk(error):
            why = "because the disk is full"
            remedy = "free some space or give a --data_dir on another disk"
        raise UserError(
            f"the prepared data cannot be written into {folder} {why}; {remedy}."
        ) from error


@contextlib.contextmanager
def _locked(path: pathlib.Path) -> Iterator[None]:
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        log_to_stderr(f"Waiting for another process that is preparing the same data ({path}) ...")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _log_about_source(metadata: Metadata, folder: pathlib.Path) -> None:
    for note in metadata.notes:
        log_to_stderr(f"Of --dataset={metadata.dataset}, {note}.")
    for file, why in metadata.left_out[:_NUM_WARNINGS]:
        log_to_stderr(f"Warning: left out {file}: {why}.")
    if metadata.left_out:
        log_to_stderr(
            f"Warning: left out {len(metadata.left_out)} files, kept {metadata.num_examples}; "
            f"{folder / METADATA_FILE} lists them all."
        )
