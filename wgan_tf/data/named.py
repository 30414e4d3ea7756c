"""`--dataset=NAME[/CONFIG][:VERSION]`: a data set that TFDS knows."""

import difflib
import functools
import os
import pathlib
import re
import socket
import urllib.parse
import urllib.request

import tensorflow_datasets as tfds

from wgan_tf.data.source import Source
from wgan_tf.errors import UserError

_NAME = re.compile(r"(\w+)(/[\w.\-]+)?(:\d+\.\d+\.\d+)?")


def named_source(dataset: str, data_dir: pathlib.Path) -> Source:
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
        raise UserError(
            f"--dataset={dataset} is no data set specification: give a TFDS name such as mnist or "
            "my_set/config, digits, toy:NAME, folder:DIR, idx:DIR or npy:FILE."
        )
    try:
        return tfds.builder(dataset, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        known = [*tfds.list_builders(with_community_datasets=False), "digits"]
        close = difflib.get_close_matches(match[1], known)
        hint = f"did you mean {' or '.join(close)}" if close else "see `tfds list` for the names"
        raise UserError(
            f"--dataset={dataset} is unknown to TFDS and not prepared in {data_dir}: {hint}?"
            if close
            else f"--dataset={dataset} is unknown to TFDS and not prepared in {data_dir}: {hint}."
        ) from error
    except Exception as error:  # Each data set's own code runs here.
        raise UserError(
            f"--dataset={dataset} cannot be used: {_first_line(error)}; check the name, the "
            "configuration and the version, or the packages that it needs."
        ) from error


def check_obtainable(builder: tfds.core.DatasetBuilder, dataset: str) -> None:
    """Checks, as far as it is quickly known, that an unprepared data set can be prepared.

    Raises:
      UserError: It must be fetched by hand, or there is no network.
    """
    downloads = pathlib.Path(builder.data_dir_root) / "downloads"
    manual = downloads / "manual"
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS and not _holds_files(manual):
        instructions = " ".join(builder.MANUAL_DOWNLOAD_INSTRUCTIONS.split())
        raise UserError(
            f"--dataset={dataset} is not prepared in {builder.data_dir} and must be downloaded by "
            f"hand: put its files into {manual} ({instructions})"
        )
    # Files fetched earlier, or a proxy that resolves names for us, may make the network needless.
    if _holds_files(downloads) or urllib.request.getproxies():
        return
    hosts = {urllib.parse.urlsplit(url).hostname for url in builder.url_infos or {}}
    if hosts and not any(_resolves(host) for host in hosts if host):
        raise UserError(_not_obtained(builder, dataset, "and its hosts cannot be reached"))


def obtain(builder: tfds.core.DatasetBuilder, dataset: str) -> None:
    """Downloads and prepares a TFDS data set.

    Raises:
      UserError: It cannot be had.
    """
    check_obtainable(builder, dataset)
    try:
        builder.download_and_prepare()
    except (Exception, SystemExit) as error:  # Each data set's own code runs here.
        raise UserError(
            _not_obtained(builder, dataset, f"and preparing it failed ({_first_line(error)})")
        ) from error


def _not_obtained(builder: tfds.core.DatasetBuilder, dataset: str, reason: str) -> str:
    return (
        f"--dataset={dataset} is not prepared in {builder.data_dir} {reason}: run `tfds build "
        f"{dataset} --data_dir={builder.data_dir_root}` on a machine with a network and copy the "
        "folder here, or give another --data_dir."
    )


def _holds_files(folder: pathlib.Path) -> bool:
    """Whether any whole file lies below; TFDS calls unfinished downloads `NAME.tmp.ID`."""
    names = (name for _, _, names in os.walk(folder) for name in names)
    return any(".tmp." not in name for name in names)


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
