"""One option: how it is declared, what values it takes, and how these are written."""

import csv
import dataclasses
import io
import math
import numbers
import os
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from wgan_tf.errors import UserError

_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
_PLURALS = {int: "whole numbers", float: "numbers", bool: "true or false", str: "words"}

Value = str | int | float | bool | tuple[str, ...] | tuple[int, ...] | tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Requirement:
    """An option has an effect only while another option has one of some values."""

    option: str
    values: tuple[Value, ...]


def option(
    default: Value,
    help: str,
    *,
    choices: Sequence[str] = (),
    minimum: float = -math.inf,
    maximum: float = math.inf,
    only_with: Requirement | None = None,
    may_change: bool = False,
) -> Any:
    """Declares one option of `Config`.

    Args:
        default: the value where none is given.
        help: a sentence for `--help`.
        choices: the allowed words; empty allows any.
        minimum: the least allowed number (of each entry, for a list).
        maximum: the greatest allowed number.
        only_with: a value other than the default is refused while this does not hold.
        may_change: whether a run may go on from its checkpoint with another value, which is so
            where the option does not shape the trajectory.
    """
    return dataclasses.field(
        default=default,
        metadata={
            "help": help,
            "choices": tuple(choices),
            "minimum": minimum,
            "maximum": maximum,
            "only_with": only_with,
            "may_change": may_change,
        },
    )


def field_type(field: dataclasses.Field[Any]) -> tuple[type, bool]:
    """The type of an option's value, or of its entries, and whether it is a list."""
    if typing.get_origin(field.type) is tuple:
        return typing.get_args(field.type)[0], True
    return typing.cast(type, field.type), False


def default_value(field: dataclasses.Field[Any]) -> Value:
    """An option's default."""
    return typing.cast(Value, field.default)


def format_value(value: Value) -> str:
    """A value as a flag takes it: lists as one CSV row, booleans as true and false."""
    if isinstance(value, tuple):
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow(value)
        return row.getvalue() if value else ""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def typed(field: dataclasses.Field[Any], value: Any) -> Value:
    """A value from Python in the option's type: a list as a tuple, a whole number as a float.

    Raises:
        UserError: it is of another type.
    """
    kind, is_list = field_type(field)
    try:
        if not is_list:
            return _typed_entry(kind, value)
        if isinstance(value, str):
            raise TypeError
        return typing.cast(Value, tuple(_typed_entry(kind, entry) for entry in value))
    except (TypeError, OverflowError):
        name = f"a list of {_PLURALS[kind]}" if is_list else _KINDS[kind]
        raise UserError(f"{field.name}={value!r} does not fit; give {name}.") from None


def _typed_entry(kind: type, value: Any) -> str | int | float | bool:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    allowed = {bool: bool, int: numbers.Integral, float: numbers.Real, str: str}[kind]
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise TypeError
    return typing.cast(str | int | float | bool, kind(value))


def parse_value(field: dataclasses.Field[Any], text: str) -> Value:
    """The inverse of `format_value`.

    Raises:
        UserError: the text is no value of the option's type.
    """
    kind, is_list = field_type(field)
    try:
        if is_list:
            row = next(csv.reader([text], skipinitialspace=True), [])
            return tuple(kind(entry.strip()) for entry in row if entry.strip())
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        return typing.cast(Value, kind(text))
    except (ValueError, KeyError, csv.Error):
        name = f"{_KINDS[kind]} or several, separated by commas" if is_list else _KINDS[kind]
        raise UserError(f"--{field.name}={text} does not fit; give {name}.") from None


def parse_lines(
    text: str, source: str, by_name: Mapping[str, dataclasses.Field[Any]]
) -> dict[str, Value]:
    """The values in a flagfile's lines `--name=value`, by name; the last line of a name counts.

    Args:
        text: the flagfile; empty lines and those that begin with # say nothing.
        source: its name, for errors.
        by_name: the options there are.

    Raises:
        UserError: a line is no option.
    """
    values = {}
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
    return values
