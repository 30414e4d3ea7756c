"""Convolutions of a few channels at the larger side, whose way up is quicker by a detour.

The gradient of a strided convolution's input, which are the values of a transposed convolution,
is a convolution at the smaller side that makes every pixel of a block a channel, and then lays the
blocks out (Shi et al. 2016). It multiplies more, but by an operation that is quicker on CPUs where
there are few channels: the images that a generator makes, and the gradient of a critic's input.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

# Of images, with a channel for transparency; with more, the detour takes longer.
MOST_CHANNELS = 4


def is_quicker(channels: int, kernel_size: int, stride: int) -> bool:
    """Whether a convolution of so many channels at its larger side is one of these."""
    return channels <= MOST_CHANNELS and 1 < stride <= kernel_size


@keras.saving.register_keras_serializable("wgan_tf")
class SubpixelConv2D(keras.layers.Conv2D):
    """A strided convolution with `padding="same"`, whose gradient takes the detour."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        down, _ = _ways(inputs.shape[1:3], self.strides[0])
        return _with_bias(self, down(inputs, tf.convert_to_tensor(self.kernel.value)))


@keras.saving.register_keras_serializable("wgan_tf")
class SubpixelConv2DTranspose(keras.layers.Conv2DTranspose):
    """A transposed convolution with `padding="same"` that takes the detour."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        stride = self.strides[0]
        _, up = _ways([stride * side for side in inputs.shape[1:3]], stride)
        return _with_bias(self, up(inputs, tf.convert_to_tensor(self.kernel.value)))


Way = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def _ways(sides: Sequence[int], stride: int) -> tuple[Way, Way]:
    """A convolution with a kernel [k, k, C, D], from [B, *sides, C], and its transpose.

    Each is the other's derivative, so that derivatives of all orders take one of the two ways.
    """

    @tf.custom_gradient
    def down(large: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(large, kernel, stride, "SAME"), lambda upstream: (
            up(upstream, kernel),
            _kernel_gradient(large, kernel, upstream, stride),
        )

    @tf.custom_gradient
    def up(small: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        return _laid_out(small, kernel, sides, stride), lambda upstream: (
            down(upstream, kernel),
            _kernel_gradient(upstream, kernel, small, stride),
        )

    return down, up


def _kernel_gradient(
    large: tf.Tensor, kernel: tf.Tensor, small: tf.Tensor, stride: int
) -> tf.Tensor:
    return tf.raw_ops.Conv2DBackpropFilter(
        input=large,
        filter_sizes=kernel.shape,
        out_backprop=small,
        strides=[1, stride, stride, 1],
        padding="SAME",
    )


def _laid_out(small: tf.Tensor, kernel: tf.Tensor, sides: Sequence[int], stride: int) -> tf.Tensor:
    """The transposed convolution [B, h, w, D] -> [B, *sides, C]."""
    size, _, channels, filters = kernel.shape
    rows, columns = (
        _Taps(size, stride, large, small_side)
        for large, small_side in zip(sides, small.shape[1:3], strict=True)
    )
    # An entry of zeros for what a block does not take.
    padded = tf.pad(kernel, [[0, 1], [0, 1], [0, 0], [0, 0]])
    chosen = tf.gather(tf.gather(padded, rows.entries, axis=0), columns.entries, axis=1)
    blocks = tf.reshape(chosen, [rows.count, stride, columns.count, stride, channels, filters])
    blocks = tf.transpose(blocks, [0, 2, 5, 1, 3, 4])
    blocks = tf.reshape(blocks, [rows.count, columns.count, filters, stride**2 * channels])
    padding = [[0, 0], rows.padding, columns.padding, [0, 0]]
    laid_out = tf.nn.depth_to_space(tf.nn.conv2d(small, blocks, 1, padding), stride)
    return laid_out[:, : sides[0], : sides[1]]


class _Taps:
    """Along one axis, which entry of the kernel takes which small pixel to which of a block.

    Attributes:
        count: small pixels that a block is made of.
        entries: of the kernel, [count * stride], its size for none.
        padding: of the small side.
    """

    def __init__(self, size: int, stride: int, large_side: int, small_side: int) -> None:
        before = max((small_side - 1) * stride + size - large_side, 0) // 2
        # Pixel `place` of a block takes entry place + before - offset * stride of a neighbor.
        reach = range(-size, size + 1)
        table = {
            offset: [place + before - offset * stride for place in range(stride)]
            for offset in reach
        }
        used = [o for o in reach if any(0 <= entry < size for entry in table[o])]
        self.count = len(used)
        self.entries = np.array(
            [entry if 0 <= entry < size else size for o in used for entry in table[o]]
        )
        self.padding = [max(0, -used[0]), max(0, used[-1])]


def _with_bias(layer: keras.layers.Layer, values: tf.Tensor) -> tf.Tensor:
    if layer.use_bias:
        values = tf.nn.bias_add(values, layer.bias.value)
    return layer.activation(values)
