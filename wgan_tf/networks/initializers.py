"""First values of kernels and biases, by the rules of the sources' own code."""

import math
from typing import NamedTuple

import keras

STANDARD_DEVIATION = 0.02


class Fans(NamedTuple):
    """How many inputs an output of a layer sums over, and how many outputs an input goes to.

    Attributes:
        fan_in: inputs * receptive field.
        fan_out: outputs * receptive field.
        strided_fan_in: `fan_in`, divided by stride^2 in a transposed convolution.
        strided_fan_out: `fan_out`, divided by stride^2 in a convolution.
        pytorch_fan_in: `fan_in`, but `fan_out` in a transposed convolution, whose kernel PyTorch
            has the other way round.
        is_dense: whether the layer is dense.
    """

    fan_in: float
    fan_out: float
    strided_fan_in: float
    strided_fan_out: float
    pytorch_fan_in: float
    is_dense: bool = False

    @classmethod
    def of_dense(cls, inputs: int, units: int) -> "Fans":
        """Of a dense layer."""
        return cls(inputs, units, inputs, units, inputs, is_dense=True)

    @classmethod
    def of_convolution(cls, channels: int, filters: int, kernel_size: int, stride: int) -> "Fans":
        """Of a convolution."""
        fan_in, fan_out = channels * kernel_size**2, filters * kernel_size**2
        return cls(fan_in, fan_out, fan_in, fan_out / stride**2, fan_in)

    @classmethod
    def of_transposed_convolution(
        cls, channels: int, filters: int, kernel_size: int, stride: int
    ) -> "Fans":
        """Of a transposed convolution."""
        fan_in, fan_out = channels * kernel_size**2, filters * kernel_size**2
        return cls(fan_in, fan_out, fan_in / stride**2, fan_out, fan_out)


def kernel_initializer(kind: str, fans: Fans, seed: int) -> keras.Initializer:
    """The initializer of a kernel.

    Args:
        kind: normal or dcgan: N(0, 0.02). uniform: uniform of standard deviation 0.02. he_uniform:
            of variance 2 / fan_in (He et al. 2015), strides counted. glorot_uniform: of variance
            2 / (fan_in + fan_out) (Glorot and Bengio 2010). wgan_gp: of variance 4 / (fan_in +
            fan_out), strides counted, for convolutions both ways, and Glorot's for dense layers,
            as the code of Gulrajani et al. 2017 has it. fan_in_uniform: within 1 / sqrt(fan_in),
            as PyTorch counts it and begins its linear layers and convolutions both ways.
        fans: of the layer.
        seed: of the values.
    """
    glorot = 2.0 / (fans.fan_in + fans.fan_out)
    if kind in ("normal", "dcgan"):
        return keras.initializers.RandomNormal(stddev=STANDARD_DEVIATION, seed=seed)
    if kind == "uniform":
        return _uniform(STANDARD_DEVIATION**2, seed)
    if kind == "he_uniform":
        return _uniform(2.0 / fans.strided_fan_in, seed)
    if kind == "wgan_gp" and not fans.is_dense:
        return _uniform(4.0 / (fans.strided_fan_in + fans.strided_fan_out), seed)
    if kind == "fan_in_uniform":
        return _uniform(1.0 / (3.0 * fans.pytorch_fan_in), seed)
    return _uniform(glorot, seed)


def bias_initializer(kind: str, fans: Fans, seed: int) -> keras.Initializer:
    """Zeros; with fan_in_uniform, uniform within 1 / sqrt(fan_in)."""
    if kind == "fan_in_uniform":
        return _uniform(1.0 / (3.0 * fans.pytorch_fan_in), seed)
    return keras.initializers.Zeros()


def scale_initializer(kind: str, seed: int) -> keras.Initializer:
    """Of batch norm's scales: ones; with dcgan N(1, 0.02) (Radford et al. 2016, their code)."""
    if kind == "dcgan":
        return keras.initializers.RandomNormal(1.0, STANDARD_DEVIATION, seed=seed)
    return keras.initializers.Ones()


def _uniform(variance: float, seed: int) -> keras.Initializer:
    limit = math.sqrt(3.0 * variance)
    return keras.initializers.RandomUniform(-limit, limit, seed=seed)
