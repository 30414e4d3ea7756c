"""Normalisations that Keras lacks, or has with wrong second derivatives."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

EPSILON = 1e-5


class LayerNormalization(keras.layers.Layer):
    """Normalises each example over all its entries, then scales and shifts each filter.

    Keras's layer and group normalisation have the same values and first derivatives, but their
    variance stops the gradient through the mean (`tf.nn.moments`), which makes the second
    derivative wrong, and with it the gradient of a gradient penalty.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes one scale and one offset a filter."""
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(shape, "ones", autocast=False, name="gamma")
        self.beta = self.add_weight(shape, "zeros", autocast=False, name="beta")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Computes in the variables' precision."""
        x = ops.cast(inputs, self.variable_dtype)
        axes = tuple(range(1, len(inputs.shape)))
        centered = x - ops.mean(x, axes, keepdims=True)
        variance = ops.mean(ops.square(centered), axes, keepdims=True)
        normalized = centered * ops.rsqrt(variance + EPSILON) * self.gamma + self.beta
        return ops.cast(normalized, self.compute_dtype)


class SamplingBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation by the batch's own statistics even at inference; no variable changes.

    It has the variables of the layer that training uses, so that it takes over their values.
    """

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Any shape [B, ..., filters], and the same back."""
        x = ops.cast(inputs, self.variable_dtype)
        axes = tuple(range(len(inputs.shape) - 1))
        centered = x - ops.mean(x, axes, keepdims=True)
        variance = ops.mean(ops.square(centered), axes, keepdims=True)
        normalized = centered * ops.rsqrt(variance + self.epsilon)
        if self.scale:
            normalized *= self.gamma
        if self.center:
            normalized += self.beta
        return ops.cast(normalized, self.compute_dtype)


class ClassScaleAndShift(keras.layers.Layer):
    """gamma[y] x + beta[y]: what conditional batch norm does after normalising.

    One scale and one offset a class and filter (Dumoulin et al. 2017), ones and zeros at first.

    Args:
        num_classes: of the labels.
    """

    def __init__(self, num_classes: int, **options: Any) -> None:
        super().__init__(**options)
        self._num_classes = num_classes

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Makes both tables, [classes, filters]."""
        (features, _) = input_shape
        shape = (self._num_classes, features[-1])
        self.gamma = self.add_weight(shape, "ones", name="gamma")
        self.beta = self.add_weight(shape, "zeros", name="beta")

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """[features [B, ..., filters], labels int32 [B]] -> [B, ..., filters]."""
        features, labels = inputs
        one_each = (-1, *(1,) * (len(features.shape) - 2), features.shape[-1])
        scale = ops.reshape(ops.take(self.gamma, labels, axis=0), one_each)
        offset = ops.reshape(ops.take(self.beta, labels, axis=0), one_each)
        return features * ops.cast(scale, features.dtype) + ops.cast(offset, features.dtype)

    def compute_output_shape(
        self, input_shape: list[tuple[int | None, ...]]
    ) -> tuple[int | None, ...]:
        """That of the features."""
        return input_shape[0]
