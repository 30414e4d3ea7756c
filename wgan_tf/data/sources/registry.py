"""The data set specifications of `--dataset`, and what each resolves to."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator, Mapping

import tensorflow_datasets as tfds

from wgan_tf.data.sources.digits import digits_source
from wgan_tf.data.sources.folder import folder_source
from wgan_tf.data.sources.idx import idx_source
from wgan_tf.data.sources.npy import npy_source
from wgan_tf.data.sources.source import Source
from wgan_tf.data.sources.tfds_source import tfds_source
from wgan_tf.data.sources.toy import toy_source
from wgan_tf.errors import UserError, reason

_BY_PREFIX: Mapping[str, Callable[[str], Source]] = {
    "toy": toy_source,
    "idx": idx_source,
    "npy": npy_source,
}


def resolve(dataset: str, data_dir: pathlib.Path, background: str = "white") -> Source:
    """Finds what a `--dataset` value names; nothing is prepared or written.

    Args:
        dataset: the value.
        data_dir: where TFDS's data sets lie.
        background: the color behind transparent pixels of a folder's images.

    Raises:
        UserError: it names nothing, or nothing that can be read.
    """
    prefix, colon, argument = dataset.partition(":")
    with _file_errors_told(dataset):
        if dataset == "digits":
            return digits_source()
        if colon and (prefix == "folder" or prefix in _BY_PREFIX):
            if not argument:
                raise UserError(
                    f"--dataset={dataset} names nothing after the colon; add what is to be read."
                )
            if prefix == "folder":
                return folder_source(argument, background)
            return _BY_PREFIX[prefix](argument)
        return tfds_source(dataset, data_dir)


def make_builder(source: Source, dataset: str) -> tfds.core.DatasetBuilder:
    """Makes the TFDS builder of a resolved specification.

    Raises:
        UserError: the source is damaged or not of a kind that is read.
    """
    with _file_errors_told(dataset):
        return source.make_builder()


@contextlib.contextmanager
def _file_errors_told(dataset: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # The second of a path with a null character.
        raise UserError(
            f"--dataset={dataset} cannot be read ({reason(error)}); check the path, the file and "
            "its permissions."
        ) from error
