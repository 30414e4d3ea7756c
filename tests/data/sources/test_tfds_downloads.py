"""Data that TFDS has to download first, and what may go wrong with that."""

import collections
import errno
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import downloader, resource, util

from tests.data.helpers import open_all, told
from tests.data.sources.tfds_builders import WganTfTiny, describe_it


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: Any, **options: Any) -> None:
        raise socket.gaierror("no network")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    monkeypatch.setenv("no_proxy", "localhost")


def put_download(url: str, folder: Path, name: str) -> Path:
    """Puts a file where TFDS keeps the one it fetched from `url`."""
    path = folder / resource.get_dl_fname(url, "ab" * 32)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"1")
    info = tfds.builder_cls("mnist").url_infos[url]
    resource.write_info_file(url, path, name, info.filename, info)
    return path


@pytest.mark.usefixtures("no_network")
def test_missing_data_without_network_tell_the_command(tmp_path: Path) -> None:
    for call in (describe_it, open_all):
        with told("--dataset=mnist", tmp_path, f"`tfds build mnist --data_dir={tmp_path}`"):
            call("mnist", tmp_path)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", ["mnist", ""])
def test_downloads_are_enough_only_when_all_are_there(tmp_path: Path, name: str) -> None:
    downloads = tmp_path / "downloads"
    (downloads / "other").mkdir(parents=True)
    (downloads / "other" / "pictures.zip").write_bytes(b"1")
    first, *others = tfds.builder_cls("mnist").url_infos
    file = put_download(first, downloads / name, "mnist")
    for url in others[1:]:
        put_download(url, downloads / name, "mnist")
    with told("--dataset=mnist", "hosts cannot be reached"):
        describe_it("mnist", tmp_path)
    put_download(others[0], downloads / name, "mnist")
    assert describe_it("mnist", tmp_path).num_examples is None
    file.unlink()
    with told("--dataset=mnist", "hosts cannot be reached"):
        describe_it("mnist", tmp_path)


@pytest.mark.usefixtures("no_network")
def test_files_put_into_the_manual_folder_need_no_network(tmp_path: Path) -> None:
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    for info in tfds.builder_cls("mnist").url_infos.values():
        with told("--dataset=mnist", "hosts cannot be reached"):
            describe_it("mnist", tmp_path)
        (manual / info.filename).write_bytes(b"1")
    assert describe_it("mnist", tmp_path).num_examples is None


def tell_free_space(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, free))


def fail_downloads(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Makes hosts seem reachable, and every download fail."""

    def fail(*args: Any, **options: Any) -> None:
        raise error

    tell_free_space(monkeypatch, 1 << 40)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: [])
    monkeypatch.setattr(downloader._Downloader, "_sync_download", fail)


def test_disk_that_fills_up_during_a_download_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_downloads(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    with told("--dataset=celeb_a", tmp_path, "because the disk is full; ", "--data_dir") as error:
        open_all("celeb_a", tmp_path, image_size=64)
    assert "tfds build" not in str(error.value)


def test_disk_that_tfds_finds_too_small_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_free_space(monkeypatch, 0)
    with told("wgan_tf_tiny", tmp_path, "because the disk is full; ", "--data_dir"):
        open_all("wgan_tf_tiny", tmp_path, image_size=8)


def test_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_downloads(monkeypatch, ModuleNotFoundError("No module named 'bs4'"))
    with told("--dataset=celeb_a", "'bs4'", "; install it") as error:
        open_all("celeb_a", tmp_path, image_size=64)
    assert "tfds build" not in str(error.value)


def test_refused_download_of_celeb_a_names_the_folder_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_downloads(monkeypatch, util.DownloadError("Failed to get url. HTTP code: 403."))
    with told("HTTP code: 403", "tfds build celeb_a", "drive.google.com", "--dataset=folder:DIR"):
        open_all("celeb_a", tmp_path, image_size=64)
    with told("HTTP code: 403", "tfds build mnist") as error:
        open_all("mnist", tmp_path)
    assert "folder:DIR" not in str(error.value)


def test_failed_preparation_tells_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: Any) -> None:
        raise AssertionError("checksum\nand more")

    monkeypatch.setattr(WganTfTiny, "_split_generators", fail)
    with told("wgan_tf_tiny", "AssertionError: checksum", "tfds build wgan_tf_tiny", tmp_path):
        open_all("wgan_tf_tiny", tmp_path, image_size=8)
    assert "Downloading and preparing wgan_tf_tiny" in capsys.readouterr().err


def test_data_fetched_by_hand_tell_where_to_put_them(tmp_path: Path) -> None:
    with told("wgan_tf_by_hand", tmp_path / "downloads" / "manual", "pictures.zip"):
        describe_it("wgan_tf_by_hand", tmp_path)
    (tmp_path / "downloads" / "manual").mkdir(parents=True)
    (tmp_path / "downloads" / "manual" / "pictures.zip").write_bytes(b"1")
    assert describe_it("wgan_tf_by_hand", tmp_path).num_examples is None
