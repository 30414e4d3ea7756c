"""Quality against how long the critic is trained before each generator step."""

from collections.abc import Sequence

import numpy as np

from experiments import plots, points, training
from experiments.document import Claim, Finding, Settings, Verdict, table
from experiments.trials import Trial

DATASET = "8gaussians"
CRITIC_STEPS = (1, 2, 5, 20)
STEPS = 500
SYSTEMS = ("wgan_gp", "clipped", "minimax", "non_saturating")
COLORS = (plots.BLUE, plots.GREEN, plots.RED, plots.ORANGE)


def trial(system: str, critic_steps: int, seed: int) -> Trial:
    """The trial of a system with so many critic steps."""
    return points.trial(DATASET, system, critic_steps, STEPS, seed)


def trials(settings: Settings) -> Sequence[Trial]:
    """All systems with all numbers of critic steps."""
    return [
        trial(system, critic_steps, seed)
        for system in SYSTEMS
        for critic_steps in CRITIC_STEPS
        for seed in settings.seeds(3)
    ]


def report(settings: Settings) -> Finding:
    """Distances to the data, for equal numbers of generator steps."""
    found = {
        (system, critic_steps): [
            settings.result(trial(system, critic_steps, seed)) for seed in settings.seeds(3)
        ]
        for system in SYSTEMS
        for critic_steps in CRITIC_STEPS
    }
    distances = {
        key: [result["exact_wasserstein"] for result in results] for key, results in found.items()
    }
    means = {key: float(np.mean(values)) for key, values in distances.items()}
    with plots.figure(settings.plot("critic_steps"), columns=2) as panels:
        for axes, name, title in zip(
            panels, ("exact_wasserstein", "good_share"), ("Exact W1", "Good points"), strict=True
        ):
            for system, color in zip(SYSTEMS, COLORS, strict=True):
                values = np.array(
                    [[r[name] for r in found[system, count]] for count in CRITIC_STEPS]
                )
                axes.plot(CRITIC_STEPS, values.mean(axis=1), color=color, label=None)
                axes.plot(CRITIC_STEPS, values, ".", color=color)
                axes.plot([], [], color=color, label=points.TITLES[system])
            axes.set_xscale("log")
            axes.set_xticks(CRITIC_STEPS, [str(count) for count in CRITIC_STEPS])
            axes.minorticks_off()
            axes.set(title=title, xlabel="critic steps a generator step")
        panels[0].legend()

    def gain(system: str) -> float:
        """How many times nearer the data 20 critic steps lead than one."""
        return means[system, 1] / means[system, 20]

    helped = [gain(system) > 1.1 for system in ("wgan_gp", "clipped")]
    hurt = [gain(system) < 0.9 for system in ("minimax", "non_saturating")]
    if all(helped) and all(hurt):
        verdict = Verdict.HOLDS
    else:
        verdict = Verdict.IN_PART if any(helped) and any(hurt) else Verdict.DOES_NOT_HOLD
    told = "; ".join(
        f"{points.TITLES[system]} {means[system, 1]:.2g} and {means[system, 20]:.2g}"
        for system in SYSTEMS
    )
    shares = {
        key: float(np.mean([result["good_share"] for result in results]))
        for key, results in found.items()
    }
    good = "; ".join(
        f"{points.TITLES[system]} {shares[system, 1]:.0%} and {shares[system, 20]:.0%}"
        for system in SYSTEMS
    )
    return Finding(
        table(
            ["Exact W1 with critic steps", *map(str, CRITIC_STEPS)],
            [
                [
                    points.TITLES[system],
                    *(training.per_seed(distances[system, count]) for count in CRITIC_STEPS),
                ]
                for system in SYSTEMS
            ],
        )
        + "\n\n"
        + table(
            ["Good points with critic steps", *map(str, CRITIC_STEPS)],
            [
                [
                    points.TITLES[system],
                    *(
                        training.per_seed([r["good_share"] for r in found[system, count]])
                        for count in CRITIC_STEPS
                    ),
                ]
                for system in SYSTEMS
            ],
        ),
        verdict,
        f"Mean distances from the data with 1 and with 20 critic steps: {told}. Good "
        f"points: {good}. The verdict is by the distances, of all four systems.",
    )


CLAIM = Claim(
    name="critic_steps",
    title="Training the critic further",
    prediction=(
        "A Wasserstein critic can and should be trained to the end before each generator step, "
        "since its gradient gets better; a discriminator that is trained further saturates, and "
        "the generator learns less (Arjovsky et al. 2017, section 3; Arjovsky and Bottou 2017)."
    ),
    setup=(
        f"`toy:8gaussians`, {STEPS:,} generator steps, each after 1, 2, 5 or 20 critic steps; "
        "networks and optimizers of [the modes](#modes). The distance W1 is the exact one between "
        "1,000 generated and 1,000 real points. 20 critic steps cost up to 20 times the time: the "
        "comparison is by generator steps."
    ),
    trials=trials,
    report=report,
)
