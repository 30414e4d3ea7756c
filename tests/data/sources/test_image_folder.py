"""What people keep in folders of images."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.helpers import open_all, told
from wgan_tf.data.sources import image_files
from wgan_tf.data.sources.image_folder import list_images, readable


def save(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape).astype(np.uint8)


def test_pipes_broken_links_and_loops_are_left_out_and_links_to_folders_followed(
    tmp_path: Path,
) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    save(root / "cat" / "a.png", noise(6, 6, 3))
    save(elsewhere / "b.png", noise(6, 6, 3) + 1)
    os.mkfifo(root / "cat" / "pipe.png")
    (root / "cat" / "gone.png").symlink_to(tmp_path / "absent.png")
    (root / "cat" / "loop").symlink_to(root)
    (root / "dog").symlink_to(elsewhere)
    (root / "dog2.png").symlink_to("dog2.png")
    store = open_all(f"folder:{root}", tmp_path)
    assert store.info.class_names == ("cat", "dog")
    np.testing.assert_array_equal(store.labels, [0, 1])
    np.testing.assert_array_equal(store.examples[1], noise(6, 6, 3) + 1)
    assert dict(store.left_out) == {
        "cat/pipe.png": "is not a regular file",
        "cat/gone.png": "is a broken link",
        "cat/loop": "is a link to a folder that holds it",
        "dog2.png": "is a broken link",
    }


def test_files_without_an_ending_are_known_by_what_they_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    save(root / "0001", noise(6, 6, 3), format="PNG")
    save(root / "a.PNG", noise(6, 6, 3), format="PNG")
    (root / "LICENSE").write_text("not an image")
    for name in ("a.txt", "b.txt", "c.json"):
        (root / name).write_text("not an image")
    assert open_all(f"folder:{root}", tmp_path).num_examples == 2
    assert "passed over: 2 .txt, 1 without an ending, 1 .json" in capsys.readouterr().err


def test_heic_is_read_with_its_package_and_named_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    Image.new("RGB", (64, 64), (200, 30, 60)).save(root.parent / "a.png")
    root.mkdir()
    assert "HEIF" in image_files.image_formats()
    Image.open(tmp_path / "a.png").save(root / "phone.HEIC", format="HEIF")
    (image,) = open_all(f"folder:{root}", tmp_path).examples
    assert np.abs(image.astype(int) - [200, 30, 60]).max() < 8

    image_files.image_formats.cache_clear()
    image_files.image_endings.cache_clear()
    with monkeypatch.context() as without:
        without.setattr(image_files, "image_endings", lambda: frozenset({".png"}))
        without.setattr("wgan_tf.data.sources.image_folder.image_endings", lambda: {".png"})
        with told(root, "phone.HEIC", "pip install 'wgan_tf[heif]'"):
            list_images(root)
    image_files.image_formats()


def test_train_and_test_are_splits_and_their_subfolders_classes(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for number, name in enumerate(["train/cat/a", "train/dog/b", "test/dog/c"]):
        save(root / f"{name}.png", noise(6, 6, 3) + number)
    save(root / "stray.png", noise(6, 6, 3))
    train = open_all(f"folder:{root}", tmp_path)
    test = open_all(f"folder:{root}", tmp_path, split="test")
    assert train.info.class_names == test.info.class_names == ("cat", "dog")
    np.testing.assert_array_equal(train.examples, [noise(6, 6, 3), noise(6, 6, 3) + 1])
    np.testing.assert_array_equal(test.examples, [noise(6, 6, 3) + 2])
    np.testing.assert_array_equal(test.labels, [1])
    assert dict(train.left_out) == {"stray.png": "is in no split's folder"}
    with told("'validation'", "train (2 examples)", "test (1 examples)"):
        open_all(f"folder:{root}", tmp_path, split="validation")


def test_splits_without_class_folders_have_no_labels(tmp_path: Path) -> None:
    root = tmp_path / "root"
    save(root / "train" / "cat" / "a.png", noise(6, 6, 3))
    save(root / "test" / "b.png", noise(6, 6, 3))
    assert open_all(f"folder:{root}", tmp_path).info.class_names == ("cat",)
    assert open_all(f"folder:{root}", tmp_path, split="test").info.class_names is None


@pytest.mark.parametrize("names", [("train", "tram"), ("test", "val"), ("test", "train station")])
def test_classes_that_only_sound_like_splits_are_classes(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    for name in names:
        save(tmp_path / "root" / name / "a.png", noise(6, 6, 3))
    assert open_all(f"folder:{tmp_path / 'root'}", tmp_path).info.class_names == names


def test_names_of_classes_that_are_no_text_are_spelled_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in (b"caf\xe9", "naïve, or not".encode(), b"two\nlines"):
        folder = os.fsencode(root) + b"/" + name
        save(Path(os.fsdecode(folder)) / "a.png", noise(6, 6, 3))
    store = open_all(f"folder:{root}", tmp_path)
    assert store.info.class_names == (r"caf\xe9", "naïve, or not", r"two\nlines")
    "".join(store.info.class_names).encode()
    assert readable(os.fsdecode(b"\xff/a")) == r"\xff/a"


def test_gray_among_color_and_color_among_gray_become_what_most_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gray, color = noise(6, 6), noise(6, 6, 3)
    for name in ("color/a", "color/b", "gray/z"):
        save(tmp_path / f"{name}.png", color)
    for name in ("color/c", "gray/a", "gray/b"):
        save(tmp_path / f"{name}.png", gray)
    store = open_all(f"folder:{tmp_path / 'color'}", tmp_path)
    np.testing.assert_array_equal(store.examples[2], np.repeat(gray[..., None], 3, axis=2))
    assert "1 gray images are made color, as most are" in capsys.readouterr().err
    store = open_all(f"folder:{tmp_path / 'gray'}", tmp_path)
    # The luma of ITU-R 601.
    luma = color @ np.array([0.299, 0.587, 0.114])
    assert np.abs(store.examples[2, ..., 0] - luma).max() <= 1
    assert store.example_shape == (6, 6, 1)
    assert "1 color images are made gray, as most are" in capsys.readouterr().err


def test_transparent_pixels_are_laid_on_white(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    color, alpha = noise(6, 6, 3), noise(6, 6)
    save(root / "a.png", np.dstack([color, alpha]))
    save(root / "b.png", np.dstack([color, np.full((6, 6), 255, np.uint8)]))
    palette = Image.fromarray(np.arange(36, dtype=np.uint8).reshape(6, 6) % 2, "P")
    palette.putpalette([0, 0, 0, 40, 80, 120])
    palette.save(root / "c.png", transparency=0)
    a, b, c = open_all(f"folder:{root}", tmp_path).examples.astype(float)
    share = alpha[..., None] / 255
    assert np.abs(a - (share * color + (1 - share) * 255)).max() <= 1
    np.testing.assert_array_equal(b, color)
    np.testing.assert_array_equal(c[0, 0], [255, 255, 255])
    np.testing.assert_array_equal(c[0, 1], [40, 80, 120])
    assert "2 images with transparent pixels are laid on white" in capsys.readouterr().err


def test_images_of_16_bits_keep_the_higher_8(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    deep = np.random.default_rng(0).integers(0, 2**16, (6, 6)).astype(np.uint16)
    save(root / "a.png", deep)
    save(root / "b.tiff", deep)
    examples = open_all(f"folder:{root}", tmp_path).examples
    np.testing.assert_array_equal(examples[..., 0], [deep // 256] * 2)
    assert "2 images of 16 bits a sample keep the higher 8" in capsys.readouterr().err
