"""The kernel floor: the convolutions and matrix products of a step, timed alone.

No step can take less than these with the same kernels. A critic's step needs, for each layer of the
generator, its values; for each of the critic's, its values at real and generated examples, the
gradients of the kernel and, but for the first layer, of the input there; and for a penalty, at as
many points as a batch has examples, the values, the gradient of the input, the derivative along a
direction and the gradient of the kernel. A generator's step needs values and gradients of both
networks at a batch, and no gradient of the critic's kernels.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from benchmarks.contestant import Turn, timed
from benchmarks.ours import settled
from wgan_tf import lipschitz
from wgan_tf.config import Config
from wgan_tf.data.store import open_store
from wgan_tf.networks import registry
from wgan_tf.networks.graph import layers_within

Kernel = Callable[[], tf.Tensor]


class KernelFloor:
    """Runs the kernels of generator steps and of their critic steps."""

    def __init__(self, config: Config) -> None:
        store = open_store(config, config.train_split)
        self._config = config = settled(
            config, store, tf.distribute.OneDeviceStrategy(tf.config.list_logical_devices()[0].name)
        )
        generator, critic = (
            [_Layer.of(layer, config) for layer in _with_kernel(build(config, store.info))]
            for build in (registry.build_generator, registry.build_critic)
        )
        is_penalized = config.lipschitz in lipschitz.PENALTIES
        batch = config.batch_size
        of_generator = batch * config.generator_batch_multiple
        self._critic_step = _function(
            [
                *(layer.values(batch) for layer in generator),
                *(
                    kernel
                    for layer in critic
                    for kernel in layer.trained(2 * batch, layer is critic[0])
                ),
                *(
                    kernel
                    for layer in critic * is_penalized
                    for kernel in (
                        layer.values(batch),
                        layer.input_gradient(batch),
                        layer.values(batch),
                        layer.kernel_gradient(batch),
                    )
                ),
            ]
        )
        self._generator_step = _function(
            [
                *(
                    kernel
                    for layer in generator
                    for kernel in layer.trained(of_generator, layer is generator[0])
                ),
                *(layer.values(of_generator) for layer in critic),
                *(layer.input_gradient(of_generator) for layer in critic),
            ]
        )

    def turn(self, steps: int) -> Turn:
        """See `Contestant`."""
        critic_steps = self._config.critic_steps

        def take() -> None:
            for _ in range(steps):
                for _ in range(critic_steps):
                    self._critic_step()
                last = self._generator_step()
            # Waits for what a device still does.
            last.numpy()

        return timed(steps, self._config.batch_size, critic_steps, take)


@dataclasses.dataclass(frozen=True, eq=False)
class _Layer:
    """A layer with a kernel, as arguments of TensorFlow's operations."""

    kind: str
    dtype: tf.DType
    kernel_shape: tuple[int, ...]
    small: tuple[int, ...]
    large: tuple[int, ...]
    stride: int
    padding: str

    @classmethod
    def of(cls, layer: keras.Layer, config: Config) -> "_Layer":
        dtype = tf.as_dtype(layer.compute_dtype)
        kernel = tuple(layer.kernel.shape)
        given, made = (tuple(x.shape[1:]) for x in (layer.input, layer.output))
        if isinstance(layer, keras.layers.Dense):
            return cls("dense", dtype, kernel, made, given, 1, "")
        padding = layer.padding.upper()
        if isinstance(layer, keras.layers.Conv2DTranspose):
            return cls("transposed", dtype, kernel, given, made, layer.strides[0], padding)
        return cls("convolution", dtype, kernel, made, given, layer.strides[0], padding)

    def values(self, batch: int) -> Kernel:
        return self._of(batch, {"dense": "x w", "convolution": "down", "transposed": "up"})

    def input_gradient(self, batch: int) -> Kernel:
        return self._of(batch, {"dense": "y w", "convolution": "up", "transposed": "down"})

    def kernel_gradient(self, batch: int) -> Kernel:
        return self._of(batch, {"dense": "x y", "convolution": "both", "transposed": "both"})

    def trained(self, batch: int, is_first: bool) -> Iterator[Kernel]:
        """Values and gradients; nothing needs the gradient of the first layer's input."""
        yield self.values(batch)
        yield self.kernel_gradient(batch)
        if not is_first:
            yield self.input_gradient(batch)

    def _of(self, batch: int, kinds: dict[str, str]) -> Kernel:
        kind = kinds[self.kind]
        # Each has its own, so that no two are found to be one and the same.
        random = [
            tf.cast(tf.random.normal(shape), self.dtype)
            for shape in (self.kernel_shape, (batch, *self.small), (batch, *self.large))
        ]
        kernel, small, large = random
        strides, padding = [1, self.stride, self.stride, 1], self.padding
        return {
            "x w": lambda: tf.matmul(large, kernel),
            "y w": lambda: tf.matmul(small, kernel, transpose_b=True),
            "x y": lambda: tf.matmul(large, small, transpose_a=True),
            "down": lambda: tf.nn.conv2d(large, kernel, strides, padding),
            "up": lambda: tf.raw_ops.Conv2DBackpropInput(
                input_sizes=large.shape,
                filter=kernel,
                out_backprop=small,
                strides=strides,
                padding=padding,
            ),
            "both": lambda: tf.raw_ops.Conv2DBackpropFilter(
                input=large,
                filter_sizes=kernel.shape,
                out_backprop=small,
                strides=strides,
                padding=padding,
            ),
        }[kind]


def _function(kernels: list[Kernel]) -> Callable[[], tf.Tensor]:
    """Runs all, and gives one number that waits for them."""

    @tf.function(autograph=False)
    def run() -> tf.Tensor:
        # The first entry of each: reading all of them would take time as well.
        return tf.add_n([tf.cast(tf.reshape(kernel(), [-1])[0], tf.float32) for kernel in kernels])

    return run


def _with_kernel(model: keras.Model) -> list[keras.Layer]:
    layers = []
    for layer in layers_within(model):
        kernel = getattr(layer, "kernel", None)
        if kernel is not None and math.prod(kernel.shape) > 1:
            layers.append(layer)
    return layers
