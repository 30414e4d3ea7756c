"""Building blocks shared by the families."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float64": "float64"}
OUTPUT_RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "linear": None}


class LayerNormalization(keras.layers.Layer):
    """Normalises each example over all its entries, then scales and shifts each filter.

    Keras's layer and group normalisation have the same values and first derivatives, but their
    variance stops the gradient through the mean (`tf.nn.moments`), which makes the second
    derivative wrong, and with it the gradient of a gradient penalty.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes one scale and one offset a filter."""
        self.gamma = self.add_weight((input_shape[-1],), "ones", name="gamma")
        self.beta = self.add_weight((input_shape[-1],), "zeros", name="beta")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Computes in the variables' precision."""
        x = ops.cast(inputs, self.variable_dtype)
        axes = tuple(range(1, len(inputs.shape)))
        centered = x - ops.mean(x, axes, keepdims=True)
        variance = ops.mean(ops.square(centered), axes, keepdims=True)
        scale = ops.cast(self.gamma, self.variable_dtype)
        offset = ops.cast(self.beta, self.variable_dtype)
        normalized = centered * ops.rsqrt(variance + 1e-5) * scale + offset
        return ops.cast(normalized, self.compute_dtype)


class LayerFactory:
    """Makes the layers of one network, all of one precision, initialised from one seed.

    Every kernel has an initialiser with a seed of its own, so that a network's first values
    follow from `seed` and from the order in which its layers are made.
    """

    def __init__(self, precision: str, seed: int, initializer: str) -> None:
        """Makes a factory.

        Args:
            precision: one of `POLICIES`.
            seed: of the initial values.
            initializer: of kernels: normal (N(0, 0.02)), he_uniform or glorot_uniform.
        """
        self._policy = keras.DTypePolicy(POLICIES[precision])
        self._variable_dtype = self._policy.variable_dtype
        self._seeds = np.random.default_rng(seed)
        self._initializer = initializer

    def input(self, shape: tuple[int, ...]) -> keras.KerasTensor:
        """A network's input, in the precision of its variables."""
        return keras.Input(shape, dtype=self._variable_dtype)

    def dense(self, units: int, *, use_bias: bool = True) -> keras.Layer:
        """A dense layer, x W + b."""
        return keras.layers.Dense(
            units,
            use_bias=use_bias,
            kernel_initializer=self._kernel_initializer(),
            dtype=self._policy,
        )

    def head(self, units: int = 1) -> keras.Layer:
        """A dense layer that computes in the variables' precision: scores need its digits."""
        return keras.layers.Dense(
            units, kernel_initializer=self._kernel_initializer(), dtype=self._variable_dtype
        )

    def convolution(
        self, filters: int, kernel_size: int, stride: int, *, use_bias: bool = True
    ) -> keras.Layer:
        """A convolution that makes sides smaller by `stride`, rounded up."""
        return keras.layers.Conv2D(
            filters,
            kernel_size,
            stride,
            padding="same",
            use_bias=use_bias,
            kernel_initializer=self._kernel_initializer(),
            dtype=self._policy,
        )

    def transposed_convolution(
        self, filters: int, kernel_size: int, stride: int, *, use_bias: bool = True
    ) -> keras.Layer:
        """A transposed convolution that makes sides larger by `stride`."""
        return keras.layers.Conv2DTranspose(
            filters,
            kernel_size,
            stride,
            padding="same",
            use_bias=use_bias,
            kernel_initializer=self._kernel_initializer(),
            dtype=self._policy,
        )

    def norm(self, kind: str) -> keras.Layer:
        """Normalisation over the global batch (batch), over each example (layer), or none.

        Layer normalisation has one scale and offset a filter, as Gulrajani et al. have it.
        """
        if kind == "batch":
            return keras.layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, synchronized=True, dtype=self._policy
            )
        if kind == "layer":
            return LayerNormalization(dtype=self._policy)
        return keras.layers.Identity(dtype=self._policy)

    def relu(self) -> keras.Layer:
        """Rectifier max(x, 0)."""
        return keras.layers.ReLU(dtype=self._policy)

    def leaky_relu(self) -> keras.Layer:
        """Leaky rectifier max(x, 0.2 x)."""
        return keras.layers.LeakyReLU(0.2, dtype=self._policy)

    def reshape(self, shape: tuple[int, ...]) -> keras.Layer:
        """Examples of another shape."""
        return keras.layers.Reshape(shape, dtype=self._policy)

    def flatten(self) -> keras.Layer:
        """Examples as vectors."""
        return keras.layers.Flatten(dtype=self._policy)

    def crop(self, rows: int, columns: int) -> keras.Layer:
        """Takes rows and columns off the far ends."""
        return keras.layers.Cropping2D(((0, rows), (0, columns)), dtype=self._policy)

    def output(self, activation: str) -> keras.Layer:
        """The generator's last function, in the variables' precision."""
        return keras.layers.Activation(activation, dtype=self._variable_dtype)

    def _kernel_initializer(self) -> keras.Initializer:
        seed = int(self._seeds.integers(2**31))
        if self._initializer == "normal":
            return keras.initializers.RandomNormal(stddev=0.02, seed=seed)
        if self._initializer == "he_uniform":
            return keras.initializers.HeUniform(seed=seed)
        return keras.initializers.GlorotUniform(seed=seed)
