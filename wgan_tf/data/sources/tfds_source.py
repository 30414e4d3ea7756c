"""`--dataset=NAME[/CONFIG][:VERSION]`: a data set that TFDS knows."""

import contextlib
import functools
import json
import os
import pathlib
import re
import socket
import urllib.parse
import urllib.request

import tensorflow_datasets as tfds

from wgan_tf.data.sources.source import Source
from wgan_tf.errors import UserError
from wgan_tf.files import is_full_disk
from wgan_tf.paths import expand_user
from wgan_tf.suggestions import if_you_meant, nearest

# Once a file has been fetched often on a day, it refuses everybody.
_LIMITED_HOST = "drive.google.com"
_NAME = re.compile(r"(\w+)(/[\w.\-]+)?(:\d+\.\d+\.\d+)?")


def tfds_source(dataset: str, data_dir: pathlib.Path) -> Source:
    """The source of a TFDS name.

    TFDS promises that the examples of one version never change, so its full name identifies them.

    Raises:
        UserError: TFDS knows no such data set, configuration or version.
    """
    builder = _find_builder(dataset, data_dir)
    name = builder.info.full_name
    return Source(name, f"tfds:{name}", functools.partial(_find_builder, dataset, data_dir))


def _find_builder(dataset: str, data_dir: pathlib.Path) -> tfds.core.DatasetBuilder:
    match = _NAME.fullmatch(dataset)
    if match is None:
        _log_about_folder(dataset)
        raise UserError(
            f"--dataset={dataset} is no data set specification; give a TFDS name such as mnist or "
            "my_set/config, digits, toy:NAME, folder:DIR, idx:DIR or npy:FILE."
        )
    try:
        return tfds.builder(dataset, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        _log_about_folder(dataset)
        known = [*tfds.list_builders(with_community_datasets=False), "digits"]
        raise UserError(
            f"--dataset={dataset} is unknown to TFDS and not prepared in {data_dir}; see "
            f"`tfds list` for the names{if_you_meant(nearest(match[1], known))}."
        ) from error
    except Exception as error:  # Each data set's own code runs here.
        raise UserError(
            f"--dataset={dataset} cannot be used ({_first_line(error)}); check the name, the "
            "configuration and the version, or the packages that it needs."
        ) from error


def _log_about_folder(dataset: str) -> None:
    if expand_user(dataset, "--dataset=").is_dir():
        raise UserError(
            f"--dataset={dataset} is a folder; give folder:{dataset} to train on the images in "
            "it, or idx: before one with MNIST's original files."
        )


def check_obtainable(builder: tfds.core.DatasetBuilder, dataset: str) -> None:
    """Checks, as far as it is quickly known, that an unprepared data set can be prepared.

    Raises:
        UserError: it must be fetched by hand, or there is no network.
    """
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        manual = _downloads(builder) / "manual"
        if not _holds_files(manual):
            instructions = " ".join(builder.MANUAL_DOWNLOAD_INSTRUCTIONS.split())
            raise UserError(
                f"--dataset={dataset} is not prepared in {builder.data_dir} and must be downloaded "
                f"by hand ({instructions}); put its files into {manual}."
            )
        return
    # A proxy resolves names for us.
    if urllib.request.getproxies().keys() - {"no"}:
        return
    hosts = _missing_hosts(builder)
    if hosts and not any(_resolves(host) for host in hosts):
        reason = "its hosts cannot be reached"
        raise UserError(f"{_not_obtained(builder, dataset, reason)}.")


def obtain(builder: tfds.core.DatasetBuilder, dataset: str) -> None:
    """Downloads and prepares a TFDS data set.

    Raises:
        UserError: it cannot be had.
    """
    check_obtainable(builder, dataset)
    try:
        builder.download_and_prepare()
    except (Exception, SystemExit) as error:  # Each data set's own code runs here.
        if is_full_disk(error):
            raise UserError(
                f"--dataset={dataset} cannot be prepared in {builder.data_dir_root} because the "
                "disk is full; free some space or give a --data_dir on another disk."
            ) from error
        if isinstance(error, ImportError):
            raise UserError(
                f"--dataset={dataset} cannot be prepared without a package that is not installed "
                f"({_first_line(error)}); install it with pip."
            ) from error
        reason = f"preparing it failed ({_first_line(error)})"
        message = _not_obtained(builder, dataset, reason)
        if _LIMITED_HOST in _missing_hosts(builder):
            message += (
                f", or, since {_LIMITED_HOST} limits how often a day it sends a file, fetch the "
                "images from elsewhere and give --dataset=folder:DIR"
            )
        raise UserError(f"{message}.") from error


def _not_obtained(builder: tfds.core.DatasetBuilder, dataset: str, reason: str) -> str:
    return (
        f"--dataset={dataset} is not prepared in {builder.data_dir} and {reason}; run `tfds build "
        f"{dataset} --data_dir={builder.data_dir_root}` on a machine with a network and copy the "
        "folder here, or give another --data_dir"
    )


def _downloads(builder: tfds.core.DatasetBuilder) -> pathlib.Path:
    return pathlib.Path(builder.data_dir_root) / "downloads"


def _missing_hosts(builder: tfds.core.DatasetBuilder) -> set[str]:
    """The hosts of the known files that TFDS would still have to download."""
    downloads = _downloads(builder)
    fetched: set[str] = set()
    # TFDS describes a finished download FILE in FILE.INFO, older versions directly in downloads/.
    for info_file in (*downloads.glob("*.INFO"), *(downloads / builder.name).rglob("*.INFO")):
        with contextlib.suppress(OSError, ValueError):
            if info_file.with_suffix("").exists():
                fetched.update(json.loads(info_file.read_text(encoding="utf-8"))["urls"])
    hosts = {
        urllib.parse.urlsplit(url).hostname
        for url, info in (builder.url_infos or {}).items()
        if url not in fetched
        and not (info.filename and (downloads / "manual" / info.filename).exists())
    }
    return {host for host in hosts if host}


def _holds_files(folder: pathlib.Path) -> bool:
    return any(names for _, _, names in os.walk(folder))


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
