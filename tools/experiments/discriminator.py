"""The optimal discriminator between two overlapping Gaussians, and its loss."""

import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from experiments import plots, training
from experiments.document import Claim, Finding, Settings, Verdict, table
from experiments.trials import Measured, Trial
from wgan_tf import divergences

REAL = stats.norm(1.5, 0.7)
GENERATED = stats.norm(0, 1)
REAL_POINTS = 50_000
EDGES = np.linspace(-5, 5, 401)
CENTERS = (EDGES[1:] + EDGES[:-1]) / 2
OPTIONS = {
    **training.RESTING_GENERATOR,
    **training.ADAM,
    "objective": "non_saturating",
    "lipschitz": "none",
    "latent_dim": 1,
    "mlp_critic_units": (64, 64),
    "batch_size": 512,
    "critic_steps": 5,
    "critic_learning_rate": 2e-3,
    "learning_rate_decay": "linear",
    "steps": 500,
    "summary_every": 100,
    "steps_per_call": 100,
}


def learn(folder: pathlib.Path, options: Mapping[str, Any]) -> Measured:
    """Trains a discriminator on the Gaussians along a line in the plane; tells D there."""
    (direction,) = training.resting_kernel(options)
    places = REAL.rvs((REAL_POINTS, 1), random_state=options["seed"])
    run = training.train(folder, options, (places * direction).astype(np.float32))
    logits = training.critic_scores(run.critic(), CENTERS[:, None] * direction)
    return {"answers": [round(float(x), 5) for x in 1 / (1 + np.exp(-logits))]}


def trial(seed: int) -> Trial:
    """The trial of a seed."""
    return Trial(f"discriminator/{seed}", learn, {"options": {**OPTIONS, "seed": seed}})


def trials(settings: Settings) -> Sequence[Trial]:
    """One a seed."""
    return [trial(seed) for seed in settings.seeds(3)]


def report(settings: Settings) -> Finding:
    """D beside p / (p + q), and its loss beside 2 log 2 - 2 JS."""
    p, q = (np.diff(normal.cdf(EDGES)) for normal in (REAL, GENERATED))
    p, q = p / p.sum(), q / q.sum()
    optimal = divergences.optimal_discriminator(p, q)
    least = divergences.optimal_discriminator_loss(p, q)
    js = divergences.jensen_shannon(p, q)
    learned = [np.array(settings.result(each)["answers"]) for each in trials(settings)]
    clipped = [np.clip(answers, 1e-5, 1 - 1e-5) for answers in learned]
    losses = [float(-p @ np.log(answers) - q @ np.log(1 - answers)) for answers in clipped]
    mean_errors = [float((p + q) / 2 @ np.abs(answers - optimal)) for answers in learned]
    with plots.figure(settings.plot("discriminator"), columns=2) as (left, right):
        left.plot(CENTERS, p / np.diff(EDGES), color=plots.BLUE, label="p, real")
        left.plot(CENTERS, q / np.diff(EDGES), color=plots.ORANGE, label="q, generated")
        left.set_title("Densities")
        for number, answers in enumerate(learned):
            label = None if number else "learned, a line a seed"
            right.plot(CENTERS, answers, color=plots.RED, linewidth=0.8, label=label)
        right.plot(CENTERS, optimal, "--", color=plots.BLUE, label="p / (p + q)")
        right.set_title("Discriminator")
        for axes in (left, right):
            axes.set_xlabel("place on the line")
            axes.legend()
    excess = max(abs(loss - least) for loss in losses)
    error = max(mean_errors)
    if error < 0.02 and excess < 0.02:
        verdict = Verdict.HOLDS
    else:
        verdict = Verdict.IN_PART if error < 0.1 else Verdict.DOES_NOT_HOLD
    return Finding(
        table(
            ["", "predicted", "learned"],
            [
                ["Mean of the absolute error of D", "0", training.per_seed(mean_errors)],
                ["Loss, nats", f"{least:.4f}", training.per_seed(losses)],
                [
                    "JS = log 2 - loss / 2, nats",
                    f"{js:.4f}",
                    training.per_seed([math.log(2) - loss / 2 for loss in losses]),
                ],
            ],
        ),
        verdict,
        f"The learned discriminator is {error:.3f} from p / (p + q) in the mean of the worst seed, "
        f"and its loss {excess:.4f} from the least one. Where neither distribution has points, "
        "it says what it likes. Two equal distributions would have the loss 2 log 2 = "
        f"{2 * math.log(2):.3f} (the lines at theta = 0, above, have it); a text that prints "
        f"{2 * math.log10(2):.2f} for it has taken the logarithm to base 10.",
    )


CLAIM = Claim(
    name="discriminator",
    title="The optimal discriminator",
    prediction=(
        "Against a generator that rests, the best discriminator is D*(x) = p(x) / (p(x) + q(x)), "
        "and its loss is 2 log 2 - 2 JS(p, q) (Goodfellow et al. 2014, proposition 1 and theorem "
        "1): to train it to the end is to measure the Jensen-Shannon divergence."
    ),
    setup=(
        "Real points from N(1.5, 0.7²), generated ones from N(0, 1), along a line in the plane "
        "(the resting generator's z w, w being the unit): the mathematics are those of the line. "
        "A perceptron of two layers of 64 ReLU takes 2,500 steps of 512 points with Adam. Its loss "
        f"is summed over {len(CENTERS)} cells of the line with both distributions' probabilities."
    ),
    trials=trials,
    report=report,
)
