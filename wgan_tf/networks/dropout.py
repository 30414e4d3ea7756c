"""Dropout whose masks are a function of a key, and the same on any number of replicas."""

import contextlib
import contextvars
import dataclasses
from collections.abc import Iterator

import keras
import tensorflow as tf

from wgan_tf.random_numbers import uniform


@dataclasses.dataclass(frozen=True)
class _Masks:
    key: tf.Tensor
    replica: tf.Tensor | int
    replicas: int
    parts: int


_MASKS: contextvars.ContextVar[_Masks] = contextvars.ContextVar("masks")


@contextlib.contextmanager
def masks_from(
    key: tf.Tensor, replica: tf.Tensor | int, replicas: int, *, parts: int = 1
) -> Iterator[None]:
    """Keys the masks of every `Dropout` called in this context.

    Keras passes a network's layers no key, so it is handed to them around the call.

    Args:
        key: int64 [2]; one for each pass through a network.
        replica: whose examples are passed.
        replicas: replicas that share the global batch.
        parts: equal parts of the batch, such as real and generated examples, each of which is
            this replica's slice of a global batch.
    """
    token = _MASKS.set(_Masks(key, replica, replicas, parts))
    try:
        yield
    finally:
        _MASKS.reset(token)


@keras.saving.register_keras_serializable("wgan_tf")
class Dropout(keras.layers.Layer):
    """Sets entries to zero with probability `rate` and divides the others by 1 - rate.

    In training only (Srivastava et al. 2014), within `masks_from`. Masks are drawn for the global
    batch, of which each replica takes its slice.

    Args:
        rate: in [0, 1).
        number: of this layer within its network, so that no two layers share a mask.

    Raises:
        LookupError: on a call in training outside `masks_from`.
    """

    def __init__(self, rate: float, number: int, **options: object) -> None:
        super().__init__(**options)
        self._rate = rate
        self._number = number

    @property
    def number(self) -> int:
        """Which of its network's layers it is."""
        return self._number

    def get_config(self) -> dict[str, object]:
        """What makes an equal layer."""
        return {**super().get_config(), "rate": self._rate, "number": self._number}

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Any shape [B, ...], and the same back."""
        if not training:
            return inputs
        masks = _MASKS.get()
        examples = tf.shape(inputs)[0]
        features = inputs.shape[1:]
        key = tf.random.experimental.stateless_fold_in(masks.key, self._number, alg="philox")
        draws = uniform([masks.parts, masks.replicas, examples // masks.parts, *features], key)
        mine = tf.reshape(draws[:, masks.replica], [examples, *features])
        return tf.where(mine >= self._rate, inputs / (1.0 - self._rate), tf.zeros_like(inputs))
