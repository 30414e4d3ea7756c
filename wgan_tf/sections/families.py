"""Options: the networks of each family."""

import dataclasses

from wgan_tf.options import Requirement, option
from wgan_tf.sections.vocabulary import (
    ACTIVATIONS,
    INITIALIZERS,
    INITIALIZERS_HELP,
    LARGEST_DROPOUT,
    LARGEST_WIDTH,
    NORMS,
)

WITH_MLP = Requirement("architecture", ("mlp",))
WITH_DCGAN = Requirement("architecture", ("dcgan",))
WITH_CONV_STACK = Requirement("architecture", ("conv_stack",))
WITH_RESNET = Requirement("architecture", ("resnet",))
WITH_ACGAN = Requirement("architecture", ("acgan",))


@dataclasses.dataclass(frozen=True)
class MlpOptions:
    """Networks of --architecture=mlp."""

    mlp_generator_units: tuple[int, ...] = option(
        (512, 512, 512),
        "Units of the generator's hidden layers.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_MLP,
    )
    mlp_critic_units: tuple[int, ...] = option(
        (512, 512, 512),
        "Units of the critic's hidden layers.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_MLP,
    )
    mlp_generator_norm: str = option(
        "none",
        "Normalisation in the generator, before each activation.",
        choices=NORMS,
        only_with=WITH_MLP,
    )
    mlp_generator_activation: str = option(
        "relu",
        "Activation of the generator's hidden layers.",
        choices=ACTIVATIONS,
        only_with=WITH_MLP,
    )
    mlp_critic_activation: str = option(
        "relu",
        "Activation of the critic's hidden layers.",
        choices=ACTIVATIONS,
        only_with=WITH_MLP,
    )
    mlp_generator_dropout: tuple[float, ...] = option(
        (0.0,),
        "Dropout rates after the generator's hidden layers: one a layer, or one for all.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_MLP,
    )
    mlp_critic_dropout: tuple[float, ...] = option(
        (0.0,),
        "Dropout rates after the critic's hidden layers: one a layer, or one for all.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_MLP,
    )
    mlp_initializer: str = option(
        "he_uniform",
        f"Initial kernels: {INITIALIZERS_HELP} With wgan_gp, hidden layers take He's uniform.",
        choices=INITIALIZERS,
        only_with=WITH_MLP,
    )


@dataclasses.dataclass(frozen=True)
class DcganOptions:
    """Networks of --architecture=dcgan."""

    dcgan_width: int = option(
        64,
        "Filters of the layers next to the image; they double with every halving.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_DCGAN,
    )
    dcgan_kernel_size: int = option(
        5, "Side of the convolution kernels.", minimum=2, maximum=9, only_with=WITH_DCGAN
    )
    dcgan_start_size: int = option(
        4,
        "The image's side is halved until it is at most this.",
        minimum=2,
        maximum=16,
        only_with=WITH_DCGAN,
    )
    dcgan_generator_norm: str = option(
        "batch", "Normalisation in the generator.", choices=NORMS, only_with=WITH_DCGAN
    )
    dcgan_first_norm: str = option(
        "feature_map",
        "What the generator's first norm is over: the filters of the first feature map, or the "
        "units of the dense layer before it.",
        choices=("feature_map", "units"),
        only_with=WITH_DCGAN,
    )
    dcgan_critic_norm: str = option(
        "none", "Normalisation in the critic.", choices=NORMS, only_with=WITH_DCGAN
    )
    dcgan_critic_units: int = option(
        0,
        "Units of a dense layer before the critic's output; 0 for none.",
        minimum=0,
        maximum=LARGEST_WIDTH,
        only_with=WITH_DCGAN,
    )
    dcgan_biases: bool = option(
        True,
        "Give a bias to layers that no batch norm follows.",
        only_with=WITH_DCGAN,
    )
    dcgan_initializer: str = option(
        "normal",
        f"Initial kernels: {INITIALIZERS_HELP}",
        choices=INITIALIZERS,
        only_with=WITH_DCGAN,
    )


@dataclasses.dataclass(frozen=True)
class ConvStackOptions:
    """Networks of --architecture=conv_stack."""

    conv_stack_order: str = option(
        "pre_activation",
        "Where norm and activation stand: before each convolution, or after it (post_activation), "
        "the generator's first norm then being over the units of its dense layer.",
        choices=("pre_activation", "post_activation"),
        only_with=WITH_CONV_STACK,
    )
    conv_stack_start_size: int = option(
        7,
        "Side of the generator's first feature map.",
        minimum=1,
        maximum=1024,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_start_filters: int = option(
        128,
        "Filters of the generator's first feature map.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_filters: tuple[int, ...] = option(
        (128, 64, 32),
        "Filters of the generator's layers, without the last, which has the image's channels.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_kernel_sizes: tuple[int, ...] = option(
        (5,),
        "Sides of the kernels of the generator's layers: one a layer, or one for all.",
        minimum=1,
        maximum=64,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_strides: tuple[int, ...] = option(
        (2, 2, 1, 1),
        "Upscaling of the generator's layers: one a layer, the last included, or one for all.",
        minimum=1,
        maximum=64,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_upsampling: tuple[str, ...] = option(
        ("transposed",),
        "How the generator's layers upscale, one a layer or one for all: by a transposed "
        "convolution, or by repeating pixels before a convolution (nearest).",
        choices=("transposed", "nearest"),
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_filters: tuple[int, ...] = option(
        (32, 64, 128, 256),
        "Filters of the critic's layers.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_kernel_sizes: tuple[int, ...] = option(
        (5,),
        "Sides of the kernels of the critic's layers: one a layer, or one for all.",
        minimum=1,
        maximum=64,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_strides: tuple[int, ...] = option(
        (2, 2, 2, 1),
        "Strides of the critic's layers: one a layer, or one for all.",
        minimum=1,
        maximum=64,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_norm: str = option(
        "batch", "Normalisation in the generator.", choices=NORMS, only_with=WITH_CONV_STACK
    )
    conv_stack_critic_norm: str = option(
        "none",
        "Normalisation in the critic, but in its first layer.",
        choices=NORMS,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_output_norm: bool = option(
        False,
        "Normalise before the generator's last function, too.",
        only_with=WITH_CONV_STACK,
    )
    conv_stack_margin: int = option(
        0,
        "Pixels on each side by which the stacks are larger than the image: the critic pads it "
        "with zeros, and what the generator draws is cropped.",
        minimum=0,
        maximum=64,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_activation: str = option(
        "relu",
        "Activation in the generator.",
        choices=ACTIVATIONS,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_activation: str = option(
        "leaky_relu",
        "Activation in the critic.",
        choices=ACTIVATIONS,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_dropout: float = option(
        0.0,
        "Dropout rate of the generator's first feature map.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_dropout: tuple[float, ...] = option(
        (0.0,),
        "Dropout rates after the activations of the critic: one a layer, or one for all.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_output_dropout: float = option(
        0.0,
        "Dropout rate of what the critic's output is computed from.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_initializer: str = option(
        "glorot_uniform",
        f"Initial kernels: {INITIALIZERS_HELP}",
        choices=INITIALIZERS,
        only_with=WITH_CONV_STACK,
    )


@dataclasses.dataclass(frozen=True)
class ResnetOptions:
    """Networks of --architecture=resnet."""

    resnet_start_size: int = option(
        4,
        "Side of the generator's first feature map.",
        minimum=1,
        maximum=1024,
        only_with=WITH_RESNET,
    )
    resnet_generator_filters: tuple[int, ...] = option(
        (128, 128, 128),
        "Filters of the generator's residual blocks, each of which doubles the sides; the first "
        "feature map has those of the first block.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_RESNET,
    )
    resnet_generator_norm: str = option(
        "batch", "Normalisation in the generator.", choices=NORMS, only_with=WITH_RESNET
    )
    resnet_critic_filters: tuple[int, ...] = option(
        (128, 128, 128, 128),
        "Filters of the critic's residual blocks, or of its first convolution and then its blocks.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_RESNET,
    )
    resnet_critic_first_block: str = option(
        "optimized",
        "What the critic begins with: a residual block that neither normalises nor rectifies the "
        "pixels (optimized), or a single convolution.",
        choices=("optimized", "convolution"),
        only_with=WITH_RESNET,
    )
    resnet_critic_downsamplings: int = option(
        2,
        "So many of the critic's residual blocks, the first ones, halve the sides.",
        minimum=0,
        maximum=64,
        only_with=WITH_RESNET,
    )
    resnet_critic_pooling: str = option(
        "mean",
        "What the critic's output is computed from: the mean over all pixels of the rectified last "
        "feature map, or all of its entries (flatten).",
        choices=("mean", "flatten"),
        only_with=WITH_RESNET,
    )
    resnet_critic_norm: str = option(
        "none",
        "Normalisation in the critic's residual blocks.",
        choices=("none", "layer"),
        only_with=WITH_RESNET,
    )
    resnet_initializer: str = option(
        "wgan_gp",
        f"Initial kernels: {INITIALIZERS_HELP} With wgan_gp, convolutions outside the residual "
        "branches take Glorot's uniform.",
        choices=INITIALIZERS,
        only_with=WITH_RESNET,
    )
    resnet_output_initializer: str = option(
        "glorot_uniform",
        "Initial kernel of the generator's last convolution, by the same names.",
        choices=INITIALIZERS,
        only_with=WITH_RESNET,
    )


@dataclasses.dataclass(frozen=True)
class AcganOptions:
    """Networks of --architecture=acgan."""

    acgan_generator_units: int = option(
        1024,
        "Units of the dense layer before the generator's first feature map.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_ACGAN,
    )
    acgan_start_filters: int = option(
        128,
        "Filters of the generator's first feature map.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_ACGAN,
    )
    acgan_generator_filters: tuple[int, ...] = option(
        (256, 128),
        "Filters of the generator's convolutions, before each of which the sides double.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_ACGAN,
    )
    acgan_critic_filters: tuple[int, ...] = option(
        (32, 64, 128, 256),
        "Filters of the critic's convolutions; after the first, the third and so on the sides "
        "halve.",
        minimum=1,
        maximum=LARGEST_WIDTH,
        only_with=WITH_ACGAN,
    )
    acgan_critic_dropout: float = option(
        0.3,
        "Share of the entries that dropout takes after each of the critic's convolutions.",
        minimum=0,
        maximum=0.99,
        only_with=WITH_ACGAN,
    )
    acgan_initializer: str = option(
        "normal",
        f"Initial kernels of convolutions, where dense layers take Glorot's: {INITIALIZERS_HELP}",
        choices=INITIALIZERS,
        only_with=WITH_ACGAN,
    )
