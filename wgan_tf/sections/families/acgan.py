"""Options: the networks of --architecture=acgan."""

import dataclasses

from wgan_tf.options import Requirement, option
from wgan_tf.sections.vocabulary import INITIALIZERS, INITIALIZERS_HELP, LARGEST_WIDTH

WITH_ACGAN = Requirement("architecture", ("acgan",))


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
