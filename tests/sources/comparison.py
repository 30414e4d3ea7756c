"""What differs between two rows, by the names that departures go by.

These are the names of a row's fields; for networks, with a dot, parameters, layers (kinds, sizes,
kernels, strides and their order), dropout, slopes, norm_epsilon, norm_momentum,
norm_moving_variance, kernels, biases and scales (the first values of each).
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.sources.notation import First, Layer, Layers, Network, Objective, Optimizer, Row, Style

Differences = dict[str, tuple[Any, Any]]

FEWEST_FOR_DEVIATION = 30
FEWEST_FOR_SHAPE = 2000
SIGMAS = 5.0
KURTOSIS = {"normal": 3.0, "uniform": 1.8}
# So many values of either shape lie within this of their kurtosis.
KURTOSIS_TOLERANCE = 0.55
SCHEDULED_STEPS = 3000
# Three steps of gradients from 1e-9 to 1, which tell every epsilon and where it stands.
GRADIENTS = np.geomspace(1e-9, 1.0, 19) * np.array([[1.0], [2.0], [0.5]])
SCORES = np.linspace(-3.0, 3.0, 7)


def differences(source: Row, seen: Row) -> Differences:
    """Name -> (source's value, preset's value) of all that the source says and the preset lacks."""
    found: Differences = {}
    for field in dataclasses.fields(Row):
        name = field.name
        wanted, given = getattr(source, name), getattr(seen, name)
        if wanted is None or name in _follows_from(source, seen):
            continue
        if isinstance(wanted, Network):
            found.update(_prefixed(name, _of_networks(wanted, given)))
        elif isinstance(wanted, Style):
            found.update(_prefixed(name, _of_style(wanted, seen)))
        elif not _is_equal(name, wanted, given):
            found[name] = (wanted, given)
    return found


def _follows_from(source: Row, seen: Row) -> tuple[str, ...]:
    """What has nothing to be compared with, since the data are others."""
    if source.dataset is None or source.dataset == seen.dataset:
        return ()
    return ("examples", "preparation", "real_batches")


def _is_equal(name: str, wanted: Any, given: Any) -> bool:
    if isinstance(wanted, Objective):
        return all(
            np.allclose(getattr(wanted, part)(SCORES), getattr(given, part)(SCORES), atol=1e-6)
            for part in ("real", "generated", "generator")
        )
    if isinstance(wanted, Optimizer):
        return wanted.kind == given.kind and np.allclose(
            _completed(wanted, given).path(GRADIENTS), given.path(GRADIENTS), rtol=1e-5, atol=0
        )
    if name == "critic_steps":
        return all(wanted(step) == given(step) for step in range(SCHEDULED_STEPS))
    if name == "learning_rates":
        return all(
            math.isclose(wanted(progress), given(progress), abs_tol=1e-6)
            for progress in (0.0, 0.25, 0.5, 0.99)
        )
    return wanted == given


def _completed(wanted: Optimizer, given: Any) -> Optimizer:
    """The source's optimizer, with what it leaves open as the preset has it."""
    if wanted.rate is None:
        wanted = dataclasses.replace(wanted, rate=given.rate)
    if wanted.epsilon is None:
        wanted = dataclasses.replace(wanted, epsilon=given.epsilon, place=given.place)
    return wanted


def _prefixed(prefix: str, found: Differences) -> Differences:
    return {f"{prefix}.{name}": values for name, values in found.items()}


def _of_networks(wanted: Network, given: Network) -> Differences:
    one, other = (
        [*_flat(_canonical(network.layers)), *network.heads] for network in (wanted, given)
    )
    pairs = {
        "parameters": (wanted.parameters, given.parameters),
        "layers": (_skeleton(one), _skeleton(other)),
        "dropout": (_dropout(one), _dropout(other)),
    }
    found = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if "layers" in found:
        return found
    both = list(zip(_without_dropout(one), _without_dropout(other), strict=True))
    for name, attribute in (
        ("slopes", "slope"),
        ("norm_epsilon", "epsilon"),
        ("norm_momentum", "momentum"),
        ("norm_moving_variance", "corrected"),
    ):
        values = [(getattr(mine, attribute), getattr(theirs, attribute)) for mine, theirs in both]
        if any(value is not None and value != other for value, other in values):
            found[name] = tuple(zip(*values, strict=True))
    for name, attribute in (("kernels", "first"), ("biases", "bias"), ("scales", "scale")):
        wrong = [
            (mine, theirs)
            for mine, theirs in both
            if not _begins(getattr(mine, attribute), getattr(theirs, attribute))
        ]
        if wrong:
            found[name] = (
                [(mine.kind, mine.size, getattr(mine, attribute)) for mine, _ in wrong],
                [_described(getattr(theirs, attribute)) for _, theirs in wrong],
            )
    return found


def _skeleton(layers: list[Layer]) -> list[tuple[Any, ...]]:
    return [
        (layer.kind, layer.size, layer.kernel, layer.stride, layer.classes)
        for layer in _without_dropout(layers)
    ]


def _without_dropout(layers: list[Layer]) -> list[Layer]:
    return [layer for layer in layers if layer.kind != "dropout"]


def _dropout(layers: list[Layer]) -> list[tuple[int, float | None]]:
    """(layers before it, rate) of each dropout."""
    before, found = 0, []
    for layer in layers:
        if layer.kind == "dropout":
            found.append((before, layer.rate))
        else:
            before += 1
    return found


def _flat(layers: Layers) -> Iterator[Layer]:
    """A residual block as brackets around both of its branches."""
    for layer in layers:
        if layer.kind != "residual":
            yield layer
            continue
        for branch in layer.branches:
            yield Layer("branch")
            yield from _flat(branch)
        yield Layer("sum")


def _canonical(layers: Layers) -> Layers:
    """The one order of layers that commute.

    A convolution of 1x1 stands before repeated pixels and means of pixels, crops and max pools
    after the elementwise, increasing function that follows or before which they stood.
    """
    order = [
        dataclasses.replace(layer, branches=tuple(_canonical(branch) for branch in layer.branches))
        for layer in layers
    ]
    swapped = True
    while swapped:
        swapped = False
        for index, (layer, following) in enumerate(itertools.pairwise(order)):
            if _is_reversed(layer, following):
                order[index : index + 2] = following, layer
                swapped = True
    return tuple(order)


def _is_reversed(layer: Layer, following: Layer) -> bool:
    if layer.kind in ("repeat", "mean_pool"):
        return following.kind == "convolution" and following.kernel == 1
    return layer.kind in ("crop", "max_pool") and following.is_elementwise


def _of_style(style: Style, seen: Row) -> Differences:
    pairs: Differences = {}
    networks = {"generator": seen.generator, "critic": seen.critic}
    layers = {
        name: [layer for layer in network.layers if layer.kind != "crop"]
        for name, network in networks.items()
    }
    every = [*layers["generator"], *layers["critic"]]
    for name, first, values in (
        ("kernels", style.kernels, [layer.first for layer in every if layer.first is not None]),
        ("scales", style.scales, [layer.scale for layer in every if layer.scale is not None]),
    ):
        if not all(_begins(first, value) for value in values):
            pairs[name] = (first, [_described(value) for value in values])
    sizes = {(layer.kernel, layer.stride) for layer in every if layer.kernel}
    if sizes != {(style.kernel, style.stride)}:
        pairs["sizes"] = ((style.kernel, style.stride), sizes)
    functions = {
        (name, layer.kind, layer.slope)
        for name, sequence in layers.items()
        for layer in sequence[: -2 if name == "generator" else None]
        if layer.is_elementwise
    }
    wanted = {("generator", "relu", None), ("critic", "leaky_relu", style.slope)}
    if functions != wanted:
        pairs["functions"] = (wanted, functions)
    for name, bare in (("generator", (-1,)), ("critic", (0, -1))):
        weighted = [index for index, layer in enumerate(layers[name]) if layer.first is not None]
        without = {
            index
            for index in weighted
            if [layer.kind for layer in layers[name][index + 1 : index + 2]] != ["batch_norm"]
        }
        if without != {weighted[index] for index in bare}:
            pairs[f"{name}_norms"] = (bare, without)
    return pairs


def _begins(first: First | None, array: np.ndarray | None) -> bool:
    """Whether values may have been drawn so, within five standard errors."""
    if first is None or array is None:
        return first is array
    values = np.asarray(array, np.float64).ravel() - first.mean
    if np.abs(values).max() > first.bound * (1 + 1e-5) + 1e-9:
        return False
    if not first.deviation:
        return bool(np.abs(values).max() == 0)
    if values.size < FEWEST_FOR_DEVIATION:
        return True
    kurtosis = KURTOSIS[first.shape]
    deviation = math.sqrt(np.mean(values**2))
    error = first.deviation * math.sqrt((kurtosis - 1) / (4 * values.size))
    if abs(deviation - first.deviation) > SIGMAS * error:
        return False
    if abs(values.mean()) > SIGMAS * first.deviation / math.sqrt(values.size):
        return False
    if values.size < FEWEST_FOR_SHAPE:
        return True
    return bool(abs(np.mean(values**4) / deviation**4 - kurtosis) < KURTOSIS_TOLERANCE)


def _described(array: np.ndarray | None) -> str:
    if array is None:
        return "none"
    return f"{array.size} values, mean {array.mean():.4g}, deviation {array.std():.4g}"
