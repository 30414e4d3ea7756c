"""What an option may name of the caller's own: a Python file or module, and a name in it.

`pair.py` and `package.pair` are modules, `pair.py:loss` and `package.pair:loss` what they call
`loss`. A run keeps files in its folder; of modules it keeps a digest, so that it does not go on
with others.
"""

import hashlib
import importlib
import inspect
import pathlib
import re
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from typing import Any

from wgan_tf.errors import UserError, reason

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def is_module(text: str) -> bool:
    """Whether a text has the form of FILE.py or package.module."""
    return text.endswith(".py") or ("." in text and _MODULE.fullmatch(text) is not None)


def is_name(text: str) -> bool:
    """Whether a text has the form of FILE.py:NAME or MODULE:NAME."""
    module, _, name = text.rpartition(":")
    is_named = module.endswith(".py") or _MODULE.fullmatch(module) is not None
    return is_named and _MODULE.fullmatch(name) is not None


def file_of(text: str) -> str | None:
    """The path of the Python file that a text names, or None where it names a module."""
    module = text.rpartition(":")[0] if is_name(text) else text
    return module if module.endswith(".py") else None


def name_of(function: Callable[..., Any], option: str) -> str:
    """The text MODULE:NAME that names a function or a class.

    Args:
        function: of which `load` gives the same again.
        option: for errors.

    Raises:
        UserError: no name leads to it.
    """
    text = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    if not is_name(text) or load(text, option) is not function:
        raise UserError(
            f"{option}={function!r} has no name by which a run could find it again; give a "
            "function or a class that a module or a file defines at its top level."
        )
    return text


def load(text: str, option: str) -> Any:
    """What an option names: a module, or what it calls NAME.

    Args:
        text: the option's value.
        option: its name, for errors.

    Raises:
        UserError: it is not there, or the module fails.
    """
    if not is_name(text):
        return _load_module(text, option)
    module, _, name = text.rpartition(":")
    found: Any = _load_module(module, option)
    for part in name.split("."):
        if not hasattr(found, part):
            raise UserError(
                f"{option}={text} is not there: {module} defines no {part}; name what it defines."
            )
        found = getattr(found, part)
    return found


def digest(text: str, option: str) -> str:
    """The SHA-256, in hexadecimal, of the Python source that an option names.

    Of a file or a module it is that of the whole; of MODULE:NAME, that of the function or class.

    Raises:
        UserError: it cannot be read.
    """
    path = file_of(text)
    if path is not None:
        source = _read(path, text, option) + text.removeprefix(path).encode()
    else:
        try:
            source = inspect.getsource(load(text, option)).encode()
        except (OSError, TypeError) as error:
            raise UserError(
                f"{option}={text} has no source that could be compared when the run goes on "
                f"({reason(error)}); put it into a Python file."
            ) from error
    return hashlib.sha256(source).hexdigest()


def call(function: Callable[..., Any], name: str, *arguments: Any) -> Any:
    """What a function of the caller's own returns.

    Raises:
        UserError: it fails.
    """
    try:
        return function(*arguments)
    except Exception as error:
        raise UserError(f"{name} fails ({told(error)}); mend it.") from error


def check_one_an_example(function: Callable[..., Any], given: Sequence[Any], name: str) -> None:
    """Checks that a function of tensors [B] returns another.

    Raises:
        UserError: it fails, or returns something else.
    """
    shape = getattr(call(function, name, *given), "shape", None)
    if shape != given[0].shape:
        raise UserError(
            f"{name} gives {'no tensor' if shape is None else f'shape {tuple(shape)}'} for "
            f"{tuple(given[0].shape)}; return one number an example, of which the mean is taken."
        )


def told(error: BaseException) -> str:
    """An error's type, text and place, in one line."""
    *_, place = traceback.extract_tb(error.__traceback__) or (None,)
    where = "" if place is None else f", {pathlib.Path(place.filename).name} line {place.lineno}"
    return f"{type(error).__name__}: {reason(error)}{where}"


def _load_module(text: str, option: str) -> types.ModuleType:
    """The module that FILE.py or package.module names; a file with the same text is run once."""
    if not text.endswith(".py"):
        try:
            return importlib.import_module(text)
        except Exception as error:
            raise UserError(
                f"{option}={text} cannot be imported ({told(error)}); name a Python file, or a "
                "module that Python finds."
            ) from error
    source = _read(text, text, option)
    name = f"{pathlib.PurePath(text).stem}_{hashlib.sha256(source).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    module = types.ModuleType(name)
    module.__file__ = text
    # Keras finds a layer's class by the name of its module.
    sys.modules[name] = module
    try:
        exec(compile(source, text, "exec"), module.__dict__)
    except Exception as error:
        del sys.modules[name]
        raise UserError(
            f"{option}={text} fails when it is run ({told(error)}); mend it."
        ) from error
    return module


def _read(path: str, text: str, option: str) -> bytes:
    # Not above: options are checked before TensorFlow is imported.
    from wgan_tf.files import read_bytes

    try:
        return read_bytes(path)
    except Exception as error:
        raise UserError(
            f"{option}={text} cannot be read ({reason(error)}); name a Python file."
        ) from error
