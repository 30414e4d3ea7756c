"""Normalizations that Keras lacks, or has with wrong second derivatives."""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any, TypeAlias

import keras
import tensorflow as tf
from keras import ops

LAYER_EPSILON = 1e-5

Moments: TypeAlias = tuple[tf.Tensor, tf.Tensor]


@keras.saving.register_keras_serializable("wgan_tf")
class LayerNormalization(keras.layers.Layer):
    """Normalizes each example over all its entries, then scales and shifts each filter.

    Keras's layer and group normalization have the same values and first derivatives, but their
    variance stops the gradient through the mean (`tf.nn.moments`), which makes the second
    derivative wrong, and with it the gradient of a gradient penalty.
    """

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer; Keras cannot tell by itself how a policy is written."""
        return super().get_config()

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
        normalized = centered * ops.rsqrt(variance + LAYER_EPSILON) * self.gamma + self.beta
        return ops.cast(normalized, self.compute_dtype)


@keras.saving.register_keras_serializable("wgan_tf")
class GroupNormalization(keras.layers.Layer):
    """Normalizes groups of filters of each example (Wu and He 2018), then scales and shifts each.

    Keras's layer of this name has wrong second derivatives; see `LayerNormalization`.

    Args:
        groups: of equally many filters.
        epsilon: added to the variance.

    Raises:
        ValueError: when built on filters that do not divide into the groups.
    """

    def __init__(self, groups: int = 32, *, epsilon: float = LAYER_EPSILON, **options: Any) -> None:
        super().__init__(**options)
        self._groups = groups
        self._epsilon = epsilon

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        return {**super().get_config(), "groups": self._groups, "epsilon": self._epsilon}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes one scale and one offset a filter."""
        (filters,) = shape = (input_shape[-1],)
        if filters is None or filters % self._groups:
            raise ValueError(f"{filters} filters do not divide into {self._groups} groups.")
        self.gamma = self.add_weight(shape, "ones", autocast=False, name="gamma")
        self.beta = self.add_weight(shape, "zeros", autocast=False, name="beta")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Any shape [B, ..., filters], and the same back; computes in the variables' precision."""
        x = ops.cast(inputs, self.variable_dtype)
        shape = (-1, *inputs.shape[1:])
        grouped = ops.reshape(x, (*shape[:-1], self._groups, shape[-1] // self._groups))
        axes = (*range(1, len(shape) - 1), len(shape))
        centered = grouped - ops.mean(grouped, axes, keepdims=True)
        variance = ops.mean(ops.square(centered), axes, keepdims=True)
        normalized = ops.reshape(centered * ops.rsqrt(variance + self._epsilon), shape)
        return ops.cast(normalized * self.gamma + self.beta, self.compute_dtype)


_RECORDED: contextvars.ContextVar[dict["BatchNormalization", Moments] | None] = (
    contextvars.ContextVar("moments", default=None)
)


@contextlib.contextmanager
def recorded_moments() -> Iterator[dict["BatchNormalization", Moments]]:
    """Has every batch norm called at inference in this context normalize by its own batch.

    Yields:
        The mean and the variance, [filters] each, that each of them took, filled as it is called.
    """
    recorded: dict[BatchNormalization, Moments] = {}
    token = _RECORDED.set(recorded)
    try:
        yield recorded
    finally:
        _RECORDED.reset(token)


@keras.saving.register_keras_serializable("wgan_tf")
class BatchNormalization(keras.layers.Layer):
    """Normalizes each filter over the global batch (Ioffe and Szegedy 2015).

    In training by the moments of all replicas' examples, which take one all-reduce a call where
    Keras's synchronized layer takes three; every replica has equally many examples. At inference
    by the moving statistics, or within `recorded_moments` by those of the batch.

    Args:
        momentum: of the moving statistics: moving <- momentum moving + (1 - momentum) batch.
        epsilon: added to the variance.
        has_scale_and_offset: whether each filter is scaled and shifted afterwards.
        scale_initializer: of the scales.
    """

    def __init__(
        self,
        *,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        has_scale_and_offset: bool = True,
        scale_initializer: str | keras.Initializer = "ones",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._momentum = momentum
        self._epsilon = epsilon
        self._has_scale_and_offset = has_scale_and_offset
        self._scale_initializer = keras.initializers.get(scale_initializer)

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        return {
            **super().get_config(),
            "momentum": self._momentum,
            "epsilon": self._epsilon,
            "has_scale_and_offset": self._has_scale_and_offset,
            "scale_initializer": keras.initializers.serialize(self._scale_initializer),
        }

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes scale and offset, then the moving mean and variance, one of each a filter."""
        shape = (input_shape[-1],)
        if self._has_scale_and_offset:
            self.gamma = self.add_weight(
                shape, self._scale_initializer, autocast=False, name="gamma"
            )
            self.beta = self.add_weight(shape, "zeros", autocast=False, name="beta")
        self.moving_mean = self._add_moving(shape, "zeros", "moving_mean")
        self.moving_variance = self._add_moving(shape, "ones", "moving_variance")

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Any shape [B, ..., filters], and the same back; computes in the variables' precision."""
        x = ops.cast(inputs, self.variable_dtype)
        if training:
            mean, variance = _global_moments(x)
            for moving, current in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(self._momentum * moving + (1.0 - self._momentum) * current)
        elif (recorded := _RECORDED.get()) is not None:
            mean, variance = _moments(x)
            recorded[self] = mean, variance
        else:
            mean, variance = self.moving_mean.value, self.moving_variance.value
        scale = ops.rsqrt(variance + self._epsilon)
        if self._has_scale_and_offset:
            scale *= self.gamma
        normalized = (x - mean) * scale
        if self._has_scale_and_offset:
            normalized += self.beta
        return ops.cast(normalized, self.compute_dtype)

    def _add_moving(
        self, shape: tuple[int | None, ...], initializer: str, name: str
    ) -> keras.Variable:
        return self.add_weight(
            shape,
            initializer,
            trainable=False,
            autocast=False,
            name=name,
        )


def _moments(x: tf.Tensor) -> Moments:
    """Mean and variance of each filter, [filters] each."""
    axes = tuple(range(len(x.shape) - 1))
    mean = ops.mean(x, axes)
    return mean, ops.mean(ops.square(x - mean), axes)


def _global_moments(x: tf.Tensor) -> Moments:
    """`_moments` of the examples of all replicas."""
    mean, variance = _moments(x)
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return mean, variance
    both = tf.stack([mean, variance + tf.square(mean)])
    global_mean, square = tf.unstack(replica.all_reduce(tf.distribute.ReduceOp.MEAN, both))
    return global_mean, tf.nn.relu(square - tf.square(global_mean))


@keras.saving.register_keras_serializable("wgan_tf")
class ClassScaleAndShift(keras.layers.Layer):
    """gamma[y] x + beta[y]: what conditional batch norm does after normalizing.

    One scale and one offset a class and filter (Dumoulin et al. 2017), ones and zeros at first.

    Args:
        num_classes: of the labels.
    """

    def __init__(self, num_classes: int, **options: Any) -> None:
        super().__init__(**options)
        self._num_classes = num_classes

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        return {**super().get_config(), "num_classes": self._num_classes}

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
