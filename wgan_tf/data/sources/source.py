"""What a data set comes from, and TFDS builders that read a source where it lies."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from wgan_tf.data.sources.image_files import ImageHeader
from wgan_tf.data.splits import split_ranges
from wgan_tf.data.stratification import stratified_order

# (seed, number of the batch, int64 [], and its size) -> `{"examples": [n, ...]}` and, of a labelled
# data set, `"labels"`, int32 [n]: a pure function in TensorFlow operations.
DrawBatch = Callable[[int, tf.Tensor, int], dict[str, tf.Tensor]]
# (name of its file, "" without; uint8 [H, W, C]).
SeeImage = Callable[[str, np.ndarray], None]


@dataclasses.dataclass(frozen=True)
class Source:
    """A resolved data set specification.

    Attributes:
        name: a short readable name.
        identity: changes whenever the examples that the source yields may change.
        make_builder: makes the TFDS builder; it reads headers or metadata only. Raises `UserError`.
        draw_batch: draws new examples of the distribution of which the split `train` is a sample;
            None where there is no more than the sample.
    """

    name: str
    identity: str
    make_builder: Callable[[], tfds.core.DatasetBuilder]
    draw_batch: DrawBatch | None = None


class InPlaceBuilder(tfds.core.DatasetBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A builder with nothing to prepare, as TFDS's own `ImageFolder` is.

    Attributes:
        failure: what stopped the last reading; TensorFlow reports it as a mere text.
        left_out: file to reason, for each file of the source that could not be used.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # TFDS's registry holds the data sets that are found by their name alone.
        super().__init_subclass__(skip_registration=True, **kwargs)

    def __init__(
        self,
        *,
        location: pathlib.Path,
        features: Mapping[str, tfds.features.FeatureConnector],
        split_sizes: Mapping[str, int],
    ) -> None:
        self._features = tfds.features.FeaturesDict(dict(features))
        self.failure: Exception | None = None
        self.left_out: dict[str, str] = {}
        super().__init__(data_dir=location)
        self._data_dir = str(location)
        self.info.set_splits(
            tfds.core.SplitDict(
                [
                    tfds.core.SplitInfo(name=name, shard_lengths=[size], num_bytes=0)
                    for name, size in split_sizes.items()
                ]
            )
        )

    def order(self, split_name: str) -> np.ndarray:
        """The order that parts of a split are taken in, a permutation, int64; as stored here."""
        return np.arange(self.info.splits[split_name].num_examples)

    def labels(self, split_name: str) -> np.ndarray | None:
        """The class of each example of a split, int64, -1 where it has none; None if not known."""
        del split_name
        return None

    def notes(self) -> tuple[str, ...]:
        """Clauses on how the source has been read, for people; more after reading."""
        return ()

    def headers(self, split: str) -> Sequence[ImageHeader]:
        """What the headers of a split's image files tell; none of other sources."""
        del split
        return ()

    def try_examples(self, split: str, most: int, see: SeeImage) -> tuple[int, int]:
        """Reads some examples, drawn at random, of a split specification.

        Args:
            split: the specification.
            most: of examples.
            see: is given every image that can be used, from any thread.

        Returns:
            How many were tried, and how many of them were unusable.
        """
        del split, most, see
        return 0, 0

    def rows(self, split: str) -> list[tuple[str, np.ndarray]]:
        """The rows that a specification names: (split, int64 rows, ascending) of each range.

        A range of less than a split is a stretch of its `order`.

        Raises:
            UserError: as `split_ranges`.
        """
        parts = []
        for part in split_ranges(self, split):
            is_whole = part.stop - part.start == self.info.splits[part.name].num_examples
            order = np.arange(part.stop) if is_whole else self.order(part.name)
            parts.append((part.name, np.sort(order[part.start : part.stop])))
        return parts

    def split_labels(self, split: str) -> np.ndarray | None:
        """The classes of the examples that a specification names; None where they are not known."""
        parts = [(self.labels(name), rows) for name, rows in self.rows(split)]
        known = [labels[rows] for labels, rows in parts if labels is not None]
        return np.concatenate(known) if len(known) == len(parts) else None

    def is_prepared(self) -> bool:
        """Always: the source is read in place."""
        return True

    def download_and_prepare(self, **kwargs: Any) -> None:
        """Does nothing: the source is read in place."""

    def _download_and_prepare(self, **kwargs: Any) -> None:
        raise NotImplementedError

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(builder=self, features=self._features)


class ChunkBuilder(InPlaceBuilder):
    """An `InPlaceBuilder` of examples of one shape, read many at a time."""

    def read(self, split_name: str, rows: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
        """Yields the examples of a split at ascending rows in chunks of any length."""
        raise NotImplementedError

    def read_some(self, split: str, most: int, see: SeeImage) -> int:
        """Reads some examples, drawn at random, of a specification, and returns how many.

        Args:
            split: the specification.
            most: of examples.
            see: is given every image.

        Raises:
            UserError: they cannot be read.
        """
        parts = self.rows(split)
        total = sum(len(rows) for _, rows in parts)
        for name, rows in parts:
            share = -(-len(rows) * most // total)
            for chunk in self.read(name, np.sort(rows[stratified_order(len(rows))[:share]])):
                for image in chunk.get("image", ()):
                    see("", image)
        return min(most, total)

    def _as_dataset(
        self,
        split: str,
        decoders: Any = None,
        read_config: Any = None,
        shuffle_files: bool = False,
    ) -> tf.data.Dataset:
        del decoders, read_config, shuffle_files

        def chunks() -> Iterator[dict[str, np.ndarray]]:
            try:
                for name, rows in self.rows(split):
                    yield from self.read(name, rows)
            except Exception as error:
                self.failure = error
                raise

        signature = {
            key: tf.TensorSpec((None, *tensor.shape), tensor.tf_dtype)
            for key, tensor in self._features.get_tensor_info().items()
        }
        return tf.data.Dataset.from_generator(chunks, output_signature=signature).unbatch()


def files_fingerprint(files: Sequence[pathlib.Path], root: pathlib.Path) -> str:
    """Digest of the files' paths below `root`, sizes and modification times."""
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        line = f"{file.relative_to(root)}\0{status.st_size}\0{status.st_mtime_ns}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
