"""The layers that families are made of, alike in precision and reproducible from one seed."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from wgan_tf.networks.dropout import Dropout
from wgan_tf.networks.initializers import (
    Fans,
    bias_initializer,
    kernel_initializer,
    scale_initializer,
)
from wgan_tf.networks.normalization import (
    BatchNormalization,
    ClassScaleAndShift,
    LayerNormalization,
)
from wgan_tf.networks.rectifiers import LeakyReLU, ReLU
from wgan_tf.networks.spectral import SpectralConv2D, SpectralDense
from wgan_tf.networks.subpixel import SubpixelConv2D, SubpixelConv2DTranspose, is_quicker

POLICIES = {
    # Of networks that are built without anything having been measured.
    "auto": "float32",
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
    "float64": "float64",
}
OUTPUT_RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "linear": None}

Operation = Callable[[keras.KerasTensor], keras.KerasTensor]


class LayerFactory:
    """Makes the layers of one network, all of one precision, initialized from one seed.

    Every kernel has an initializer with a seed of its own, so that a network's first values
    follow from `seed` and from the order in which its layers are made.
    """

    def __init__(
        self,
        precision: str,
        seed: int,
        initializer: str,
        *,
        spectral_norm: bool = False,
        differentiated_twice: bool = False,
        subpixel: bool = False,
        leaky_relu_slope: float = 0.2,
        batch_norm_momentum: float = 0.9,
        batch_norm_epsilon: float = 1e-5,
        bias_before_norm: bool = False,
        embedding_initializer: str = "normal",
    ) -> None:
        """Makes a factory.

        Args:
            precision: one of `POLICIES`.
            seed: of the initial values.
            initializer: of kernels, one of `initializers.kernel_initializer`'s.
            spectral_norm: whether dense layers, convolutions and heads are spectrally normalized.
            differentiated_twice: whether rectifiers are those of `rectifiers`.
            subpixel: whether convolutions of images are those of `subpixel`, where that is quicker.
            leaky_relu_slope: of every leaky rectifier.
            batch_norm_momentum: of batch norm's moving statistics.
            batch_norm_epsilon: added to the variance in batch norm.
            bias_before_norm: whether layers have a bias that batch norm cancels.
            embedding_initializer: of class embeddings: normal (N(0, 1)) or glorot_uniform.
        """
        self._policy = keras.DTypePolicy(POLICIES[precision])
        self._variable_dtype = self._policy.variable_dtype
        self._seeds = np.random.default_rng(seed)
        self._initializer = initializer
        self._dense: type[keras.layers.Dense] = (
            SpectralDense if spectral_norm else keras.layers.Dense
        )
        self._convolution: type[keras.layers.Conv2D] = (
            SpectralConv2D if spectral_norm else keras.layers.Conv2D
        )
        self._spectral_norm = spectral_norm
        self._subpixel = subpixel
        self._relu: type[keras.layers.ReLU] = ReLU if differentiated_twice else keras.layers.ReLU
        self._leaky_relu: type[keras.layers.LeakyReLU] = (
            LeakyReLU if differentiated_twice else keras.layers.LeakyReLU
        )
        self._leaky_relu_slope = leaky_relu_slope
        self._batch_norm_options = {
            "momentum": batch_norm_momentum,
            "epsilon": batch_norm_epsilon,
        }
        self._bias_before_norm = bias_before_norm
        self._embedding_initializer = embedding_initializer
        self._dropouts = 0

    def input(self, shape: tuple[int, ...]) -> keras.KerasTensor:
        """A network's input, in the precision of its variables."""
        return keras.Input(shape, dtype=self._variable_dtype)

    def label_input(self) -> keras.KerasTensor:
        """Labels, int32 [B]."""
        return keras.Input((), dtype="int32")

    def has_bias_before(self, norm: str) -> bool:
        """Whether a layer that a normalization of this kind follows has a bias."""
        return norm != "batch" or self._bias_before_norm

    def dense(
        self, units: int, *, use_bias: bool = True, initializer: str | None = None
    ) -> Operation:
        """A dense layer, x W + b."""
        return self._make_dense(units, use_bias, initializer, self._policy)

    def head(
        self, units: int = 1, *, use_bias: bool = True, initializer: str | None = None
    ) -> Operation:
        """A dense layer that computes in the variables' precision: scores need its digits."""
        return self._make_dense(units, use_bias, initializer, self._variable_dtype)

    def convolution(
        self,
        filters: int,
        kernel_size: int,
        stride: int,
        *,
        use_bias: bool = True,
        initializer: str | None = None,
    ) -> Operation:
        """A convolution that makes sides smaller by `stride`, rounded up."""

        def convolve(x: keras.KerasTensor) -> keras.KerasTensor:
            fans = Fans.of_convolution(x.shape[-1], filters, kernel_size, stride)
            kind = self._convolution
            if self._is_subpixel(x.shape[-1], kernel_size, stride) and not self._spectral_norm:
                kind = SubpixelConv2D
            layer = kind(
                filters,
                kernel_size,
                stride,
                padding="same",
                use_bias=use_bias,
                dtype=self._policy,
                **self._first_values(initializer, fans),
                **self._spectral_options(),
            )
            return layer(x)

        return convolve

    def transposed_convolution(
        self,
        filters: int,
        kernel_size: int,
        stride: int,
        *,
        use_bias: bool = True,
        initializer: str | None = None,
    ) -> Operation:
        """A transposed convolution that makes sides larger by `stride`."""

        def convolve(x: keras.KerasTensor) -> keras.KerasTensor:
            fans = Fans.of_transposed_convolution(x.shape[-1], filters, kernel_size, stride)
            is_subpixel = self._is_subpixel(filters, kernel_size, stride)
            kind = SubpixelConv2DTranspose if is_subpixel else keras.layers.Conv2DTranspose
            layer = kind(
                filters,
                kernel_size,
                stride,
                padding="same",
                use_bias=use_bias,
                dtype=self._policy,
                **self._first_values(initializer, fans),
            )
            return layer(x)

        return convolve

    def _is_subpixel(self, channels: int, kernel_size: int, stride: int) -> bool:
        return self._subpixel and is_quicker(channels, kernel_size, stride)

    def norm(
        self,
        kind: str,
        *,
        label: keras.KerasTensor | None = None,
        num_classes: int = 0,
    ) -> Operation:
        """Normalization over the global batch (batch), over each example (layer), or none.

        Layer normalization has one scale and offset a filter, as Gulrajani et al. have it.

        Args:
            kind: batch, layer or none.
            label: labels, for a scale and an offset a class after batch norm.
            num_classes: of the labels.
        """
        if kind == "layer":
            return LayerNormalization(dtype=self._policy)
        if kind == "none":
            return keras.layers.Identity(dtype=self._policy.name)
        normalize = BatchNormalization(
            has_scale_and_offset=label is None,
            scale_initializer=self._scale_initializer(),
            dtype=self._policy,
            **self._batch_norm_options,
        )
        if label is None:
            return normalize
        scale_and_shift = ClassScaleAndShift(num_classes, dtype=self._policy)
        return lambda x: scale_and_shift([normalize(x), label])

    def class_embedding(self, num_classes: int, width: int) -> keras.Layer:
        """A table of one vector a class: labels int32 [B] -> [B, width]."""
        seed = self._seed()
        return keras.layers.Embedding(
            num_classes,
            width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0, seed=seed)
            if self._embedding_initializer == "normal"
            else keras.initializers.GlorotUniform(seed=seed),
            dtype=self._variable_dtype,
        )

    def multiply(self) -> keras.Layer:
        """The elementwise product of several features."""
        return keras.layers.Multiply(dtype=self._policy)

    def add(self) -> keras.Layer:
        """The sum of several features."""
        return keras.layers.Add(dtype=self._policy)

    def concatenate(self) -> keras.Layer:
        """Several features side by side."""
        return keras.layers.Concatenate(dtype=self._policy)

    def dropout(self, rate: float) -> keras.Layer:
        """Dropout whose masks do not depend on the number of replicas."""
        self._dropouts += 1
        return Dropout(rate, self._dropouts, dtype=self._policy)

    def activation(self, kind: str) -> keras.Layer:
        """relu, max(x, 0); leaky_relu, max(x, slope x); elu, x or exp(x) - 1 below 0; or tanh."""
        if kind == "leaky_relu":
            return self.leaky_relu()
        if kind == "relu":
            return self.relu()
        return keras.layers.Activation(kind, dtype=self._policy)

    def relu(self) -> keras.Layer:
        """Rectifier max(x, 0)."""
        return self._relu(dtype=self._policy)

    def leaky_relu(self) -> keras.Layer:
        """Leaky rectifier max(x, slope x)."""
        return self._leaky_relu(self._leaky_relu_slope, dtype=self._policy)

    def upsample(self, factor: int) -> keras.Layer:
        """Sides larger by `factor`, each pixel repeated."""
        return keras.layers.UpSampling2D(factor, interpolation="nearest", dtype=self._policy)

    def mean_pool(self) -> keras.Layer:
        """Sides halved, each pixel the mean of four."""
        return keras.layers.AveragePooling2D(2, padding="same", dtype=self._policy)

    def max_pool(self) -> keras.Layer:
        """Sides halved, rounded up, each pixel the largest of four."""
        return keras.layers.MaxPooling2D(2, padding="same", dtype=self._policy)

    def global_mean(self) -> keras.Layer:
        """The mean over all pixels: [B, H, W, filters] -> [B, filters]."""
        return keras.layers.GlobalAveragePooling2D(dtype=self._policy)

    def reshape(self, shape: tuple[int, ...]) -> keras.Layer:
        """Examples of another shape."""
        return keras.layers.Reshape(shape, dtype=self._policy)

    def flatten(self) -> keras.Layer:
        """Examples as vectors."""
        return keras.layers.Flatten(dtype=self._policy)

    def crop(self, rows: int, columns: int) -> keras.Layer:
        """Takes rows and columns off the far ends."""
        return keras.layers.Cropping2D(((0, rows), (0, columns)), dtype=self._policy)

    def pad_margin(self, margin: int) -> keras.Layer:
        """Images larger by so many pixels of zeros on each side."""
        return keras.layers.ZeroPadding2D(margin, dtype=self._policy)

    def crop_margin(self, margin: int) -> keras.Layer:
        """Images smaller by so many pixels on each side."""
        return keras.layers.Cropping2D(margin, dtype=self._policy)

    def output(self, activation: str) -> keras.Layer:
        """The generator's last function, in the variables' precision."""
        return keras.layers.Activation(activation, dtype=self._variable_dtype)

    def _make_dense(
        self,
        units: int,
        use_bias: bool,
        initializer: str | None,
        dtype: str | keras.DTypePolicy,
    ) -> Operation:
        def multiply(x: keras.KerasTensor) -> keras.KerasTensor:
            layer = self._dense(
                units,
                use_bias=use_bias,
                dtype=dtype,
                **self._first_values(initializer, Fans.of_dense(x.shape[-1], units)),
                **self._spectral_options(),
            )
            return layer(x)

        return multiply

    def _first_values(self, initializer: str | None, fans: Fans) -> dict[str, keras.Initializer]:
        kind = initializer or self._initializer
        return {
            "kernel_initializer": kernel_initializer(kind, fans, self._seed()),
            "bias_initializer": bias_initializer(kind, fans, self._seed()),
        }

    def _scale_initializer(self) -> keras.Initializer:
        return scale_initializer(self._initializer, self._seed())

    def _spectral_options(self) -> dict[str, Any]:
        return {"direction_seed": self._seed()} if self._spectral_norm else {}

    def _seed(self) -> int:
        return int(self._seeds.integers(2**31))
