"""Layers for networks of your own, in place of Keras's that would train wrong without a word.

`BatchNormalization` is over the global batch, and its statistics are the same on all replicas.
`LayerNormalization` and `GroupNormalization` have right second derivatives, which a gradient
penalty takes. `ClassScaleAndShift` after `BatchNormalization(has_scale_and_offset=False)` makes it
conditional. `Dropout` is drawn from the run's seed. `SpectralDense` and `SpectralConv2D` have a
kernel of spectral norm one. `ReLU` and `LeakyReLU` are Keras's, with which a gradient penalty takes
less time.
"""

from wgan_tf.networks.dropout import Dropout
from wgan_tf.networks.normalization import (
    BatchNormalization,
    ClassScaleAndShift,
    GroupNormalization,
    LayerNormalization,
)
from wgan_tf.networks.rectifiers import LeakyReLU, ReLU
from wgan_tf.networks.spectral import SpectralConv2D, SpectralDense

__all__ = [
    "BatchNormalization",
    "ClassScaleAndShift",
    "Dropout",
    "GroupNormalization",
    "LayerNormalization",
    "LeakyReLU",
    "ReLU",
    "SpectralConv2D",
    "SpectralDense",
]
