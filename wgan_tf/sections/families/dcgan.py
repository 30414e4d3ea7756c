"""Options: the networks of --architecture=dcgan."""

import dataclasses

from wgan_tf.options import Requirement, option
from wgan_tf.sections.vocabulary import INITIALIZERS, INITIALIZERS_HELP, LARGEST_WIDTH, NORMS

WITH_DCGAN = Requirement("architecture", ("dcgan",))


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
        "batch", "Normalization in the generator.", choices=NORMS, only_with=WITH_DCGAN
    )
    dcgan_first_norm: str = option(
        "feature_map",
        "What the generator's first norm is over: the filters of the first feature map, or the "
        "units of the dense layer before it.",
        choices=("feature_map", "units"),
        only_with=WITH_DCGAN,
    )
    dcgan_critic_norm: str = option(
        "none", "Normalization in the critic.", choices=NORMS, only_with=WITH_DCGAN
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
