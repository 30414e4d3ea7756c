"""The weights of another run as the first ones of a new run."""

import dataclasses
import itertools
import re
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import registry
from wgan_tf.paths import expand_user
from wgan_tf.run_folder import RunFolder
from wgan_tf.suggestions import listed
from wgan_tf.training.checkpoint_folder import CheckpointFolder
from wgan_tf.training.chosen_checkpoint import restore_checkpoint
from wgan_tf.training.state import TrainingState

_LAYERS_TOLD = 6


@dataclasses.dataclass(frozen=True)
class _Layer:
    """The variables of a layer, and what a layer must have in common with it to take their values.

    Attributes:
        name: for people.
        kind: its name without the number that Keras appends, its variables' names and shapes.
        variables: of the layer, in order.
    """

    name: str
    kind: tuple[object, ...]
    variables: Sequence[keras.Variable]


def check_init_from(config: Config) -> None:
    """Checks that `--init_from` names a run with a checkpoint, if it is given.

    Raises:
        UserError: it does not.
    """
    if config.init_from:
        folder = _folder(config)
        if not folder.exists() or CheckpointFolder(folder.checkpoints).newest_step() is None:
            raise UserError(
                f"--init_from={config.init_from} holds no run with a checkpoint; name the folder "
                "of one, or leave it out."
            )


def take_initial_weights(config: Config, state: TrainingState) -> list[str]:
    """Gives a first state the networks of the run that `--init_from` names; not its optimizers.

    Each layer takes the values of the layer of that run's networks that has its place: of the ways
    to pair layers of one kind and shape in order, one that pairs most of them. A larger generator
    is filled from its latents on where its layers allow it, and a larger critic from its scores.

    Args:
        config: the new run's.
        state: its first state, in cross-replica context.

    Returns:
        What was taken, in words.

    Raises:
        UserError: the run cannot be read, or no layer of a network fits.
    """
    folder = _folder(config)
    other, info = folder.read_config(), folder.read_info()
    networks = {
        "generator": registry.build_generator(other, info),
        "critic": registry.build_critic(other, info),
        "average_generator": registry.build_average_generator(other, info),
    }
    saved = tf.train.Checkpoint(**networks)
    step = restore_checkpoint(
        folder,
        "last",
        lambda path: saved.read(path).assert_existing_objects_matched().expect_partial(),
    )
    told = []
    for name, network in networks.items():
        layers = _layers(getattr(state, name))
        missing = _take(layers, _layers(network), from_end=name == "critic")
        if len(missing) == len(layers):
            raise UserError(
                f"--init_from={config.init_from}: no layer of its {network.name}, such as "
                f"{_described(_layers(network)[0])}, fits one of the new run's, such as "
                f"{_described(layers[0])}; train with that run's options of the networks."
            )
        if name != "average_generator":
            taken = len(layers) - len(missing)
            rest = listed([_described(layer) for layer in missing], _LAYERS_TOLD)
            new = f"; new are {rest}" if missing else ""
            told.append(f"{taken} of {len(layers)} layers of the {name}{new}")
    return [f"Weights of {folder.path} at step {step:,}: {words}" for words in told]


def pair_in_order(first: Sequence[object], second: Sequence[object]) -> list[tuple[int, int]]:
    """The longest common subsequence, as pairs of places; of several, one that begins earliest."""
    lengths = np.zeros((len(first) + 1, len(second) + 1), int)
    for i, j in itertools.product(reversed(range(len(first))), reversed(range(len(second)))):
        skipping = max(lengths[i + 1, j], lengths[i, j + 1])
        lengths[i, j] = max(skipping, (first[i] == second[j]) * (lengths[i + 1, j + 1] + 1))
    pairs, i, j = [], 0, 0
    while i < len(first) and j < len(second):
        if first[i] == second[j] and lengths[i, j] == lengths[i + 1, j + 1] + 1:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1, j] >= lengths[i, j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _folder(config: Config) -> RunFolder:
    return RunFolder(str(expand_user(config.init_from, "--init_from=")))


def _take(layers: Sequence[_Layer], others: Sequence[_Layer], *, from_end: bool) -> list[_Layer]:
    """Assigns what fits, and returns the layers that stay as they are."""
    order = -1 if from_end else 1
    kinds, other_kinds = ([layer.kind for layer in some[::order]] for some in (layers, others))
    missing = dict(enumerate(layers[::order]))
    for place, other_place in pair_in_order(kinds, other_kinds):
        other = others[::order][other_place]
        for variable, value in zip(missing.pop(place).variables, other.variables, strict=True):
            variable.assign(tf.cast(tf.convert_to_tensor(value), variable.dtype))
    return [missing[place] for place in sorted(missing)][::order]


def _layers(network: keras.Model) -> list[_Layer]:
    grouped = itertools.groupby(network.weights, key=lambda v: v.path.rpartition("/")[0])
    layers = []
    for path, group in grouped:
        variables = list(group)
        # A convolution by a detour is one as well.
        stem = re.sub(r"_\d+(?=/|$)|\bsubpixel_", "", path)
        shapes = tuple((variable.name, tuple(variable.shape)) for variable in variables)
        layers.append(_Layer(path, (stem, *shapes), variables))
    return layers


def _described(layer: _Layer) -> str:
    return f"{layer.name} {' x '.join(map(str, layer.variables[0].shape))}"
