"""The families by name, and the pair of networks that a configuration asks for."""

from typing import Any, Protocol

import keras
import numpy as np

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.labels import count_classes
from wgan_tf.networks import acgan, conv_stack, dcgan, mlp, own, resnet
from wgan_tf.networks.layers import OUTPUT_RANGES, LayerFactory
from wgan_tf.networks.soundness import check_pair
from wgan_tf.pixels import PixelScale
from wgan_tf.sections.system import WITH_PENALTY


class Family(Protocol):
    """What a family's module provides.

    Attributes:
        DRAWS_POINTS: whether examples may be points; all families draw images.
    """

    DRAWS_POINTS: bool

    def check(self, config: Config, info: DatasetInfo) -> None:
        """Raises UserError where the family cannot draw such examples, images if it must."""

    def initializer(self, config: Config) -> str:
        """How kernels are initialized where a layer does not say otherwise."""

    def build_generator(
        self,
        config: Config,
        info: DatasetInfo,
        layers: LayerFactory,
    ) -> keras.Model:
        """[latent [B, latent_dim], label int32 [B] if any] -> examples [B, *example_shape]."""

    def build_critic(
        self,
        config: Config,
        info: DatasetInfo,
        layers: LayerFactory,
    ) -> keras.Model:
        """Examples [B, *example_shape] -> [scores [B, 1], class logits [B, num_classes] if any]."""


FAMILIES: dict[str, Family] = {
    "mlp": mlp,
    "dcgan": dcgan,
    "conv_stack": conv_stack,
    "resnet": resnet,
    "acgan": acgan,
}


def is_own(config: Config) -> bool:
    """Whether the networks are the caller's own, and not of a family."""
    return config.architecture not in FAMILIES


def try_own(config: Config, info: DatasetInfo) -> None:
    """Builds networks of the caller's own and tries whether they train right; see `soundness`.

    Raises:
        UserError: they do not; names the layer.
    """
    if is_own(config):
        generator, critic = build_generator(config, info), build_critic(config, info)
        num_classes = count_classes(config, info)
        check_pair(config, info.example_shape, num_classes, generator, critic)


def check(config: Config, info: DatasetInfo) -> None:
    """Checks that the configured networks fit the examples.

    Raises:
        UserError: they do not.
    """
    if info.is_image == (config.output_activation == "linear"):
        raise UserError(
            f"--output_activation={config.output_activation} does not fit the examples of "
            f"--dataset={config.dataset}, which are {'images' if info.is_image else 'points'}; "
            f"take {'tanh or sigmoid' if info.is_image else 'linear'}."
        )
    if is_own(config):
        own.check(config, info)
        return
    family = FAMILIES[config.architecture]
    if not (info.is_image or family.DRAWS_POINTS):
        raise UserError(
            f"--architecture={config.architecture} draws images, but the examples of "
            f"--dataset={config.dataset} have shape {info.example_shape}; take --architecture=mlp."
        )
    family.check(config, info)


def pixel_scale(config: Config) -> PixelScale | None:
    """Where pixels lie in the range of the configured generator; None if it draws points."""
    output_range = OUTPUT_RANGES[config.output_activation]
    return None if output_range is None else PixelScale(*output_range, config.dequantize)


def build_generator(config: Config, info: DatasetInfo) -> keras.Model:
    """The configured generator, as it is trained."""
    if is_own(config):
        return own.build(config, info, "generator", _seed(config, 0))
    is_subpixel = config.subpixel_convolutions == "true"
    return _build_generator(config, info, config.precision, subpixel=is_subpixel)


def build_average_generator(config: Config, info: DatasetInfo) -> keras.Model:
    """The generator as it is drawn from and exported, in float32 or better."""
    precision = "float64" if config.precision == "float64" else "float32"
    if is_own(config):
        return own.build(config, info, "generator", _seed(config, 0), precision)
    return _build_generator(config, info, precision)


def build_critic(config: Config, info: DatasetInfo) -> keras.Model:
    """The configured critic."""
    if is_own(config):
        return own.build(config, info, "critic", _seed(config, 1))
    family = FAMILIES[config.architecture]
    layers = LayerFactory(
        config.precision,
        _seed(config, 1),
        family.initializer(config),
        spectral_norm=config.lipschitz == "spectral_norm",
        differentiated_twice=WITH_PENALTY.is_met_by(config.lipschitz),
        subpixel=config.subpixel_convolutions == "true",
        **_layer_options(config),
    )
    return family.build_critic(config, info, layers)


def _build_generator(
    config: Config,
    info: DatasetInfo,
    precision: str,
    *,
    subpixel: bool = False,
) -> keras.Model:
    family = FAMILIES[config.architecture]
    layers = LayerFactory(
        precision,
        _seed(config, 0),
        family.initializer(config),
        subpixel=subpixel,
        **_layer_options(config),
    )
    return family.build_generator(config, info, layers)


def _layer_options(config: Config) -> dict[str, Any]:
    names = (
        *("leaky_relu_slope", "batch_norm_momentum", "batch_norm_epsilon", "bias_before_norm"),
        "embedding_initializer",
    )
    return {name: getattr(config, name) for name in names}


def _seed(config: Config, network: int) -> int:
    return int(np.random.SeedSequence([config.seed, network]).generate_state(1)[0])
