"""One option: how it is declared, what values it takes, and how these are written."""

import csv
import dataclasses
import io
import math
import numbers
import os
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wgan_tf.errors import UserError
from wgan_tf.own_code import is_name
from wgan_tf.suggestions import if_you_meant, nearest

_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
_PLURALS = {int: "whole numbers", float: "numbers", bool: "true or false", str: "words"}

LARGEST_INTEGER = 2**31 - 1
# Its square is still a float32.
LARGEST_NUMBER = 1e18
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

Value = str | int | float | bool | tuple[str, ...] | tuple[int, ...] | tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Requirement:
    """An option has an effect only while another option has one of some values.

    Attributes:
        option: the other one.
        values: its values.
        or_own: whether code of the caller's own does as well as one of them.
    """

    option: str
    values: tuple[Value, ...]
    or_own: bool = False

    def is_met_by(self, value: Value) -> bool:
        """Whether the other option's value is one of them."""
        return value in self.values or (self.or_own and is_name(str(value)))


def option(
    default: Value | None,
    help: str,
    *,
    choices: Sequence[str] = (),
    or_own: str = "",
    is_own: Callable[[str], bool] = is_name,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    only_with: Requirement | None = None,
    may_change: bool = False,
    may_be_accepted: bool = False,
    is_required: bool = False,
    is_repeated: bool = False,
) -> Any:
    """Declares one option: a field of `Config`, or of what another command takes.

    Args:
        default: the value where none is given; None for an option that may be left open.
        help: a sentence for `--help`.
        choices: the allowed words; empty allows any.
        or_own: what of the caller's own is allowed besides, for `--help`; empty allows nothing.
        is_own: whether a word has the form of it.
        minimum: the least allowed number (of each entry, for a list).
        maximum: the greatest allowed number.
        only_with: a value other than the default is refused while this does not hold.
        may_change: whether a run may go on from its checkpoint with another value, which is so
            where the option does not shape the trajectory.
        may_be_accepted: whether a run may go on with another value where `--accept_changes` says
            that it is wanted, though the option shapes the trajectory.
        is_required: whether a command does not do without it.
        is_repeated: whether a list is given by one flag an entry.
    """
    return dataclasses.field(
        default=default,
        metadata={
            "help": help,
            "choices": tuple(choices),
            "or_own": or_own,
            "is_own": is_own,
            "minimum": minimum,
            "maximum": maximum,
            "only_with": only_with,
            "may_change": may_change,
            "may_be_accepted": may_be_accepted,
            "is_required": is_required,
            "is_repeated": is_repeated,
        },
    )


def field_type(field: dataclasses.Field[Any]) -> tuple[type, bool]:
    """The type of an option's value, or of its entries, and whether it is a list."""
    kind = field.type
    if isinstance(kind, types.UnionType):
        (kind,) = (entry for entry in typing.get_args(kind) if entry is not types.NoneType)
    if typing.get_origin(kind) is tuple:
        return typing.get_args(kind)[0], True
    return typing.cast(type, kind), False


def help_of(field: dataclasses.Field[Any]) -> str:
    """What --help says of an option."""
    choices = field.metadata["choices"]
    or_own = field.metadata["or_own"] and f"; or {field.metadata['or_own']}"
    one_of = f" One of {', '.join(choices)}{or_own}." if choices else ""
    return str(field.metadata["help"]) + one_of


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


def check_alone(field: dataclasses.Field[Any], value: Value | None) -> None:
    """Checks one value, whatever the others are.

    Raises:
        UserError: it is not allowed.
    """
    choices, low, high = (field.metadata[key] for key in ("choices", "minimum", "maximum"))
    if field.metadata["is_required"] and not value:
        raise UserError(f"--{field.name} is not given; see --help.")
    entries = value if isinstance(value, tuple) else () if value is None else (value,)
    for entry in entries:
        or_own = field.metadata["or_own"]
        if choices and entry not in choices and not (or_own and field.metadata["is_own"](entry)):
            allowed = ", ".join(choices) + (or_own and f", or {or_own}")
            near = if_you_meant(nearest(str(entry), choices))
            raise UserError(
                f"--{field.name}={format_value(entry)} is not known; take one of {allowed}{near}."
            )
        if isinstance(entry, str):
            _check_text(field.name, entry)
        if isinstance(value, tuple) and entry == "":
            raise UserError(f"--{field.name} has an empty entry; leave it out.")
        if isinstance(entry, (int, float)):
            unbounded = LARGEST_INTEGER if isinstance(entry, int) else LARGEST_NUMBER
            largest = high if high < math.inf else unbounded
            if not low <= entry <= largest:
                allowed = f"from {low:g} to {high:g}" if high < math.inf else f"at least {low:g}"
                if high == math.inf and entry > largest:
                    allowed = f"of at most {largest:.10g}"
                raise UserError(
                    f"--{field.name}={format_value(entry)} is out of range; give a value {allowed}."
                )


def _check_text(name: str, text: str) -> None:
    if len(text.splitlines()) > 1 or text != text.strip():
        raise UserError(
            f"--{name}={text!r} begins or ends with a space or spans lines; take these out."
        )
    if _UNWRITABLE.search(text):
        raise UserError(
            f"--{name}={text!r} has control characters or bytes that are not UTF-8, which cannot "
            "be kept in config.flags; rename what it names."
        )


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
