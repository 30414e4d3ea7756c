import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.helpers import describe, open_all, told
from wgan_tf.data.store import Store


def save(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape).astype(np.uint8)


def left_out(store: Store) -> dict[str, str]:
    return dict(store.left_out)


def test_classes_come_from_subfolders_in_sorted_order(tmp_path: Path) -> None:
    root = tmp_path / "pets"
    pictures = {name: noise(6, 6, 3) + n for n, name in enumerate(["dog/b.png", "cat/deep/a.png"])}
    for name, pixels in pictures.items():
        save(root / name, pixels)
    (root / "empty").mkdir()
    (root / "README").write_text("not a picture")
    (root / "cat" / ".DS_Store").write_bytes(b"\0")
    (root / ".hidden").mkdir()
    save(root / ".hidden" / "c.png", noise(6, 6, 3))
    store = open_all(f"folder:{root}", tmp_path)
    np.testing.assert_array_equal(
        store.examples, [pictures["cat/deep/a.png"], pictures["dog/b.png"]]
    )
    np.testing.assert_array_equal(store.labels, [0, 1])
    assert store.info.class_names == ("cat", "dog")
    assert store.left_out == ()


def test_flat_folder_is_unlabelled(tmp_path: Path) -> None:
    pixels = [noise(5, 5) + n for n in range(4)]
    for n, gray in enumerate(pixels):
        save(tmp_path / "flat" / f"{n}.bmp", gray)
    store = open_all(f"folder:{tmp_path / 'flat'}", tmp_path)
    np.testing.assert_array_equal(store.examples[..., 0], pixels)
    assert store.labels is None


def test_unusable_pictures_are_named_counted_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "mixed"
    color = noise(8, 8, 3)
    for n in range(5):
        save(root / "a" / f"good{n}.png", color)
    opaque = np.dstack([color, np.full((8, 8), 255, np.uint8)])
    save(root / "a" / "opaque.png", opaque)
    save(root / "a" / "float.tiff", noise(8, 8).astype(np.float32))
    (root / "a" / "text.jpg").write_text("no picture")
    whole = (root / "a" / "good0.png").read_bytes()
    (root / "a" / "cut.png").write_bytes(whole[: len(whole) // 2])
    save(root / "stray.png", color)
    store = open_all(f"folder:{root}", tmp_path)
    np.testing.assert_array_equal(store.examples, [color] * 6)
    reasons = left_out(store)
    assert set(reasons) == {
        "a/float.tiff",
        "a/text.jpg",
        "a/cut.png",
        "stray.png",
    }
    assert "16 bits" in reasons["a/float.tiff"]
    assert "decoded" in reasons["a/text.jpg"]
    assert "decoded" in reasons["a/cut.png"]
    assert "class folder" in reasons["stray.png"]
    warnings = capsys.readouterr().err
    for file, reason in reasons.items():
        assert f"{file}: {reason}" in warnings
    assert "left out 4 files, kept 6" in warnings
    (metadata,) = tmp_path.glob("wgan_tf_stores/*/store.json")
    assert dict(json.loads(metadata.read_text())["left_out"]) == reasons


def test_only_ten_warnings_then_a_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "many"
    save(root / "good.png", noise(4, 4))
    for n in range(13):
        (root / f"bad{n:02}.png").write_text("no picture")
    open_all(f"folder:{root}", tmp_path)
    warnings = capsys.readouterr().err
    assert "bad09.png" in warnings
    assert "bad10.png" not in warnings
    assert "left out 13 files" in warnings


@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, 3), (8, 1)])
def test_exif_orientation_is_honoured(tmp_path: Path, orientation: int, turns: int) -> None:
    pixels = noise(6, 6, 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(tmp_path / "p" / "a.png", pixels, exif=exif)
    store = open_all(f"folder:{tmp_path / 'p'}", tmp_path)
    np.testing.assert_array_equal(store.examples[0], np.rot90(pixels, turns))


def test_palette_pictures_are_converted(tmp_path: Path) -> None:
    colors = np.array([[255, 0, 0], [0, 0, 255], [9, 200, 7], [255, 255, 255]], np.uint8)
    pixels = colors[noise(7, 7) % 4]
    palette = Image.fromarray(pixels).quantize(4, dither=Image.Dither.NONE)
    assert palette.mode == "P"
    (tmp_path / "p").mkdir()
    palette.save(tmp_path / "p" / "a.png")
    store = open_all(f"folder:{tmp_path / 'p'}", tmp_path)
    np.testing.assert_array_equal(store.examples, [pixels])


def test_pictures_of_many_sizes_need_an_image_size(tmp_path: Path) -> None:
    root = tmp_path / "sizes"
    save(root / "a.png", np.full((8, 12, 3), 50, np.uint8))
    save(root / "b.png", np.full((30, 30, 3), 90, np.uint8))
    with told(root, "--image_size"):
        describe(f"folder:{root}", data_dir=str(tmp_path), split="train", image_size=0)
    store = open_all(f"folder:{root}", tmp_path, image_size=10)
    assert store.examples.shape == (2, 10, 10, 3)
    assert (store.examples[0] == 50).all()
    assert (store.examples[1] == 90).all()


def test_description_before_and_after_preparation(tmp_path: Path) -> None:
    root = tmp_path / "d"
    for n in range(3):
        save(root / "x" / f"{n}.png", noise(8, 8, 3))
    whole = (root / "x" / "0.png").read_bytes()
    (root / "x" / "0.png").write_bytes(whole[: len(whole) // 2])
    options = {"data_dir": str(tmp_path), "split": "train", "image_size": 0}
    before = describe(f"folder:{root}", **options)
    assert (before.num_examples, before.example_shape) == (3, (8, 8, 3))
    assert before.class_names == ("x",)
    store = open_all(f"folder:{root}", tmp_path)
    after = describe(f"folder:{root}", **options)
    assert after.num_examples == store.num_examples == 2


def test_folders_without_usable_pictures_are_refused(tmp_path: Path) -> None:
    def refuse(root: Path, *parts: object) -> None:
        with told(root, *parts):
            open_all(f"folder:{root}", tmp_path)

    refuse(tmp_path / "absent", "not a folder")
    (tmp_path / "empty").mkdir()
    refuse(tmp_path / "empty", "no images")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.png").write_text("no picture")
    refuse(tmp_path / "text", "a.png", "decoded")


def test_changed_picture_makes_a_new_store(tmp_path: Path) -> None:
    root = tmp_path / "c"
    save(root / "a.png", noise(4, 4))
    first = open_all(f"folder:{root}", tmp_path)
    save(root / "b.png", noise(4, 4))
    second = open_all(f"folder:{root}", tmp_path)
    assert first.examples.filename != second.examples.filename
    assert (first.num_examples, second.num_examples) == (1, 2)
