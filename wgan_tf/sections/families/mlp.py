"""Options: the networks of --architecture=mlp."""

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
        "Normalization in the generator, before each activation.",
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
