"""One update on real and generated examples together, or one on each."""

from collections.abc import Sequence

import numpy as np

from experiments import images, plots, training
from experiments.document import Claim, Finding, Settings, Verdict, table
from experiments.trials import Trial

SYSTEMS = {"clipped": "one update, on both", "clipped_separate": "two updates, one on each"}


def trials(settings: Settings) -> Sequence[Trial]:
    """Both ways."""
    return [
        images.trial(settings, system, seed) for system in SYSTEMS for seed in settings.seeds(3)
    ]


def report(settings: Settings) -> Finding:
    """Gradients' norms and quality, both ways."""
    found = {
        system: [
            settings.result(images.trial(settings, system, seed)) for seed in settings.seeds(3)
        ]
        for system in SYSTEMS
    }

    def last(system: str, name: str) -> list[float]:
        return [result[name][-1] for result in found[system]]

    names = ("real_gradient", "generated_gradient", "joint_gradient", "cosine", "clipped_share")
    rows = [
        [
            title,
            *(training.per_seed(last(system, name)) for name in names),
            training.per_seed([min(result["fid_classifier"]) for result in found[system]]),
            training.per_seed(last(system, "fid_classifier")),
        ]
        for system, title in SYSTEMS.items()
    ]
    with plots.figure(settings.plot("critic_updates"), columns=2) as (left, right):
        for (system, title), color in zip(SYSTEMS.items(), (plots.BLUE, plots.RED), strict=True):
            for number, result in enumerate(found[system]):
                label = None if number else title
                left.semilogy(result["step"], result["fid_classifier"], color=color, label=label)
                share = np.array(result["joint_gradient"]) / np.array(result["real_gradient"])
                right.semilogy(result["step"], share, color=color, label=label)
        left.set(title="Frechet distance", xlabel="generator step")
        for axes in (left, right):
            plots.label_logarithmic(axes.yaxis)
        right.set(title="Gradient of the sum, by that on real images", xlabel="generator step")
        left.legend()
    cancels = float(
        np.mean(
            [np.divide(r["joint_gradient"], r["real_gradient"]).mean() for r in found["clipped"]]
        )
    )
    cosine = float(np.mean([np.mean(result["cosine"]) for result in found["clipped"]]))
    joint, separate = (np.array(last(system, "fid_classifier")) for system in SYSTEMS)
    helps = separate.mean() < joint.mean() - joint.std(ddof=min(1, len(joint) - 1))
    does_cancel = cancels < 0.5
    verdict = {2: Verdict.HOLDS, 1: Verdict.IN_PART, 0: Verdict.DOES_NOT_HOLD}[helps + does_cancel]
    return Finding(
        table(
            [
                *("", "gradient on real", "on generated", "of the sum", "cosine", "at the bound"),
                *("Frechet distance, least", "last"),
            ],
            rows,
        ),
        verdict,
        f"The two gradients do point against each other, with a cosine of {cosine:+.2f}, and their "
        f"sum is {cancels:.2g} times as long as one of them. But RMSprop divides by that length, "
        "so that nothing vanishes from the step; and what cancels is what real and generated "
        "images have in common, which is of no use to the critic. With two updates, the Frechet "
        f"distance at the end is {separate.mean():.0f}, with one {joint.mean():.0f}.",
    )


CLAIM = Claim(
    name="critic_updates",
    title="One update or two",
    prediction=(
        "A critic step that updates on real images and then on generated ones keeps the gradient "
        "from vanishing, which in one update on both cancels because of the opposite signs (the "
        "documents for Keras that many start from say so of their clipped WGAN)."
    ),
    setup=(
        "The clipped WGAN of [the loss and quality](#loss), `--critic_updates=joint` and "
        "`separate`. Norms are of the gradient, in all weights of the critic, of its loss on "
        f"{images.COMPARED_IMAGES:,} real images, on as many generated ones and of both, at the "
        "end; the cosine is between the first two."
    ),
    trials=trials,
    report=report,
)
