"""Whether a loss tells the quality of samples."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from experiments import images, plots, training
from experiments.document import Claim, Finding, Settings, Verdict, table
from experiments.trials import Measured, Trial

TITLES = {
    "wgan_gp": "WGAN-GP",
    "clipped": "WGAN, clipped",
    "minimax": "Minimax GAN",
    "non_saturating": "Non-saturating GAN",
}
COLORS = (plots.BLUE, plots.GREEN, plots.RED)


def trials(settings: Settings) -> Sequence[Trial]:
    """All systems."""
    return [images.trial(settings, system, seed) for system in TITLES for seed in settings.seeds(3)]


def report(settings: Settings) -> Finding:
    """Rank correlations between the Frechet distance and what training logs."""
    found = {
        system: [
            settings.result(images.trial(settings, system, seed)) for seed in settings.seeds(3)
        ]
        for system in TITLES
    }
    correlations = {
        system: {name: [correlation(result, name) for result in results] for name in images.LOGGED}
        for system, results in found.items()
    }
    rows = [
        [
            TITLES[system],
            training.per_seed([min(result["fid_classifier"]) for result in results]),
            training.per_seed([result["fid_classifier"][-1] for result in results]),
            *(signed(correlations[system][name]) for name in images.LOGGED),
        ]
        for system, results in found.items()
    ]
    with plots.figure(settings.plot("loss"), columns=4, height=2.6, width=11) as panels:
        for axes, (system, results) in zip(panels, found.items(), strict=True):
            for result, color in zip(results, (*COLORS, *[plots.GRAY] * 99), strict=False):
                axes.plot(
                    result["wasserstein_estimate"],
                    result["fid_classifier"],
                    "o-",
                    color=color,
                    markersize=3,
                    linewidth=0.8,
                )
            axes.set(title=TITLES[system], xlabel="estimate", xscale="log", yscale="log")
            plots.label_logarithmic(axes.xaxis)
            plots.label_logarithmic(axes.yaxis)
        panels[0].set_ylabel("Frechet distance")
    means = {
        system: float(np.mean(values["wasserstein_estimate"]))
        for system, values in correlations.items()
    }
    wgans, gans = ("wgan_gp", "clipped"), ("minimax", "non_saturating")
    tracks = [min(correlations[system]["wasserstein_estimate"]) > 0.7 for system in wgans]
    strongest = max(
        abs(float(np.mean(values))) for system in gans for values in correlations[system].values()
    )
    if all(tracks) and strongest < 0.5:
        verdict = Verdict.HOLDS
    else:
        verdict = Verdict.IN_PART if any(tracks) else Verdict.DOES_NOT_HOLD
    told = ", ".join(f"{means[system]:+.2f} for the {TITLES[system]}" for system in TITLES)
    return Finding(
        table(
            [
                *("", "Frechet distance, least", "last", "estimate", "held-out estimate"),
                *("critic's loss", "generator's loss"),
            ],
            rows,
        ),
        verdict,
        f"The estimate rises and falls with the Frechet distance by {told}. A GAN's estimate is "
        "the difference of its logits, which no constraint makes a distance; but of all that a GAN "
        f"logs, something goes with its samples by {strongest:.2f} in the mean, where the claim "
        "expects nothing to. Samples get better all along runs as short as these, and whatever "
        "falls all along then tracks them. All of this is within a run: between systems and "
        "settings the numbers cannot be compared.",
    )


def correlation(result: Measured, name: str) -> float:
    """Spearman's rank correlation of a logged value and the Frechet distance along a run."""
    return float(spearmanr(result["fid_classifier"], result[name]).statistic)


def signed(values: Sequence[float]) -> str:
    """A correlation over seeds."""
    return f"{np.mean(values):+.2f} ({min(values):+.2f} to {max(values):+.2f})"


CLAIM = Claim(
    name="loss",
    title="The loss tracks quality",
    prediction=(
        "The Wasserstein estimate falls as samples get better, so that it can be watched; the "
        "losses of GANs say nothing of the samples (Arjovsky et al. 2017, section 4.2 and figures "
        "3 and 4)."
    ),
    setup=(
        f"Fashion-MNIST at {images.SIZE} x {images.SIZE} pixels, the DCGAN pair with 16 filters, "
        "batches of 64. WGAN-GP and the clipped WGAN take 600 generator steps with 5 critic "
        "steps each, the GANs 2,000 with one. At 8 times in each run: the Frechet distance of "
        "2,000 samples from the test images in the features of a classifier, and what training "
        "logged since the time before. Told is Spearman's rank correlation between the two along "
        "the run, +1 where they rise and fall together, with its range over seeds."
    ),
    trials=trials,
    report=report,
)
