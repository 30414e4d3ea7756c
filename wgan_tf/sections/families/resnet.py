"""Options: the networks of --architecture=resnet."""

import dataclasses

from wgan_tf.options import Requirement, option
from wgan_tf.sections.vocabulary import INITIALIZERS, INITIALIZERS_HELP, LARGEST_WIDTH, NORMS

WITH_RESNET = Requirement("architecture", ("resnet",))


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
        "batch", "Normalization in the generator.", choices=NORMS, only_with=WITH_RESNET
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
        "What the critic begins with: a residual block that neither normalizes nor rectifies the "
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
        "Normalization in the critic's residual blocks.",
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
