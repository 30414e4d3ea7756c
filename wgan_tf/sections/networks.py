"""Options: the networks of every family."""

import dataclasses

from wgan_tf.options import Requirement, option
from wgan_tf.own_code import is_module
from wgan_tf.sections.vocabulary import LARGEST_WIDTH

FAMILIES = ("mlp", "dcgan", "conv_stack", "resnet", "acgan")
OF_A_FAMILY = Requirement("architecture", FAMILIES)


def _is_own(architecture: str) -> bool:
    return is_module(architecture) or "/" in architecture


@dataclasses.dataclass(frozen=True)
class NetworkOptions:
    """Networks of every family."""

    architecture: str = option(
        "dcgan",
        "Family of the two networks.",
        choices=FAMILIES,
        or_own="FILE.py or package.module that builds both, or FOLDER/ with two Keras models",
        is_own=_is_own,
    )
    output_activation: str = option(
        "tanh",
        "Last function of the generator, which sets the range that images are scaled to: tanh "
        "[-1, 1], sigmoid [0, 1], linear for points.",
        choices=("tanh", "sigmoid", "linear"),
    )
    latent_dim: int = option(128, "Width of the latent.", minimum=1, maximum=LARGEST_WIDTH)
    latent_distribution: str = option(
        "normal",
        "Distribution of the latent: standard normal, or uniform on (-1, 1).",
        choices=("normal", "uniform"),
    )
    leaky_relu_slope: float = option(
        0.2,
        "Slope of every leaky_relu below zero.",
        minimum=0,
        maximum=1,
        only_with=OF_A_FAMILY,
    )
    batch_norm_momentum: float = option(
        0.9,
        "Decay of the moving statistics of every batch norm.",
        minimum=0,
        maximum=0.9999,
        only_with=OF_A_FAMILY,
    )
    batch_norm_epsilon: float = option(
        1e-5,
        "Added to the variance in every batch norm.",
        minimum=1e-12,
        maximum=1,
        only_with=OF_A_FAMILY,
    )
    bias_before_norm: bool = option(
        False,
        "Give a bias also to layers that a batch norm follows, which cancels it.",
        only_with=OF_A_FAMILY,
    )
    sampling_statistics: str = option(
        "moving",
        "What batch norm takes when the generator is drawn from, measured and exported: its moving "
        "statistics, or standing ones: means, over 16 batches, of the moments that it has with the "
        "very weights that are drawn from.",
        choices=("moving", "standing"),
    )
