"""What is offered to a person who mistyped a word."""

import pathlib
import subprocess
import sys
from importlib import metadata

import pytest

from tests.command_line import run_here
from tests.data.helpers import describe
from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.suggestions import OPTIONS_ELSEWHERE, listed, nearest_options

OPTIONS = [field.name for field in configuration.fields()]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("lr", ["generator_learning_rate", "critic_learning_rate"]),
        ("epochs", ["steps"]),
        ("resume", ["workdir"]),
        ("batchsize", ["batch_size"]),
        ("critic_step", ["critic_steps"]),
        ("qqqq", []),
    ],
)
def test_an_option_of_another_trainer_or_with_a_slip_is_recognized(
    given: str, meant: list[str]
) -> None:
    assert nearest_options(given, OPTIONS)[: len(meant) or None] == meant


def test_options_elsewhere_are_none_of_ours_and_stand_for_ours() -> None:
    assert not OPTIONS_ELSEWHERE.keys() & set(OPTIONS)
    assert {name for names in OPTIONS_ELSEWHERE.values() for name in names} <= set(OPTIONS)


def test_a_value_with_a_slip_is_recognized() -> None:
    with pytest.raises(UserError, match=r"or take wasserstein if you meant that\.$"):
        Config(objective="wasserstien")


def test_a_bare_folder_and_a_data_set_with_a_slip_are_recognized(tmp_path: pathlib.Path) -> None:
    for dataset, offered in (
        (str(tmp_path), f"folder:{tmp_path}"),
        ("cifr10", "or take cifar10"),
    ):
        with pytest.raises(UserError) as told:
            describe(dataset, data_dir=str(tmp_path), split="train", image_size=0)
        assert offered in str(told.value)


def test_the_package_lists_its_commands_without_tensorflow(tmp_path: pathlib.Path) -> None:
    script = (
        "import runpy, sys; runpy.run_module('wgan_tf', run_name='__main__'); "
        "assert 'tensorflow' not in sys.modules"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    for name in ("main", "sample", "evaluate", "export", "report"):
        assert f"python -m wgan_tf.{name}" in told
    assert metadata.version("wgan_tf") in told


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--version"], 0, metadata.version("wgan_tf")),
        ([], 2, "--flagfile=configs/digits.flags"),
        (["--lr=3"], 2, "or take --generator_learning_rate or --critic_learning_rate if"),
        (["--flagfile=configs/cifr.flags"], 2, "or take configs/cifar.flags"),
    ],
)
def test_the_command_tells_what_was_meant(
    arguments: list[str], status: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pathlib.Path(__file__).parents[1])
    result = run_here("main", *arguments)
    assert result.returncode == status
    assert told in result.stdout + result.stderr
    assert len((result.stdout + result.stderr).splitlines()) == 1


def test_of_many_words_only_the_first_are_told() -> None:
    words = [f"class {n}" for n in range(1200)]
    assert listed(words[:3]) == "class 0, class 1, class 2"
    assert listed(words, 2) == "class 0, class 1 and 1,198 others"
    assert len(listed(words)) < 200
