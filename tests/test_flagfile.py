import dataclasses
import pathlib

import pytest

from tests.conftest import ParseFlags
from wgan_tf import flagfile
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.flagfile import expand_flagfiles
from wgan_tf.options import parse_value

UNUSUAL = [
    Config(workdir="run"),
    Config(
        workdir="/data/my runs/été #1",
        dataset="folder:/my pictures/a=b --c",
        classes=("T-shirt, top", 'called "bag"', "3", "a b"),
        generator_learning_rate=4e-4,
        critic_learning_rate=1 / 3,
        penalty_weight=0.1,
        beta_2=1e-7,
        seed=2**31 - 1,
        critic_warmup=True,
        export=False,
    ),
    Config(
        workdir="run",
        architecture="mlp",
        mlp_generator_units=(7,),
        mlp_critic_units=(),
        mlp_generator_dropout=(0.1, 1 / 3, 0.0),
        lipschitz="weight_clipping",
        clip_value=1e-8,
        optimizer="rmsprop",
    ),
]


def test_people_read_the_options_that_have_an_effect_below_headings() -> None:
    config = Config(workdir="run", lipschitz="weight_clipping", optimizer="rmsprop")
    text = flagfile.to_readable(config)
    assert flagfile.from_flagfile(text, "shown") == config
    lines = text.splitlines()
    assert lines.index("# Steps and optimizers.") < lines.index("--optimizer=rmsprop")
    names = {line.partition("=")[0].removeprefix("--") for line in lines if line.startswith("--")}
    assert names == flagfile.to_row(config).keys()
    assert {"clip_value", "rho", "dcgan_width"} <= names
    assert not {"penalty_weight", "beta_1", "critic_warmup_period", "inception"} & names
    assert not any(name.startswith("mlp_") for name in names)


@pytest.mark.parametrize("config", UNUSUAL)
def test_a_saved_configuration_reads_back_equal(config: Config) -> None:
    assert flagfile.from_flagfile(flagfile.to_flagfile(config), "saved") == config


@pytest.mark.parametrize("config", UNUSUAL)
def test_a_saved_configuration_is_a_flagfile_for_absl(
    config: Config, parse_flags: ParseFlags, tmp_path: pathlib.Path
) -> None:
    saved = tmp_path / "config.flags"
    saved.write_text(flagfile.to_flagfile(config))
    assert parse_flags(f"--flagfile={saved}") == config


def test_values_on_the_command_line(parse_flags: ParseFlags) -> None:
    config = parse_flags(
        "--workdir=run",
        "--noexport",
        "--critic_warmup",
        "--generator_learning_rate=.5e-3",
        '--classes=cat,"dog, small", 7',
        "--steps=12",
    )
    assert config == Config(
        workdir="run",
        export=False,
        critic_warmup=True,
        generator_learning_rate=0.0005,
        classes=("cat", "dog, small", "7"),
        steps=12,
    )


def test_a_flagfile_may_have_comments_blank_lines_and_an_option_twice() -> None:
    text = "# --steps=1\n\n  --steps=2  \n--steps=3\n"
    assert flagfile.from_flagfile(text, "x.flags") == Config(steps=3)


@pytest.mark.parametrize(
    "line",
    [
        "--stepz=5",
        "--steps",
        "5",
        "--steps=5.5",
        "--steps=20,000",
        "--steps=5  # few",
        "--steps=",
        "--export=maybe",
        "--beta_1=half",
        "--mlp_critic_units=64,x",
        "--mlp_critic_units=64.0",
        "--mlp_critic_dropout=0.5,none",
    ],
)
def test_a_line_that_is_no_option_is_refused(line: str) -> None:
    with pytest.raises(UserError) as error:
        flagfile.from_flagfile(f"--latent_dim=3\n{line}\n", "x.flags")
    assert line.partition("  #")[0] in str(error.value)


def test_a_list_that_spans_lines_is_refused(parse_flags: ParseFlags) -> None:
    with pytest.raises(UserError, match="--classes"):
        parse_flags("--workdir=run", "--classes=cat\ndog")


def test_flagfiles_of_other_editors_and_within_flagfiles_are_read(tmp_path: pathlib.Path) -> None:
    inner, outer = tmp_path / "inner.flags", tmp_path / "outer.flags"
    inner.write_text(f"--steps=3\n--flagfile={outer}\n")
    outer.write_bytes(
        f"\ufeff# a comment\r\n\r\n--seed=1\r\n// another\r\n--flagfile={inner}\r\n".encode()
    )
    expected = ["program", "--seed=1", "--steps=3", "--seed=2"]
    assert expand_flagfiles(["program", f"--flagfile={outer}", "--seed=2"]) == expected
    assert expand_flagfiles(["program", "--flagfile", str(outer), "--seed=2"]) == expected


@pytest.mark.parametrize("content", [None, b"--seed=\xff\n"])
def test_a_flagfile_that_cannot_be_read_is_told(
    tmp_path: pathlib.Path, content: bytes | None
) -> None:
    file = tmp_path / "my_own_run.flag"
    (tmp_path / "my_own_run.flags").touch()
    if content is not None:
        file.write_bytes(content)
    for path in (file, tmp_path):
        with pytest.raises(UserError, match=f"--flagfile={path} cannot be read"):
            expand_flagfiles([f"--flagfile={path}"])
    with pytest.raises(UserError, match=r"or take \S+my_own_run\.flags or"):
        expand_flagfiles([f"--flagfile={file}"])
    with pytest.raises(UserError, match="--flagfile=~no_such_user/x names"):
        expand_flagfiles(["--flagfile=~no_such_user/x"])


def test_a_saved_configuration_that_is_not_allowed_is_told_with_its_file() -> None:
    with pytest.raises(UserError, match=r"^In run/config\.flags, --steps=0 is out of range"):
        flagfile.from_flagfile("--steps=0\n", "run/config.flags")


def test_classes_with_commas_and_spaces_are_written_in_quotes() -> None:
    (field,) = (field for field in dataclasses.fields(Config) if field.name == "classes")
    assert parse_value(field, 'a, "b, c" ,d') == ("a", "b, c", "d")


def test_a_runs_own_flagfile_means_the_folder_that_it_lies_in(tmp_path: pathlib.Path) -> None:
    moved = tmp_path / "moved run"
    moved.mkdir()
    file = moved / "config.flags"
    file.write_text(flagfile.to_flagfile(Config(workdir="elsewhere/run", seed=7)))
    # Without a run around it, it is a flagfile as any other.
    assert "--workdir=elsewhere/run" in expand_flagfiles([f"--flagfile={file}"])
    assert Config.from_flagfile(file).workdir == "elsewhere/run"
    (moved / "dataset.json").touch()
    arguments = expand_flagfiles([f"--flagfile={file}", "--workdir=given"])
    assert [a for a in arguments if "--workdir" in a] == [f"--workdir={moved}", "--workdir=given"]
    assert Config.from_flagfile(file) == Config(workdir=str(moved), seed=7)
    assert Config.from_flagfile(file, workdir="given").workdir == "given"
