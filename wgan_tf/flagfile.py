"""A configuration as text: the flagfile that a run keeps, and a row of a table."""

from typing import Any

from wgan_tf.config import SECTIONS, Config, applicable, fields
from wgan_tf.options import format_value, parse_lines


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
    values: dict[str, Any] = parse_lines(text, source, {field.name: field for field in fields()})
    return Config(**values)
