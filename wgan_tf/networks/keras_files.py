"""A pair of Keras models in a folder, generator.keras and critic.keras."""

import hashlib
import importlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from wgan_tf.errors import UserError, reason
from wgan_tf.files import join, write_atomically

NAMES = ("generator", "critic")
_NAMING_KEYS = ("name", "keras_history", "input_layers", "output_layers")


def is_pair(folder: str) -> bool:
    """Whether a folder holds such a pair."""
    return all(tf.io.gfile.exists(_path(folder, name)) for name in NAMES)


def write_pair(folder: str, generator: keras.Model, critic: keras.Model) -> None:
    """Writes a pair, their present weights with them.

    Raises:
        UserError: a model cannot be saved.
    """
    for name, model in zip(NAMES, (generator, critic), strict=True):
        with tempfile.TemporaryDirectory() as temporary:
            local = join(temporary, "model.keras")
            try:
                model.save(local)
            except Exception as error:
                raise UserError(
                    f"{name}= cannot be saved ({reason(error)}), without which no other process "
                    "could draw from the run; give its layers a get_config."
                ) from error
            with tf.io.gfile.GFile(local, "rb") as file:
                write_atomically(_path(folder, name), file.read())


def copy_pair(source: str, target: str) -> None:
    """Copies a pair into another folder."""
    for name in NAMES:
        with tf.io.gfile.GFile(_path(source, name), "rb") as file:
            write_atomically(_path(target, name), file.read())


def load(folder: str, name: str) -> keras.Model:
    """One of a pair: generator or critic.

    Raises:
        UserError: it cannot be made, for instance since the module of a layer is not there.
    """
    path = _path(folder, name)
    with tempfile.TemporaryDirectory() as temporary:
        local = join(temporary, "model.keras")
        tf.io.gfile.copy(path, local)
        custom_objects = dict(_custom_objects(_structure(local, path), path))
        try:
            return keras.models.load_model(local, custom_objects=custom_objects, compile=False)
        except Exception as error:
            raise UserError(
                f"{path} cannot be loaded ({reason(error)}); it takes layers of Keras, of "
                "wgan_tf.layers or of a module that Python finds, and no Lambda."
            ) from error


def digest(folder: str) -> str:
    """The SHA-256 of the layers of a pair, whatever their names and their weights."""
    structures = []
    for name in NAMES:
        path = _path(folder, name)
        with tempfile.TemporaryDirectory() as temporary:
            local = join(temporary, "model.keras")
            tf.io.gfile.copy(path, local)
            structures.append(_without_names(_structure(local, path)))
    return hashlib.sha256(json.dumps(structures, sort_keys=True).encode()).hexdigest()


def _path(folder: str, name: str) -> str:
    return join(folder, f"{name}.keras")


def _structure(local: str, path: str) -> Any:
    try:
        with zipfile.ZipFile(local) as archive:
            return json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UserError(
            f"{path} is no model that Keras saved ({reason(error)}); write it by model.save."
        ) from error


def _custom_objects(config: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The classes that are not Keras's, which it does not import by itself."""
    for entry in _entries(config):
        module, name = entry.get("module"), entry.get("class_name")
        if not module or not name or module.split(".")[0] in ("keras", "builtins"):
            continue
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise UserError(
                f"{path} has a layer {name} of the module {module}, which is not there "
                f"({reason(error)}); put its class into a module that Python finds, and not into a "
                "script or a notebook."
            ) from error
        yield entry.get("registered_name") or name, found


def _entries(config: Any) -> Iterator[dict[str, Any]]:
    if isinstance(config, dict):
        yield config
        config = list(config.values())
    if isinstance(config, list):
        for value in config:
            yield from _entries(value)


def _without_names(structure: Any) -> Any:
    """A structure with names by order, since Keras counts up names and writes addresses."""
    numbers: dict[str | int, str] = {}

    def number(name: str | int) -> str:
        return numbers.setdefault(name, f"#{len(numbers)}")

    def renamed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {inner: renamed(entry, inner) for inner, entry in value.items()}
        if isinstance(value, list):
            return [renamed(entry, key) for entry in value]
        if (isinstance(value, str) and key in _NAMING_KEYS) or key == "shared_object_id":
            return number(value)
        return value

    return renamed(structure)
