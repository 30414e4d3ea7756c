"""A Keras network of ours in the notation of the table, its first values as arrays."""

import keras
import numpy as np

from tests.sources.notation import GLOBAL_MEAN, MULTIPLY, Layer, Layers, Network
from wgan_tf.networks.dropout import Dropout
from wgan_tf.networks.normalization import (
    LAYER_EPSILON,
    BatchNormalization,
    ClassScaleAndShift,
    LayerNormalization,
)

_WITHOUT_TRACE = (
    keras.layers.Identity,
    keras.layers.Reshape,
    keras.layers.Flatten,
)
_POOLS = {
    keras.layers.AveragePooling2D: "mean_pool",
    keras.layers.MaxPooling2D: "max_pool",
}
_CONVOLUTIONS = {
    keras.layers.Conv2D: "convolution",
    keras.layers.Conv2DTranspose: "deconvolution",
}
_MARGINS = {
    keras.layers.Cropping2D: "crop",
    keras.layers.ZeroPadding2D: "pad",
}


def read_network(model: keras.Model) -> Network:
    """All layers between the model's inputs and outputs, with the variables that it has now."""
    parameters = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    if len(model.outputs) == 1:
        return Network(_read_until(model.outputs[0]), parameters)
    heads = [_Node(output) for output in model.outputs]
    assert len({head.inputs[0].key for head in heads}) == 1, "heads of one feature"
    return Network(
        _read_until(heads[0].tensor_before),
        parameters,
        tuple(_read_layer(head.layer) for head in heads),
    )


class _Node:
    """Where a tensor comes from."""

    def __init__(self, tensor: keras.KerasTensor) -> None:
        self.layer, index, output = tensor._keras_history
        self.key = (id(self.layer), index, output)
        self.tensors = self.layer._inbound_nodes[index].input_tensors

    @property
    def inputs(self) -> list["_Node"]:
        return [_Node(tensor) for tensor in self.tensors]

    @property
    def tensor_before(self) -> keras.KerasTensor:
        return self.tensors[0]


def _read_until(tensor: keras.KerasTensor, end: keras.KerasTensor | None = None) -> Layers:
    """The layers from `end`, or else the network's input, to a tensor."""
    backwards: list[Layer] = []
    scales: ClassScaleAndShift | None = None
    while end is None or _Node(tensor).key != _Node(end).key:
        node = _Node(tensor)
        layer = node.layer
        if isinstance(layer, keras.layers.InputLayer):
            break
        if isinstance(layer, keras.layers.Multiply):
            (table,) = (each.layer for each in node.inputs if each.tensors)
            backwards += [MULTIPLY, _read_layer(table)]
            break
        if isinstance(layer, keras.layers.Add):
            tensor = _common_ancestor(*node.tensors)
            branches = sorted((_read_until(each, tensor) for each in node.tensors), key=len)
            backwards.append(Layer("residual", branches=tuple(branches)))
            continue
        if isinstance(layer, ClassScaleAndShift):
            scales = layer
        elif not _leaves_no_trace(layer):
            backwards.append(_read_layer(layer, scales))
            scales = None
        tensor = node.tensor_before
    return tuple(reversed(backwards))


def _leaves_no_trace(layer: keras.Layer) -> bool:
    if isinstance(layer, keras.layers.Activation):
        return layer.activation is keras.activations.linear
    return isinstance(layer, _WITHOUT_TRACE)


def _common_ancestor(first: keras.KerasTensor, second: keras.KerasTensor) -> keras.KerasTensor:
    line = {_Node(tensor).key for tensor in _ancestors(first)}
    return next(tensor for tensor in _ancestors(second) if _Node(tensor).key in line)


def _ancestors(tensor: keras.KerasTensor) -> list[keras.KerasTensor]:
    line = [tensor]
    while tensors := _Node(line[-1]).tensors:
        line.append(tensors[0])
    return line


def _read_layer(layer: keras.Layer, scales: ClassScaleAndShift | None = None) -> Layer:
    if isinstance(layer, BatchNormalization):
        options = layer.get_config()
        table = layer if scales is None else scales
        return Layer(
            "batch_norm",
            layer.moving_mean.shape[0],
            scale=table.gamma.numpy(),
            bias=table.beta.numpy(),
            classes=0 if scales is None else table.gamma.shape[0],
            epsilon=options["epsilon"],
            momentum=options["momentum"],
            corrected=False,
        )
    if isinstance(layer, LayerNormalization):
        return Layer(
            *("layer_norm", layer.gamma.shape[0]),
            scale=layer.gamma.numpy(),
            bias=layer.beta.numpy(),
            epsilon=LAYER_EPSILON,
        )
    if isinstance(layer, keras.layers.Embedding):
        return Layer(
            *("embedding", layer.output_dim),
            first=layer.embeddings.numpy(),
            classes=layer.input_dim,
        )
    if isinstance(layer, keras.layers.Dense):
        return Layer("dense", layer.units, **_weights(layer))
    for kind, name in _CONVOLUTIONS.items():
        if isinstance(layer, kind):
            assert layer.padding == "same", layer
            return Layer(
                *(name, layer.filters, _equal(layer.kernel_size), _equal(layer.strides)),
                **_weights(layer),
            )
    for kind, name in _POOLS.items():
        if isinstance(layer, kind):
            return Layer(name, _equal(layer.pool_size))
    for kind, name in _MARGINS.items():
        if isinstance(layer, kind):
            (margin,) = {*(layer.cropping if name == "crop" else layer.padding)}
            return Layer(name, tuple(margin))
    return _read_function(layer)


def _read_function(layer: keras.Layer) -> Layer:
    if isinstance(layer, keras.layers.UpSampling2D):
        assert layer.interpolation == "nearest", layer
        return Layer("repeat", _equal(layer.size))
    if isinstance(layer, keras.layers.GlobalAveragePooling2D):
        return GLOBAL_MEAN
    if isinstance(layer, Dropout):
        return Layer("dropout", rate=layer.get_config()["rate"])
    if isinstance(layer, keras.layers.LeakyReLU):
        return Layer("leaky_relu", slope=float(layer.negative_slope))
    if isinstance(layer, keras.layers.ReLU):
        return Layer("relu")
    if isinstance(layer, keras.layers.Activation):
        return Layer(layer.activation.__name__)
    raise TypeError(f"no notation for {layer}")


def _weights(layer: keras.Layer) -> dict[str, np.ndarray | None]:
    assert layer.activation is keras.activations.linear, layer
    bias = layer.bias.numpy() if layer.use_bias else None
    return {"first": layer.kernel.numpy(), "bias": bias}


def _equal(sizes: tuple[int, ...]) -> int:
    (size,) = set(sizes)
    return size
