"""Networks of the caller's own: from a Python file or module, or a folder of two Keras models."""

import contextlib
import dataclasses
import pathlib
import random
from collections.abc import Iterator
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

from wgan_tf import own_code
from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.files import join, read_bytes, write_atomically
from wgan_tf.labels import count_classes
from wgan_tf.networks import keras_files
from wgan_tf.networks.graph import LayerError, built_in, flatten, has_graph, layers_within, recast
from wgan_tf.networks.layers import POLICIES

# Name, shape of an example, and whether it is a float.
Wanted: TypeAlias = tuple[str, tuple[int, ...], bool]
OPTION = "--architecture"
# What a module defines, each (config, info) -> keras.Model.
FUNCTIONS = {"generator": "build_generator", "critic": "build_critic"}


def check(config: Config, info: DatasetInfo) -> None:
    """Checks that the networks are where the configuration says; builds none.

    Raises:
        UserError: they are not.
    """
    if not own_code.is_module(config.architecture):
        if not keras_files.is_pair(config.architecture):
            raise UserError(
                f"{OPTION}={config.architecture} is no family, no Python file and no folder with "
                "generator.keras and critic.keras; give one of these."
            )
        return
    module = own_code.load(config.architecture, OPTION)
    for name in FUNCTIONS.values():
        if not callable(getattr(module, name, None)):
            raise UserError(
                f"{OPTION}={config.architecture} defines no {name}(config, info); it needs "
                f"{' and '.join(FUNCTIONS.values())}, which return a keras.Model each."
            )


def digest_own(option: str, value: str) -> str:
    """The SHA-256 of what an option names of the caller's own: source, or the layers of models."""
    if _is_code(value):
        return own_code.digest(value, f"--{option}")
    return keras_files.digest(value)


def described_own(option: str, value: str) -> str:
    """The subject of a sentence about what an option names; a library's models have no folder."""
    if _is_code(value):
        return f"--{option}={value} is"
    return "The generator and the critic have layers that are"


def kept_own(value: str, folder: str) -> str:
    """What names, once it is kept in a folder, what an option's value names; modules stay."""
    if not _is_code(value):
        return folder
    path = own_code.file_of(value)
    if path is None:
        return value
    return join(folder, pathlib.PurePath(path).name) + value.removeprefix(path)


def keep_own(value: str, folder: str) -> str:
    """Copies what an option's value names into a folder, and names it there; modules stay.

    Raises:
        UserError: another file of that name is kept already.
    """
    kept = kept_own(value, folder)
    if kept == value:
        return kept
    if not _is_code(value):
        keras_files.copy_pair(value, kept)
        return kept
    path, copy = own_code.file_of(value), own_code.file_of(kept)
    if path is not None and copy is not None:
        source = read_bytes(path)
        if tf.io.gfile.exists(copy) and read_bytes(copy) != source:
            raise UserError(
                f"Two options name different files called {pathlib.PurePath(path).name}, and a "
                "run keeps one of each name; call them otherwise."
            )
        write_atomically(copy, source)
    return kept


def _is_code(value: str) -> bool:
    return own_code.is_name(value) or own_code.is_module(value)


def build(
    config: Config, info: DatasetInfo, name: str, seed: int, precision: str | None = None
) -> keras.Model:
    """One of the networks, with its first values.

    Args:
        config: of the run.
        info: of what it is trained on.
        name: generator or critic.
        seed: of initializers that have none of their own.
        precision: in which all layers are to compute; None for what they are made in.

    Raises:
        UserError: it cannot be built, or is not what this run needs.
    """
    if own_code.is_module(config.architecture):
        network = _call(config, info, name, seed)
    else:
        network = keras_files.load(config.architecture, name)
    if not isinstance(network, keras.Model) or not has_graph(network) or not network.inputs:
        raise UserError(
            f"The {name} is {type(network).__name__} and shows no graph of layers; make it by "
            "keras.Model(inputs, outputs) or keras.Sequential with an Input."
        )
    _check_precision(config, name, network)
    try:
        exact = precision or ("float64" if config.precision == "float64" else None)
        network = recast(network, exact) if exact else flatten(network)
    except LayerError as error:
        raise UserError(str(error)) from error
    outputs = network.outputs if len(network.outputs) > 1 else network.outputs[0]
    network = keras.Model(network.inputs, outputs, name=name)
    (_check_generator if name == "generator" else _check_critic)(config, info, network)
    return network


def _call(config: Config, info: DatasetInfo, name: str, seed: int) -> keras.Model:
    function = getattr(own_code.load(config.architecture, OPTION), FUNCTIONS[name])
    if not count_classes(config, info):
        info = dataclasses.replace(info, class_names=None, class_counts=None)
    try:
        with _seeded(seed), built_in(POLICIES[config.precision]):
            return function(config, info)
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{FUNCTIONS[name]} of {OPTION}={config.architecture} fails "
            f"({own_code.told(error)}); mend it."
        ) from error


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Initializers without a seed of their own, which Keras takes from `random`, have this one."""
    states = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _check_precision(config: Config, name: str, network: keras.Model) -> None:
    kinds = {layer.compute_dtype for layer in layers_within(network)}
    if "float16" in kinds:
        raise UserError(
            f"The {name} has layers that compute in float16, whose gradients overflow unscaled; "
            "take mixed_bfloat16 or float32."
        )
    is_mixed = "bfloat16" in kinds
    if is_mixed != (config.precision == "bfloat16"):
        has = "layers of mixed_bfloat16" if is_mixed else "no layer of mixed_bfloat16"
        raise UserError(
            f"The {name} has {has}, which does not go with --precision={config.precision}; take "
            f"--precision={'bfloat16' if is_mixed else 'float32'}, or make it otherwise."
        )


def _check_generator(config: Config, info: DatasetInfo, network: keras.Model) -> None:
    num_classes = count_classes(config, info)
    wanted: list[Wanted] = [("the latent", (config.latent_dim,), True)]
    if num_classes:
        wanted.append(("the label", (), False))
    _check_tensors("The generator takes", network.inputs, wanted)
    _check_tensors(
        "The generator gives", network.outputs, [("the example", info.example_shape, True)]
    )


def _check_critic(config: Config, info: DatasetInfo, network: keras.Model) -> None:
    num_classes = count_classes(config, info)
    wanted: list[Wanted] = [("the score", (1,), True)]
    if num_classes:
        wanted.append(("the class logits", (num_classes,), True))
    _check_tensors("The critic takes", network.inputs, [("the example", info.example_shape, True)])
    _check_tensors("The critic gives", network.outputs, wanted)


def _check_tensors(
    subject: str,
    tensors: list[keras.KerasTensor],
    wanted: list[Wanted],
) -> None:
    """Checks shapes and kinds of what a network takes or gives, each (name, shape, is a float)."""
    found = [(tuple(x.shape[1:]), keras.backend.is_float_dtype(x.dtype)) for x in tensors]
    if found != [(shape, is_float) for _, shape, is_float in wanted]:
        needed = " and ".join(
            f"{name} {'float' if is_float else 'int'} {['B', *shape]}".replace("'", "")
            for name, shape, is_float in wanted
        )
        given = " and ".join(f"{x.dtype} {['B', *x.shape[1:]]}".replace("'", "") for x in tensors)
        raise UserError(f"{subject} {given}, but it needs {needed}, in this order.")
    for (name, _, is_float), x in zip(wanted, tensors, strict=True):
        if is_float and tf.as_dtype(x.dtype).size < tf.float32.size:
            raise UserError(
                f"{subject} {name} in {x.dtype}, which has too few digits; give the last layer "
                'dtype="float32".'
            )
