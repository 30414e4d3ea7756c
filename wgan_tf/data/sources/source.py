"""What a data set comes from, and TFDS builders that read a source where it lies."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from wgan_tf.data.splits import split_ranges

# (seed, number of the batch, int64 [], and its size) -> `{"examples": [n, ...]}` and, of a labelled
# data set, `"labels"`, int32 [n]: a pure function in TensorFlow operations.
DrawBatch = Callable[[int, tf.Tensor, int], dict[str, tf.Tensor]]


@dataclasses.dataclass(frozen=True)
class Source:
    """A resolved data set specification.

    Attributes:
        name: A short readable name.
        identity: Changes whenever the examples that the source yields may change.
        make_builder: Makes the TFDS builder; it reads headers or metadata only. Raises `UserError`.
        draw_batch: Draws new examples of the distribution of which the split `train` is a sample;
            None where there is no more than the sample.
    """

    name: str
    identity: str
    make_builder: Callable[[], tfds.core.DatasetBuilder]
    draw_batch: DrawBatch | None = None


class InPlaceBuilder(tfds.core.DatasetBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A builder with nothing to prepare, as TFDS's own `ImageFolder` is.

    Attributes:
        failure: What stopped the last reading; TensorFlow reports it as a mere text.
        left_out: File to reason, for each file of the source that could not be used.
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

    def read(self, split_name: str, start: int, stop: int) -> Iterator[dict[str, np.ndarray]]:
        """Yields examples `start` to `stop` of a split, in order, in chunks of any length."""
        raise NotImplementedError

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
                for part in split_ranges(self, split):
                    yield from self.read(part.name, part.start, part.stop)
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
