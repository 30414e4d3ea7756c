"""Options: the networks of --architecture=conv_stack."""

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

WITH_CONV_STACK = Requirement("architecture", ("conv_stack",))


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
        "batch", "Normalization in the generator.", choices=NORMS, only_with=WITH_CONV_STACK
    )
    conv_stack_critic_norm: str = option(
        "none",
        "Normalization in the critic, but in its first layer.",
        choices=NORMS,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_output_norm: bool = option(
        False,
        "Normalize before the generator's last function, too.",
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
