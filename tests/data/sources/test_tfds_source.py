import collections
import errno
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import downloader, resource, util

from tests.data.helpers import describe, open_all, told


def tiny_image(number: int, side: int) -> np.ndarray:
    return np.full((side, side, 3), 10 * number, np.uint8)


class WganTfTiny(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.2.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "mask": tfds.features.LabeledImage(labels=2, shape=(None, None, 1)),
                    "photo": tfds.features.Image(shape=(None, None, 3)),
                    "coarse": tfds.features.ClassLabel(num_classes=1),
                    "label": tfds.features.ClassLabel(names=["ant", "bee", "cow"]),
                }
            ),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Any]]:
        return {"train": self._generate_examples(12, 1), "test": self._generate_examples(3, 0)}

    def _generate_examples(self, count: int, labelled: int) -> Iterator[Any]:
        for number in range(count):
            yield (
                number,
                {
                    "mask": np.zeros((4, 4, 1), np.uint8),
                    "photo": tiny_image(number, 8 + number),
                    "coarse": 0,
                    "label": number % 3 if labelled else -1,
                },
            )


class WganTfByHand(WganTfTiny):
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Fetch pictures.zip from the authors."


class WganTfFaces(tfds.core.GeneratorBasedBuilder):
    """What celeb_a holds: labels neither at the top nor of one class."""

    VERSION = tfds.core.Version("2.1.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(218, 178, 3)),
                    "landmarks": {"lefteye_x": np.int64, "lefteye_y": np.int64},
                    "attributes": {"Bald": np.bool_, "Young": np.bool_},
                    "identity": {"Identity_No": np.int64},
                }
            ),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Any]]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[Any]:
        for number in range(5):
            # The central square, 20 rows below the top, is dark left and bright right.
            image = np.full((218, 178, 3), 255, np.uint8)
            image[20:198, :89] = 10 * number
            image[20:198, 89:] = 100 + 10 * number
            yield (
                number,
                {
                    "image": image,
                    "landmarks": {"lefteye_x": 69, "lefteye_y": 109},
                    "attributes": {"Bald": False, "Young": True},
                    "identity": {"Identity_No": number},
                },
            )


class WganTfTable(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"text": tfds.features.Text()})
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Any]]:
        return {"train": iter([(0, {"text": "a"})])}

    def _generate_examples(self) -> Iterator[Any]:
        raise NotImplementedError


def describe_it(dataset: str, data_dir: Path, split: str = "train", image_size: int = 8) -> Any:
    return describe(dataset, data_dir=str(data_dir), split=split, image_size=image_size)


def test_known_name_is_prepared_and_read(tmp_path: Path) -> None:
    before = describe_it("wgan_tf_tiny", tmp_path)
    assert before.num_examples is None
    assert before.example_shape == (8, 8, 3)
    assert before.class_names == ("ant", "bee", "cow")
    assert not list(tmp_path.iterdir())
    store = open_all("wgan_tf_tiny", tmp_path, split="train[:10]", image_size=8)
    expected = [tiny_image(number, 8) for number in range(10)]
    np.testing.assert_array_equal(store.examples, expected)
    np.testing.assert_array_equal(store.labels, np.arange(10) % 3)
    assert describe_it("wgan_tf_tiny", tmp_path, split="train+test").num_examples == 15


def test_data_prepared_elsewhere_need_no_code(tmp_path: Path) -> None:
    tfds.builder("wgan_tf_tiny", data_dir=tmp_path / "old").download_and_prepare()
    (tmp_path / "new" / "wgan_tf_foreign").mkdir(parents=True)
    prepared = tmp_path / "old" / "wgan_tf_tiny" / "1.2.0"
    for file in prepared.iterdir():
        file.write_bytes(file.read_bytes().replace(b"wgan_tf_tiny", b"wgan_tf_foreign"))
        if "wgan_tf_tiny" in file.name:
            file.rename(file.with_name(file.name.replace("wgan_tf_tiny", "wgan_tf_foreign")))
    prepared.rename(tmp_path / "new" / "wgan_tf_foreign" / "1.2.0")
    store = open_all("wgan_tf_foreign", tmp_path / "new", image_size=8)
    assert store.num_examples == 12
    assert store.info.class_names == ("ant", "bee", "cow")


def test_examples_marked_unlabelled_make_an_unlabelled_store(tmp_path: Path) -> None:
    store = open_all("wgan_tf_tiny", tmp_path, split="test", image_size=8)
    assert store.num_examples == 3
    assert store.labels is None
    assert store.info.class_names is None
    with told("--classes=ant", "wgan_tf_tiny"):
        open_all("wgan_tf_tiny", tmp_path, split="test", image_size=8, classes=("ant",))


def test_pictures_of_celeb_as_shape_are_cropped_and_unlabelled(tmp_path: Path) -> None:
    with told("wgan_tf_faces", "218 x 178", "--image_size"):
        describe_it("wgan_tf_faces", tmp_path, image_size=0)
    before = describe_it("wgan_tf_faces", tmp_path, image_size=64)
    assert (before.example_shape, before.class_names) == ((64, 64, 3), None)
    store = open_all("wgan_tf_faces", tmp_path, image_size=64)
    assert store.examples.shape == (5, 64, 64, 3)
    assert store.labels is None
    for number, image in enumerate(store.examples):
        # No white from above or below; bicubic reaches over the edge by a few pixels.
        assert (image[:, :29] == 10 * number).all()
        assert (image[:, 35:] == 100 + 10 * number).all()


def test_varying_size_needs_an_image_size(tmp_path: Path) -> None:
    with told("wgan_tf_tiny", "--image_size"):
        describe_it("wgan_tf_tiny", tmp_path, image_size=0)


def test_data_set_without_pictures_is_refused(tmp_path: Path) -> None:
    with told("wgan_tf_table", "text"):
        describe_it("wgan_tf_table", tmp_path)


def test_damaged_files_are_told(tmp_path: Path) -> None:
    builder = tfds.builder("wgan_tf_tiny", data_dir=tmp_path)
    builder.download_and_prepare()
    (file,) = Path(builder.data_dir).glob("*train*")
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    file.write_bytes(damaged)
    with told("wgan_tf_tiny", builder.data_dir, "damaged"):
        open_all("wgan_tf_tiny", tmp_path, image_size=8)


def test_unknown_names_offer_the_close_ones(tmp_path: Path) -> None:
    with told("--dataset=cifarr10", "cifar10", tmp_path):
        describe_it("cifarr10", tmp_path)
    with told("--dataset=qqqzzz", "tfds list"):
        describe_it("qqqzzz", tmp_path)
    with told("--dataset=mnist/nothing"):
        describe_it("mnist/nothing", tmp_path)
    for wrong in ("foldr:/pictures", "my set", "npy:", "mnist:3"):
        with told(f"--dataset={wrong}"):
            describe_it(wrong, tmp_path)


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


class WganTfUnnamed(tfds.core.GeneratorBasedBuilder):
    """What cifar10 holds: classes whose names come with the download."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(8, 8, 3)),
                    "label": tfds.features.ClassLabel(num_classes=3),
                }
            ),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Any]]:
        self.info.features["label"].names = ["ant", "bee", "cow"]
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[Any]:
        for number in range(12):
            yield number, {"image": tiny_image(number, 8), "label": number % 3}


def test_class_names_may_come_with_the_download(tmp_path: Path) -> None:
    before = describe(
        "wgan_tf_unnamed", data_dir=str(tmp_path), split="train", image_size=8, classes=("bee",)
    )
    assert before.num_examples is None
    store = open_all("wgan_tf_unnamed", tmp_path, split="train", image_size=8, classes=("bee",))
    assert store.info.class_names == ("bee",)
    assert store.num_examples == 4
    with told("unknown class 'fly'"):
        describe(
            "wgan_tf_unnamed", data_dir=str(tmp_path), split="train", image_size=8, classes=("fly",)
        )
