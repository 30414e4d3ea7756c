"""Where the stores of a data set lie, which have a name for everything that they depend on."""

import functools
import hashlib
import json
import pathlib
import re

from wgan_tf.config import Config
from wgan_tf.data.images import Fit, fit_square
from wgan_tf.data.sources.registry import resolve
from wgan_tf.data.sources.source import Source
from wgan_tf.errors import UserError
from wgan_tf.paths import expand_user

_FORMAT_VERSION = 3


def resolve_source(config: Config) -> Source:
    """What `--dataset` names.

    Raises:
        UserError: nothing, or `--data_dir` is no local folder.
    """
    return resolve(config.dataset, _local_folder(config.data_dir), config.background)


def store_folder(config: Config, source: Source, split: str) -> pathlib.Path:
    """The folder of the store of a split.

    Raises:
        UserError: `--data_dir` is no local folder.
    """
    size = config.image_size
    readable = re.sub(r"\W+", "_", f"{source.name}-{split}-{size or 'native'}")[:80]
    root = _local_folder(config.data_dir)
    return root / "wgan_tf_stores" / f"{readable}-{_fingerprint(config, source, split)}"


def fit_of(config: Config) -> Fit:
    """How images are brought to `--image_size`."""
    return functools.partial(fit_square, resize=config.resize, background=config.background)


def _fingerprint(config: Config, source: Source, split: str) -> str:
    parts: list[object] = [_FORMAT_VERSION, source.identity, split, config.image_size]
    if config.resize != "crop":
        parts.append(config.resize)
    if config.resize == "pad":
        parts.append(config.background)
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _local_folder(data_dir: str) -> pathlib.Path:
    if "://" in data_dir:
        raise UserError(f"--data_dir={data_dir} is not a local folder; give one on a disk.")
    return expand_user(data_dir, "--data_dir=").resolve()
