"""Layers whose kernels are divided by their spectral norm (Miyato et al. 2018)."""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from wgan_tf.networks.graph import layers_within


class _SpectralNormalized(keras.layers.Layer):
    """Uses W / sigma(W) in place of the kernel W, seen as a matrix [inputs, filters].

    sigma is estimated by power iteration from a vector that is part of the layer's state: one
    iteration in each call, none of them kept but by `iterate`. The gradient flows through sigma as
    v' W u with u and v held fixed.
    """

    def __init__(self, *arguments: Any, direction_seed: int = 0, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._direction_seed = direction_seed
        self._held_directions: tuple[tf.Tensor, tf.Tensor] | None = None

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        return {**super().get_config(), "direction_seed": self._direction_seed}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Adds the vector u of the power iteration."""
        super().build(input_shape)
        self.direction = self.add_weight(
            (self._kernel.shape[-1],),
            keras.initializers.RandomNormal(seed=self._direction_seed),
            trainable=False,
            autocast=False,
            name="direction",
        )

    def save_own_variables(self, store: Any) -> None:
        """Saves the kernel as it is trained, and u; Keras would save the normalized one alone."""
        for number, weight in enumerate(self.weights):
            store[str(number)] = weight

    def load_own_variables(self, store: Any) -> None:
        """Loads what `save_own_variables` saved."""
        for number, weight in enumerate(self.weights):
            weight.assign(store[str(number)])

    @property
    def kernel(self) -> tf.Tensor:
        """W / sigma(W), in the precision of the call."""
        kernel = keras.ops.convert_to_tensor(super().kernel)
        left, right = self._directions(kernel)
        matrix = self._matrix(kernel)
        norm = tf.tensordot(left, tf.linalg.matvec(matrix, right), 1)
        return tf.cast(tf.reshape(matrix / norm, kernel.shape), kernel.dtype)

    def iterate(self) -> None:
        """Keeps one power iteration."""
        _, right = self._directions(keras.ops.convert_to_tensor(self._kernel))
        self.direction.assign(right)

    def hold_directions(self) -> None:
        """Has v and u stay what they are now, whatever becomes of the kernel."""
        self._held_directions = self._directions(keras.ops.convert_to_tensor(self._kernel))

    def _matrix(self, kernel: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.reshape(kernel, [-1, kernel.shape[-1]]), self.variable_dtype)

    def _directions(self, kernel: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if self._held_directions is not None:
            return self._held_directions
        matrix = tf.stop_gradient(self._matrix(kernel))
        direction = keras.ops.convert_to_tensor(self.direction)
        left = tf.math.l2_normalize(tf.linalg.matvec(matrix, direction))
        right = tf.math.l2_normalize(tf.linalg.matvec(matrix, left, transpose_a=True))
        return left, right


@keras.saving.register_keras_serializable("wgan_tf")
class SpectralDense(_SpectralNormalized, keras.layers.Dense):
    """A dense layer x W / sigma(W) + b."""


@keras.saving.register_keras_serializable("wgan_tf")
class SpectralConv2D(_SpectralNormalized, keras.layers.Conv2D):
    """A convolution with W / sigma(W), W reshaped to [rows * columns * inputs, filters]."""


def iterate(network: keras.Model) -> None:
    """Keeps one power iteration of every spectrally normalized layer."""
    for layer in _normalized(network):
        layer.iterate()


def hold_directions(network: keras.Model) -> None:
    """Has the gradients of a network be exact, which take v and u of every kernel as constant."""
    for layer in _normalized(network):
        layer.hold_directions()


def is_normalized(network: keras.Model) -> bool:
    """Whether a network has a spectrally normalized layer."""
    return any(_normalized(network))


def _normalized(network: keras.Model) -> Iterator[_SpectralNormalized]:
    return (layer for layer in layers_within(network) if isinstance(layer, _SpectralNormalized))
