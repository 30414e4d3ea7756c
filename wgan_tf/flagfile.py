"""A configuration as text: the flagfile that a run keeps, and a row of a table."""

import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wgan_tf.config import SECTIONS, Config, applicable, fields
from wgan_tf.errors import UserError, reason
from wgan_tf.options import format_value, parse_lines
from wgan_tf.paths import expand_user, run_of_flagfile
from wgan_tf.suggestions import if_you_meant, nearest


def to_flagfile(config: Config) -> str:
    """A flagfile with every option, which `from_flagfile` reads back equal."""
    lines = (f"--{field.name}={format_value(getattr(config, field.name))}" for field in fields())
    return "\n".join(lines) + "\n"


def to_readable(config: Config) -> str:
    """A flagfile for people: the options that have an effect, below a heading a section."""
    paragraphs = []
    for section in SECTIONS:
        lines = [
            f"--{field.name}={format_value(getattr(config, field.name))}"
            for field in applicable(config, section)
        ]
        if lines:
            paragraphs.append("\n".join([f"# {section.__doc__}", *lines]))
    return "\n\n".join(paragraphs) + "\n"


def to_row(config: Config) -> dict[str, str | int | float | bool]:
    """The options that have an effect, lists as a flag takes them, for a table of runs."""
    values = {field.name: getattr(config, field.name) for field in applicable(config)}
    return {
        name: format_value(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }


def from_flagfile(text: str, source: str) -> Config:
    """Reads what `to_flagfile` wrote.

    Args:
        text: the flagfile.
        source: its name, for errors.

    Raises:
        UserError: a line is no option of this version, or the options are not allowed.
    """
    values: dict[str, Any] = parse_lines(text, source, {field.name: field for field in fields()})
    try:
        return Config(**values)
    except UserError as error:
        raise UserError(f"In {source}, {error}") from error


def expand_flagfiles(arguments: Sequence[str]) -> list[str]:
    """Arguments with the lines of each --flagfile=FILE, and of those that it names, in its place.

    As absl has it: lines that begin with # or // say nothing, and FILE may be the next argument.
    Unlike absl, it reads UTF-8 with or without a byte-order mark. A run's own flagfile means the
    folder that it lies in, wherever the run was moved.

    Raises:
        UserError: a file cannot be read.
    """
    return _expanded(arguments, ())


def _expanded(arguments: Iterable[str], inside: tuple[str, ...]) -> list[str]:
    expanded, left = [], iter(arguments)
    for argument in left:
        name, equals, path = argument.partition("=")
        if name in ("-flagfile", "--flagfile"):
            path = path if equals else next(left, "")
            if path not in inside:
                expanded += _expanded(_lines_said(path), (*inside, path))
        else:
            expanded.append(argument)
    return expanded


def _lines_said(path: str) -> Iterator[str]:
    file = expand_user(path, "--flagfile=")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise UserError(
            f"--flagfile={path} cannot be read ({reason(error)}); name a file of "
            f"options{_if_you_meant_near(file)}."
        ) from error
    stripped = (line.strip() for line in lines)
    said = (line for line in stripped if line and not line.startswith(("#", "//")))
    workdir = run_of_flagfile(file)
    if workdir is None:
        return said
    return (f"--workdir={workdir}" if line.startswith("--workdir=") else line for line in said)


def _if_you_meant_near(missing: pathlib.Path) -> str:
    folders = {folder for folder in (missing.parent, pathlib.Path("configs")) if folder.is_dir()}
    known = {file.name: str(file) for folder in folders for file in sorted(folder.glob("*.flags"))}
    near = nearest(missing.with_suffix(".flags").name, known) if missing.name else []
    return if_you_meant(known[name] for name in near)
