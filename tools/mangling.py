"""What happens to files, and command lines that nobody would write."""

import dataclasses
import math
from typing import Any

import numpy as np

from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.options import default_value, field_type, format_value

# Numbers at the edges of types and of what makes sense.
_NUMBERS = ("0", "-1", "1", "2", "3", "64", "0.5", "1e-9", "1e20", "1e300", "-0.0", "nan", "inf")
_NUMBERS += (
    "9" * 5000,
    "2147483647",
    "2147483648",
    "99999999999999999999",
    "1_0",
    "0x10",
    "٣",
    "",
    " ",
    "1,2",
)
_TEXTS = ("", "~nobody/x", "a b", "é", "a\0b", "caf\udce9", "a\nb", " x", "x" * 5000, "*", "[1]")
_TEXTS += ("digits", "mnist", "toy:swissroll", "toy:", "folder:", "folder:/dev", "npy:/dev/null")
_TEXTS += (
    "idx:/",
    "folder:\0",
    "npy:~no_such_user/x",
    "~no_such_user/x",
    "mnist/x:1.0.0",
    "train",
    "train[:50%]",
    "all",
)
_TEXTS += ("train[", "train+test", "train[:200%]", '"', "'", "a,b", '"a,b",c', "-", "--", "=", "#")
_TEXTS += ("gs://bucket/x", "/dev/null/x", "/proc/self/mem", "\u202e", "\U0001d518", "true", "none")


def mangle(content: bytes, random: np.random.Generator) -> bytes:
    """A file's bytes after one to three mishaps."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        content = _mishap(content, random)
    return content


def _mishap(content: bytes, random: np.random.Generator) -> bytes:
    size = len(content)
    start, stop = sorted(random.integers(0, size + 1, 2))
    noise = random.bytes(int(random.integers(1, 40)))
    match random.integers(0, 9):
        case 0:
            return content[:start]
        case 1:
            return content[start:]
        case 2:
            return content[:start] + content[stop:]
        case 3:
            return content[:start] + noise + content[start:]
        case 4:
            return content[:start] + noise + content[start + len(noise) :]
        case 5:
            return content[:start] + bytes(stop - start) + content[stop:]
        case 6:
            # The bytes at the beginning are those that are believed.
            place = int(random.integers(0, max(1, min(size, 200))))
            return content[:place] + noise[:1] + content[place + 1 :]
        case 7:
            return content + content[start:stop]
        case _:
            return noise if random.integers(2) else b""


def mangle_text(text: str, random: np.random.Generator) -> str:
    """A text in which a token has become another one, or as `mangle` leaves it."""
    if random.integers(2):
        return mangle(text.encode(), random).decode("utf-8", "surrogateescape")
    marks = [n for n, character in enumerate(text) if character in '=:,[]{}"\n']
    start = int(random.choice(marks)) if marks else 0
    stop = next((mark for mark in marks if mark > start), len(text))
    return (
        text[: start + 1]
        + str(random.choice([*_NUMBERS, *_TEXTS, "null", "[]", "{}"]))
        + text[stop:]
    )


def command_line(random: np.random.Generator, workdir: str, data_dir: str) -> list[str]:
    """A command line of a few options, of which most are as they may be and some are not."""
    arguments = {"workdir": workdir, "data_dir": data_dir, "dataset": "digits"}
    likely = Config(**_system(random, arguments))
    fields = configuration.fields() if random.integers(4) == 0 else configuration.applicable(likely)
    for number in random.choice(len(fields), int(random.integers(0, 7)), replace=False):
        arguments[fields[number].name] = random_value(fields[number], random)
    line = [f"--{name}={value}" for name, value in arguments.items()]
    if random.integers(20) == 0:
        line.append(str(random.choice([*_TEXTS, "--bogus=1", "--steps", "--noexport", "-steps=3"])))
    return line


def _system(random: np.random.Generator, arguments: dict[str, str]) -> dict[str, Any]:
    """Chooses the options that decide which others have an effect; adds them to a command line."""
    has_points = random.integers(4) == 0
    chosen = {
        "architecture": "mlp" if has_points else str(random.choice(_ARCHITECTURES)),
        "lipschitz": str(random.choice(_CONSTRAINTS)),
        "optimizer": str(random.choice(["adam", "rmsprop"])),
        "output_activation": "linear" if has_points else str(random.choice(["tanh", "sigmoid"])),
        "conditional": "auxiliary_classifier" if random.integers(3) == 0 else "none",
    }
    arguments |= chosen
    if has_points:
        arguments["dataset"] = str(random.choice(_TOYS))
    elif random.integers(2):
        arguments["image_size"] = str(random.choice(["4", "7", "8", "16", "28", "32", "64"]))
    return chosen


_ARCHITECTURES = ("mlp", "dcgan", "conv_stack", "resnet", "acgan")
_CONSTRAINTS = ("none", "weight_clipping", "gradient_penalty", "spectral_norm")
_TOYS = ("toy:25gaussians", "toy:swissroll", "toy:8gaussians")


def random_value(field: dataclasses.Field[Any], random: np.random.Generator) -> str:
    """An option's value as a flag takes it, mostly one that may be."""
    kind, is_list = field_type(field)
    metadata = field.metadata
    if is_list:
        count = int(random.integers(0, 5))
        entries = (_entry(kind, metadata, random) for _ in range(count))
        return ",".join(entries)
    if random.integers(6) == 0:
        return format_value(default_value(field))
    return _entry(kind, metadata, random)


def _entry(kind: type, metadata: Any, random: np.random.Generator) -> str:
    is_odd = random.integers(12) == 0
    if metadata["choices"] and not is_odd:
        return str(random.choice(metadata["choices"]))
    if kind is bool:
        return str(random.choice(["true", "false", "True", "false", "maybe"]))
    if kind is str:
        return str(random.choice(_TEXTS))
    low, high = metadata["minimum"], metadata["maximum"]
    if is_odd:
        return str(random.choice([*_NUMBERS, repr(low), repr(high)]))
    low = 0 if low == -math.inf else low
    high = low + 40 if high == math.inf else min(high, low + 40)
    if kind is int:
        return str(random.integers(math.ceil(low), math.floor(high) + 1))
    return repr(float(random.uniform(low, high)))
