import dataclasses
import pathlib

import numpy as np
import pytest
from PIL import Image

from tests.data.helpers import told
from wgan_tf.config import UNMEASURED, Config, settle
from wgan_tf.data.held_out import describe_overlap, hold_out_tenth
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.store import open_store
from wgan_tf.dry_run import describe
from wgan_tf.run_folder import RunFolder


def folder_of(root: pathlib.Path, count: int) -> pathlib.Path:
    root.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(root / f"{number:03}.png")
    return root


@pytest.fixture
def config(tmp_path: pathlib.Path) -> Config:
    root = folder_of(tmp_path / "images", 100)
    paths = {"workdir": str(tmp_path / "run"), "data_dir": str(tmp_path / "data")}
    return settle(Config(dataset=f"folder:{root}", **paths), UNMEASURED)


def test_a_tenth_of_a_folder_is_held_out_and_evaluated(config: Config) -> None:
    found = hold_out_tenth(config)
    assert found.eval_every == 1000
    splits = [open_store(found, split) for split in (found.train_split, found.eval_split)]
    values = [{int(example[0, 0, 0]) for example in store.examples} for store in splits]
    assert [len(each) for each in values] == [90, 10]
    assert values[0] | values[1] == set(range(100))
    assert hold_out_tenth(config.changed(eval_every=7)).eval_every == 7


def test_what_is_named_and_what_has_splits_or_few_images_is_left_as_it_is(
    config: Config, tmp_path: pathlib.Path
) -> None:
    few = folder_of(tmp_path / "few", 99)
    folder_of(tmp_path / "split" / "train", 110)
    folder_of(tmp_path / "split" / "test", 10)
    for changes in (
        {"train_split": "train[:100%]"},
        {"eval_split": "train[:5]"},
        {"dataset": f"folder:{few}"},
        {"dataset": f"folder:{tmp_path / 'split'}"},
        {"dataset": "digits"},
    ):
        changed = config.changed(**changes)
        assert hold_out_tenth(changed) == changed
    with told("--eval_every=5", "--eval_split"):
        describe(config.changed(dataset=f"folder:{few}", eval_every=5))


def test_a_run_goes_on_with_the_splits_that_it_began_with(config: Config) -> None:
    folder = RunFolder(config.workdir)
    began = hold_out_tenth(config)
    folder.write(began, DatasetInfo((8, 8, 3), 90))
    folder.check_same_run(config)
    assert folder.adopt(config) == began
    assert folder.adopt(config.changed(eval_every=3)) == began.changed(eval_every=3)
    with told("--train_split=train[:100%]"):
        folder.check_same_run(config.changed(train_split="train[:100%]"))
    # One of a version that held nothing out.
    folder.write(config, DatasetInfo((8, 8, 3), 100))
    assert folder.adopt(config) == config
    with told("--eval_every=5", "--eval_split"):
        describe(dataclasses.replace(config, eval_every=5))


@pytest.mark.parametrize(
    ("train_split", "eval_split", "shared"),
    [
        ("train[:90%]", "train[90%:]", 0),
        ("train", "train[:5]", 5),
        ("train[10:20]+train[40:]", "train[15:50]", 15),
        ("train[20:30]", "train[5:25]+train[28:]", 7),
    ],
)
def test_held_out_examples_that_are_trained_on_are_told(
    train_split: str, eval_split: str, shared: int, config: Config
) -> None:
    chosen = config.changed(train_split=train_split, eval_split=eval_split, eval_every=5)
    trained, held_out = (
        {int(example[0, 0, 0]) for example in open_store(chosen, split).examples}
        for split in (train_split, eval_split)
    )
    assert len(trained & held_out) == shared
    lines = describe_overlap(chosen)
    if shared:
        assert f"{shared} of the {len(held_out)} examples of --eval_split={eval_split}" in lines[0]
    else:
        assert lines == []


def test_splits_of_other_names_share_no_example(config: Config, tmp_path: pathlib.Path) -> None:
    for name in ("train", "test"):
        folder_of(tmp_path / "split" / name, 5)
    both = config.changed(dataset=f"folder:{tmp_path / 'split'}", eval_split="test", eval_every=5)
    assert describe_overlap(both) == []
    assert "5 of the 10 examples" in describe_overlap(both.changed(eval_split="train+test"))[0]
