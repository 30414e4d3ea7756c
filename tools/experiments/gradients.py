"""What the generator gets to learn from, between two Gaussians that are far apart."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments import plots, training
from experiments.document import Claim, Finding, Settings, Verdict, table
from experiments.trials import Measured, Trial

DISTANCE = 8.0
REAL_POINTS = 20_000
PLACES = np.linspace(-4, 12, 161)
EVERY = 25
OPTIONS = {
    **training.RESTING_GENERATOR,
    **training.ADAM,
    "latent_dim": 1,
    "mlp_critic_units": (64, 64),
    "batch_size": 256,
    "critic_steps": 1,
    "critic_learning_rate": 1e-3,
    "steps": 1000,
    "summary_every": 250,
    "checkpoint_every": EVERY,
    "keep_checkpoints": 1000 // EVERY,
    "steps_per_call": EVERY,
}
SYSTEMS = {
    "critic": {"objective": "wasserstein", "lipschitz": "gradient_penalty"},
    "discriminator": {"objective": "non_saturating", "lipschitz": "none"},
}


def learn(folder: pathlib.Path, options: Mapping[str, Any]) -> Measured:
    """Trains on two Gaussians; tells the gradients of each loss at generated points over time."""
    (direction,) = training.resting_kernel(options)
    random = np.random.default_rng(options["seed"])
    places = DISTANCE + random.standard_normal((REAL_POINTS, 1))
    run = training.train(folder, options, (places * direction).astype(np.float32))
    generated = random.standard_normal((2000, 1)) * direction
    gradients: dict[str, list[float]] = {"wasserstein": [], "minimax": [], "non_saturating": []}
    steps = range(EVERY, options["steps"] + 1, EVERY)
    for step in steps:
        critic = run.critic(checkpoint=step)
        norms = training.critic_gradients(critic, generated)
        # D(G(z)) = sigmoid(s): d/ds log(1 - D) = -D, and d/ds -log D = D - 1.
        answers = 1 / (1 + np.exp(-training.critic_scores(critic, generated).astype(np.float64)))
        gradients["wasserstein"].append(float(norms.mean()))
        gradients["minimax"].append(float((answers * norms).mean()))
        gradients["non_saturating"].append(float(((1 - answers) * norms).mean()))
    scores = training.critic_scores(run.critic(), PLACES[:, None] * direction)
    return {
        "steps": list(steps),
        "scores": [round(float(score), 4) for score in scores],
        "unit": float(np.linalg.norm(direction)),
        **gradients,
    }


def trial(system: str, seed: int) -> Trial:
    """The trial of one system and seed."""
    options = {**OPTIONS, **SYSTEMS[system], "seed": seed}
    return Trial(f"gradients/{system}-{seed}", learn, {"options": options})


def trials(settings: Settings) -> Sequence[Trial]:
    """Both systems."""
    return [trial(system, seed) for system in SYSTEMS for seed in settings.seeds(3)]


def report(settings: Settings) -> Finding:
    """Mean gradients at generated points, at the beginning and at the end."""
    found = {
        system: [settings.result(trial(system, seed)) for seed in settings.seeds(3)]
        for system in SYSTEMS
    }
    losses = {
        "critic of WGAN-GP, -D": ("critic", "wasserstein"),
        "discriminator, minimax: log(1 - D)": ("discriminator", "minimax"),
        "discriminator, non-saturating: -log D": ("discriminator", "non_saturating"),
    }
    courses = {
        label: np.array([result[name] for result in found[system]])
        for label, (system, name) in losses.items()
    }
    steps = found["critic"][0]["steps"]
    shown = [steps.index(step) for step in (25, 100, 300, 1000)]
    rows = [
        [label, *(training.per_seed(list(course[:, index])) for index in shown)]
        for label, course in courses.items()
    ]
    with plots.figure(settings.plot("gradients"), columns=2) as (left, right):
        result, critic = found["discriminator"][0], found["critic"][0]
        left.plot(PLACES, 1 / (1 + np.exp(-np.array(result["scores"]))), color=plots.RED)
        left.set_ylabel("D, discriminator", color=plots.RED)
        twin = left.twinx()
        twin.plot(PLACES, np.array(critic["scores"]) / critic["unit"], color=plots.BLUE)
        twin.set_ylabel("critic", color=plots.BLUE)
        for mean, label in ((0, "generated"), (DISTANCE, "real")):
            left.axvspan(mean - 2, mean + 2, color=plots.GRAY, alpha=0.15)
            left.annotate(label, (mean, 0.5), ha="center", color=plots.GRAY)
        left.set_title("After 1,000 steps, seed 0")
        left.set_xlabel("place on the line")
        colors = (plots.BLUE, plots.RED, plots.ORANGE)
        for (label, course), color in zip(courses.items(), colors, strict=True):
            for number, values in enumerate(course):
                right.semilogy(steps, values, color=color, label=None if number else label)
        right.set_title("Mean gradient norm of the generator's loss at its points")
        right.set_xlabel("critic step")
        right.legend(loc="center right", bbox_to_anchor=(1, 0.6))
    critic_course, minimax, other = courses.values()
    # What maximizes the estimate less lambda (slope - 1)^2.
    expected = [1 + DISTANCE * result["unit"] / 20 for result in found["critic"]]
    critic_holds = np.abs(critic_course[:, -1] - expected).max() < 0.15
    minimax_vanishes = minimax[:, -1].max() < 0.01 * critic_course[:, -1].min()
    other_stays = other[:, -1].min() > 0.5
    share = sum([critic_holds, minimax_vanishes, other_stays])
    verdict = {3: Verdict.HOLDS, 0: Verdict.DOES_NOT_HOLD}.get(share, Verdict.IN_PART)
    return Finding(
        table(["Gradient norm after critic steps", *(f"{steps[i]:,}" for i in shown)], rows),
        verdict,
        f"After 1,000 steps the minimax loss leaves the generator {minimax[:, -1].mean():.1g}; the "
        f"critic's gradient is {critic_course[:, -1].mean():.2f}, near the 1 + W / (2 lambda) = "
        f"{np.mean(expected):.2f} "
        "that the penalty makes of 1 so far apart. The non-saturating loss does not vanish: its "
        f"gradient, {other[:, -1].mean():.2g}, is as large as the discriminator is steep, which "
        "nothing bounds and which differs from step to step: that is its fault, not vanishing.",
    )


CLAIM = Claim(
    name="gradients",
    title="Gradients for the generator",
    prediction=(
        "Between distributions that are far apart, a discriminator near its optimum saturates and "
        "the gradient of the minimax loss vanishes, where that of a Wasserstein critic stays about "
        "1 (Arjovsky et al. 2017, figure 2); the non-saturating loss was made not to vanish "
        "(Goodfellow et al. 2014, section 3)."
    ),
    setup=(
        f"Generated points from N(0, 1), real ones from N({DISTANCE:g}, 1), along a line in the "
        "plane as above. A critic (WGAN-GP, lambda 10) and a discriminator of two layers of 64 "
        "ReLU take 1,000 steps of 256 points with Adam; the generator rests. Told is the mean, "
        "over 2,000 generated points x, of the norm of the gradient in x of what the generator "
        "would descend."
    ),
    trials=trials,
    report=report,
)
