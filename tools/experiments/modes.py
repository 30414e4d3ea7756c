"""Which of 25 Gaussians each system draws."""

from collections.abc import Sequence

import numpy as np

from experiments import plots, points, training
from experiments.document import Claim, Finding, Settings, Verdict, table
from experiments.trials import Measured, Trial

DATASET = "25gaussians"
# Critic steps before each generator step, and generator steps.
BUDGETS = {
    "minimax": (1, 6000),
    "non_saturating": (1, 6000),
    "clipped": (2, 6000),
    "wgan_gp": (2, 6000),
}
NUM_SEEDS = 5
# In standard deviations: a quarter of what neighbouring modes are apart.
NEAR = 10.0


def trial(system: str, seed: int) -> Trial:
    """The trial of a system and a seed."""
    return points.trial(DATASET, system, *BUDGETS[system], seed)


def trials(settings: Settings) -> Sequence[Trial]:
    """All systems."""
    return [trial(system, seed) for system in BUDGETS for seed in settings.seeds(NUM_SEEDS)]


def near_modes(result: Measured) -> int:
    """Modes with at least 1% of a run's points within a quarter of the way to the next."""
    from wgan_tf.data.sources.toy import gaussian_mixture
    from wgan_tf.evaluation.mode_coverage import mode_coverage

    mixture = gaussian_mixture(DATASET)
    points = np.array(result["points"])
    return mode_coverage(points, mixture.centers, mixture.sigma, radius=NEAR).num_covered


def report(settings: Settings) -> Finding:
    """Modes covered and share of good points."""
    found = {
        system: [settings.result(trial(system, seed)) for seed in settings.seeds(NUM_SEEDS)]
        for system in BUDGETS
    }
    rows = [
        [
            points.TITLES[system],
            f"{BUDGETS[system][1]:,} x {BUDGETS[system][0]}",
            ", ".join(f"{result['modes_covered']:.0f}" for result in results),
            training.per_seed([result["modes_covered"] for result in results]),
            training.per_seed([near_modes(result) for result in results]),
            training.per_seed([result["good_share"] for result in results]),
            training.per_seed([result["exact_wasserstein"] for result in results]),
        ]
        for system, results in found.items()
    ]
    _plot(settings, found)
    covered = {
        system: np.array([result["modes_covered"] for result in results])
        for system, results in found.items()
    }
    reached = {
        system: np.mean([near_modes(result) for result in results])
        for system, results in found.items()
    }
    best_gan = max(reached["minimax"], reached["non_saturating"])
    signs = [reached[system] > max(best_gan, 24) for system in ("clipped", "wgan_gp")]
    verdict = {2: Verdict.HOLDS, 1: Verdict.IN_PART, 0: Verdict.DOES_NOT_HOLD}[sum(signs)]
    return Finding(
        table(
            [
                *("", "generator x critic steps", "modes, a seed each", "modes"),
                *("nearly", "good points", "exact W1"),
            ],
            rows,
        ),
        verdict,
        f"WGAN-GP covers {covered['wgan_gp'].mean():.1f} of 25 modes in the mean and draws "
        f"{reached['wgan_gp']:.1f} nearly; the clipped WGAN {covered['clipped'].mean():.1f} and "
        f"{reached['clipped']:.1f}, the minimax GAN {covered['minimax'].mean():.1f} and "
        f"{reached['minimax']:.1f}, the non-saturating GAN "
        f"{covered['non_saturating'].mean():.1f} and {reached['non_saturating']:.1f}. A system "
        "that draws a mode nearly but does not cover it is not done; one that does not even draw "
        "it nearly has dropped it. The verdict is by the latter.",
    )


def _plot(settings: Settings, found: dict[str, list[Measured]]) -> None:
    with plots.figure(settings.plot("modes"), columns=len(found), height=2.5) as panels:
        for axes, (system, results) in zip(panels, found.items(), strict=True):
            drawn = np.array(results[0]["points"])
            axes.plot(*drawn.T, ".", color=plots.RED, markersize=1.5, alpha=0.6)
            axes.set(title=f"{points.TITLES[system]}, seed 0", xlim=(-2, 2), ylim=(-2, 2))
            axes.set(xticks=(), yticks=(), aspect="equal")


CLAIM = Claim(
    name="modes",
    title="Modes",
    prediction=(
        "A GAN drops modes and a Wasserstein GAN does not: the authors of WGAN saw no mode "
        "collapse in any experiment (Arjovsky et al. 2017, section 4.3); 25 Gaussians are the "
        "usual test."
    ),
    setup=(
        "`toy:25gaussians`; perceptrons of three layers of 128 ReLU, latent 2, batches of 128. "
        "Adam (0.5, 0.9) for the GANs and WGAN-GP, whose lambda is 0.1 as in its paper's toys; "
        "PyTorch's RMSprop for the clipped WGAN. 5,000 points a run: a mode counts as covered "
        "with at least 1% of them within three standard deviations, and a point as good if it is "
        "that near to any; it is drawn nearly with 1% within a quarter of the way to "
        "the next mode. A GAN has one critic step a generator step, a WGAN two."
    ),
    trials=trials,
    report=report,
)
