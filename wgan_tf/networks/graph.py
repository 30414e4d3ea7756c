"""A model seen layer by layer, and the same model in another precision."""

import contextlib
import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from wgan_tf.errors import reason


class LayerError(ValueError):
    """A layer cannot be copied, or not be called; the text names it."""


def flatten(model: keras.Model) -> keras.Model:
    """The graph of a model, whether functional or sequential, with its very layers.

    Its inputs are given, and its outputs come, as lists.
    """
    return keras.Model(list(model.inputs), list(model.outputs), name=model.name)


def has_graph(layer: Any) -> bool:
    """Whether a layer is a model that tells which layers it is made of, and how."""
    return isinstance(layer, keras.Sequential) or (
        isinstance(layer, keras.Model) and hasattr(layer, "operations")
    )


def layers_within(model: keras.Model) -> Iterator[keras.Layer]:
    """Every layer of a model, those within its layers among them."""
    # Keras has no public name for it; `layers` leaves out what a layer holds.
    yield from model._flatten_layers(include_self=False)


def weight_names(network: keras.Model) -> dict[str, str]:
    """A name for each weight of a network by its path, the same in every process.

    Keras numbers layers over all that a process has made; here they are numbered within the
    network: `critic/dense_4/kernel` is `critic/dense/kernel` if it is of the first dense layer.
    """
    numbered: dict[str, dict[str, str]] = {}
    names = {}
    for path in (weight.path for weight in network.weights):
        *layers, weight = path.split("/")
        for i, layer in enumerate(layers):
            kind = re.sub(r"(_\d+)+$", "", layer)
            alike = numbered.setdefault(kind, {})
            layers[i] = alike.setdefault(layer, f"{kind}_{len(alike)}" if alike else kind)
        names[path] = "/".join([network.name, *layers, weight])
    return names


@dataclasses.dataclass(frozen=True)
class LayerCall:
    """A layer, and what it was called with in one pass through a model.

    Attributes:
        name: the layer's, below those of the models that hold it, and its class.
        layer: a layer, or an operation of `keras.ops`.
        arguments: of the call.
        options: of the call, by name.
    """

    name: str
    layer: Any
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]

    @property
    def tensors(self) -> list[tf.Tensor]:
        """The tensors among the arguments, in order."""
        return [value for value in tf.nest.flatten(self._everything) if tf.is_tensor(value)]

    @property
    def weights(self) -> list[keras.Variable]:
        """The layer's trainable weights."""
        return list(getattr(self.layer, "trainable_variables", ()))

    def run(self, tensors: Sequence[tf.Tensor] | None = None) -> list[tf.Tensor]:
        """Calls the layer again, in training, with the same tensors or with others.

        Returns:
            What it gives, in a list.
        """
        given = iter(self.tensors if tensors is None else tensors)
        arguments, options = tf.nest.map_structure(
            lambda value: next(given) if tf.is_tensor(value) else value, self._everything
        )
        return tf.nest.flatten(call_in_training(self.layer, *arguments, **options))

    @property
    def _everything(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return self.arguments, dict(self.options)


def call_in_training(layer: Any, *arguments: Any, **options: Any) -> Any:
    """A layer's outputs in training, whether or not it is told that it trains."""
    if isinstance(layer, keras.Layer) and "training" in inspect.signature(layer.call).parameters:
        return layer(*arguments, **{**options, "training": True})
    return layer(*arguments, **options)


def trace(model: keras.Model, inputs: Sequence[tf.Tensor], within: str = "") -> list[LayerCall]:
    """Passes a batch through a model in training and tells each layer's call, in order.

    Args:
        model: of which `has_graph` is so; models among its layers are followed into.
        inputs: one tensor an input.
        within: put before the names of the layers.

    Raises:
        LayerError: a layer cannot be called so.
    """
    symbolic: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    def record(layer: Any, *arguments: Any, **options: Any) -> Any:
        outputs = layer(*arguments, **options)
        symbolic.append((layer, arguments, options, outputs))
        return outputs

    graph = keras.models.clone_model(
        flatten(model), clone_function=lambda layer: layer, call_function=record
    )
    values = {id(x): value for x, value in zip(graph.inputs, inputs, strict=True)}
    calls = []
    for layer, arguments, options, outputs in symbolic:
        arguments, options = tf.nest.map_structure(
            lambda value: values.get(id(value), value), (arguments, options)
        )
        name = f"{within}{layer.name}"
        call = LayerCall(f"{name} ({type(layer).__name__})", layer, arguments, options)
        if has_graph(layer):
            calls.extend(trace(layer, call.tensors, f"{name}/"))
        else:
            calls.append(call)
        try:
            given = call.run()
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            raise LayerError(
                f"The layer {call.name} cannot be called with {_described(call.tensors)} "
                f"({reason(error)}); mend its class."
            ) from error
        for symbol, value in zip(tf.nest.flatten(outputs), given, strict=True):
            values[id(symbol)] = value
    return calls


@contextlib.contextmanager
def built_in(policy: str | None) -> Iterator[None]:
    """Layers that are made in this context and name no precision of their own take this one.

    Args:
        policy: of Keras, such as mixed_bfloat16; None for what is set.
    """
    if policy is None:
        yield
        return
    before, floats = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_dtype_policy(policy)
    keras.config.set_floatx(keras.config.dtype_policy().variable_dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(floats)
        keras.config.set_dtype_policy(before)


def recast(model: keras.Model, precision: str | None = None) -> keras.Model:
    """A model of the same layers and weights, which shares neither.

    Args:
        model: of which `has_graph` is so.
        precision: what all of its layers compute in, such as float64; None for what they do now.

    Raises:
        LayerError: a layer cannot be made again from its configuration.
    """

    def copy(layer: Any) -> Any:
        if has_graph(layer):
            return recast(layer, precision)
        if not isinstance(layer, keras.Layer):
            return layer
        try:
            copied = type(layer).from_config(_in_precision(layer.get_config(), precision))
        except (TypeError, ValueError, NotImplementedError) as error:
            raise LayerError(
                f"The layer {layer.name} ({type(layer).__name__}) cannot be made again from its "
                f"configuration ({reason(error)}); give its class a get_config that has all "
                "arguments."
            ) from error
        # The configuration of a layer of one's own may leave it out.
        copied.name = layer.name
        return copied

    with built_in(precision):
        inputs = [
            keras.Input(batch_shape=x.shape, dtype=_float_in(x.dtype, precision), name=x.name)
            for x in model.inputs
        ]
        copied = keras.models.clone_model(flatten(model), input_tensors=inputs, clone_function=copy)
    copied.set_weights(model.get_weights())
    return copied


def _described(tensors: Sequence[tf.Tensor]) -> str:
    return " and ".join(f"{x.dtype.name} {x.shape.as_list()}" for x in tensors)


def _float_in(dtype: str, precision: str | None) -> str:
    return precision if precision and "float" in dtype else dtype


def _in_precision(config: Any, precision: str | None) -> Any:
    """A layer's configuration with other policies, those of layers within it among them."""
    if precision is None:
        return config
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return precision
        return {
            key: _float_in(value, precision)
            if key == "dtype" and isinstance(value, str)
            else _in_precision(value, precision)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_in_precision(value, precision) for value in config)
    return config
