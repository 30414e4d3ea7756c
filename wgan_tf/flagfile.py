"""A configuration as text: the flagfile that a run keeps, and a row of a table."""

from typing import Any

from wgan_tf.config import SECTIONS, Config, applicable, fields
from wgan_tf.errors import UserError
from wgan_tf.options import format_value, parse_value


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
        UserError: a line is no option of this version.
    """
    by_name = {field.name: field for field in fields()}
    values: dict[str, Any] = {}
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("--").partition("=")
        if not equals or name not in by_name:
            raise UserError(
                f"{source} has the line '{line}', which is no option of this version; take the "
                "version that wrote it, or take the line out."
            )
        values[name] = parse_value(by_name[name], value)
    return Config(**values)
