"""What --help prints: a command's own options, then those of a run by subject."""

import dataclasses
import shutil
import textwrap
from collections.abc import Collection

from absl import flags

from wgan_tf.config import SECTIONS
from wgan_tf.options import default_value, format_value, help_of

_INDENT = " " * 6
_WIDEST = 100


def help_text(purpose: str, own: Collection[flags.Flag], defined: Collection[str]) -> str:
    """The help of a command.

    Args:
        purpose: what the command does, and how it is called.
        own: its own flags.
        defined: the options of `Config` that it takes, by name.
    """
    paragraphs = [purpose, "--flagfile=FILE reads options from a file; later ones win."]
    if own:
        paragraphs.append("\n".join(["This command:", *map(_own_entry, own)]))
    for section in SECTIONS:
        entries = [_entry(field) for field in dataclasses.fields(section) if field.name in defined]
        if entries:
            paragraphs.append("\n".join([f"{(section.__doc__ or '').rstrip('.')}:", *entries]))
    return "\n\n".join(paragraphs)


def _own_entry(flag: flags.Flag) -> str:
    default = "" if flag.default is None else str(flag.default)
    return _described(flag.name, default, flag.help or "")


def _entry(field: dataclasses.Field[object]) -> str:
    return _described(field.name, format_value(default_value(field)), help_of(field))


def _described(name: str, default: str, text: str) -> str:
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    wrapped = textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
    return "\n".join([f"  --{name}={default}", *wrapped])
