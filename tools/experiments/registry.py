"""All claims, in the order of the document."""

from experiments import (
    checkerboard,
    clipping,
    critic_steps,
    critic_updates,
    derivatives,
    discriminator,
    gradients,
    lines,
    loss_and_quality,
    modes,
)

CLAIMS = {
    module.CLAIM.name: module.CLAIM
    for module in (
        lines,
        discriminator,
        gradients,
        loss_and_quality,
        clipping,
        modes,
        derivatives,
        checkerboard,
        critic_steps,
        critic_updates,
    )
}
