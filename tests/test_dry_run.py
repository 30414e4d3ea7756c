"""What `--dry_run` says is what training would do."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from tests.data.helpers import told
from wgan_tf import dry_run, runner
from wgan_tf.config import Config


def save(path: pathlib.Path, *shape: int) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, shape)
    Image.fromarray(noise.astype(np.uint8)).save(path)
    return path.read_bytes()


@pytest.fixture
def config(tmp_path: pathlib.Path) -> Config:
    return Config(
        workdir=str(tmp_path / "run"),
        data_dir=str(tmp_path / "data"),
        dataset=f"folder:{tmp_path / 'root'}",
        architecture="mlp",
        mlp_generator_units=(3,),
        mlp_critic_units=(3,),
        latent_dim=2,
    )


def test_both_splits_are_told_with_classes_and_what_cannot_be_used(
    tmp_path: pathlib.Path, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    for name, number in (("train/cat", 3), ("train/dog", 4), ("test/dog", 2)):
        for n in range(number):
            save(root / name / f"{n}.png", 16, 16, 3)
    save(root / "train" / "dog" / "gray.png", 16, 16)
    cut = save(root / "train" / "dog" / "cut.png", 16, 16, 3)
    (root / "train" / "dog" / "cut.png").write_bytes(cut[: len(cut) // 2])
    (root / "train" / "notes.txt").touch()
    both = Config(**{**vars(config), "eval_split": "test", "eval_every": 5})
    dry_run.describe(both)
    told_text = capsys.readouterr().out
    assert "train: 9 examples (16, 16, 3)" in told_text
    assert "2 classes: cat (3), dog (6)" in told_text
    assert "test: 2 examples (16, 16, 3)" in told_text
    assert "1 gray images are made color" in told_text
    assert "1 files are left out, such as train/dog/cut.png, which cannot be decoded" in told_text
    assert "passed over: 1 .txt" in told_text
    # A part of the classes, also of a store that is there.
    chosen = Config(**{**vars(config), "classes": ("dog",)})
    for _ in range(2):
        dry_run.describe(chosen)
        told_text = capsys.readouterr().out
        assert "1 classes: dog" in told_text
        runner.open_store(chosen, "train")
        capsys.readouterr()
    dry_run.describe(chosen)
    assert "train: 5 examples (16, 16, 3)" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()


def test_networks_of_chosen_classes_have_as_many(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"dataset": "digits", "conditional": "auxiliary_classifier"}
    for classes, number in (((), 10), (("3", "7"), 2)):
        dry_run.describe(Config(**{**vars(config), **given, "classes": classes}))
        told_text = capsys.readouterr().out
        assert f"(None, {number})" in told_text
        assert f"{number} classes: " in told_text
    assert "train: 362 examples (8, 8, 1)" in told_text


def test_images_that_can_all_not_be_used_are_refused(
    tmp_path: pathlib.Path, config: Config
) -> None:
    for n in range(3):
        file = tmp_path / "root" / f"{n}.png"
        content = save(file, 16, 16, 3)
        file.write_bytes(content[: len(content) // 2])
    with told("no usable image among 3", "0.png", "decoded"):
        dry_run.describe(config)
    assert not (tmp_path / "data").exists()


def test_arrays_are_read_as_far_as_that_is_quick(
    tmp_path: pathlib.Path, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    points = np.zeros((3000, 2), np.float32)
    np.save(tmp_path / "a.npy", points)
    given = {"dataset": f"npy:{tmp_path / 'a.npy'}", "output_activation": "linear"}
    of_points = Config(**{**vars(config), **given})
    dry_run.describe(of_points)
    assert "  2,000 of them were tried" in capsys.readouterr().out
    points[1000:] = np.nan
    np.save(tmp_path / "a.npy", points)
    with told("NaN"):
        dry_run.describe(of_points)
    np.save(tmp_path / "a.npy", points[:1000])
    dry_run.describe(of_points)
    assert "were tried" not in capsys.readouterr().out
    assert not (tmp_path / "data").exists()


def test_a_contact_sheet_shows_images_as_they_would_be_trained_on(
    tmp_path: pathlib.Path, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    white, black = (np.full((20, 40, 3), value, np.uint8) for value in (255, 0))
    for name, image in (("a", white), ("b", black), ("c", black)):
        (tmp_path / "root").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "root" / f"{name}.png")
    sheet = tmp_path / "sheet.png"
    padded = Config(**{**vars(config), "image_size": 16, "resize": "pad", "background": "gray"})
    dry_run.describe(padded, contact_sheet=str(sheet))
    told_text = capsys.readouterr().out
    assert "Sizes: 40 x 20 (3)" in told_text
    assert f"3 of the images, as the networks will see them, are in {sheet}" in told_text
    assert {0, 128, 255} <= set(np.asarray(Image.open(sheet)).ravel().tolist())
    assert not (tmp_path / "data").exists()
    # Those of a store are the same, without the files' names.
    runner.open_store(padded, "train")
    capsys.readouterr()
    prepared = tmp_path / "prepared.png"
    dry_run.describe(padded, contact_sheet=str(prepared))
    assert prepared.is_file()
    with told(f"--contact_sheet={sheet}", "points"):
        points = Config(
            **{**vars(config), "dataset": "toy:8gaussians", "output_activation": "linear"}
        )
        dry_run.describe(points, contact_sheet=str(sheet))


def test_each_way_to_resize_has_a_store_of_its_own(tmp_path: pathlib.Path, config: Config) -> None:
    save(tmp_path / "root" / "a.png", 20, 40, 3)
    examples = []
    for changes in (
        {"resize": "crop"},
        {"resize": "stretch"},
        {"resize": "pad"},
        {"resize": "pad", "background": "black"},
    ):
        resized = Config(**{**vars(config), "image_size": 16, **changes})
        examples.append(runner.open_store(resized, "train").examples[0])
    for number, example in enumerate(examples):
        assert not any(np.array_equal(example, other) for other in examples[:number])
    with told("--resize=pad", "--image_size"):
        Config(**{**vars(config), "resize": "pad"})
