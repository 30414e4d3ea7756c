"""What is wrong with a run, in words: judgements of its metrics.

Each function returns a sentence, or None where it finds nothing to say.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from wgan_tf.config import Config

History = Sequence[Mapping[str, float | None]]
"""Summaries of a run in order, each with its "step"; None or NaN where a value was not finite."""

FEWEST_SUMMARIES = 5
FEWEST_HELD_OUT = 6
# The first evaluation may come before the generator draws anything.
FEWEST_DIVERSITIES = 2

MAX_IMBALANCE = 0.25
MAX_GAP = 0.3
MAX_GAP_GROWTH = 0.1
LEAST_DIVERSITY = 0.3
LEAST_NOVELTY = 0.5


def judge(history: History, config: Config) -> list[str]:
    """All that a run's metrics say is wrong with it."""
    judgements = [not_finite(history), critic_overfits(history, config.augment)]
    diversities = _finite(history, "diversity")
    if len(diversities) >= FEWEST_DIVERSITIES:
        judgements.append(outputs_collapse(diversities[-FEWEST_DIVERSITIES:].max()))
    if config.objective == "wasserstein":
        has_two_sided_penalty = config.lipschitz == "gradient_penalty"
        weight = config.penalty_weight if has_two_sided_penalty else None
        judgements.append(critic_far_from_optimal(history, weight))
    return [judgement for judgement in judgements if judgement]


def not_finite(history: History) -> str | None:
    """Which metrics were infinite or not a number, and since when."""
    first_steps: dict[str, int] = {}
    for line in history:
        for name, value in line.items():
            if value is None or not math.isfinite(value):
                first_steps.setdefault(name, int(line["step"] or 0))
    if not first_steps:
        return None
    found = ", ".join(f"{name} (first at step {step:,})" for name, step in first_steps.items())
    return f"Not finite: {found}; lower the learning rates, or take --precision=float32."


def critic_far_from_optimal(history: History, penalty_weight: float | None) -> str | None:
    """Whether a Wasserstein critic is far from the best under its constraint.

    An estimate E = mean D(x) - mean D(G(z)) that is not positive is no distance. With the two-sided
    penalty lambda mean (n - 1)^2 on gradient norms n (Gulrajani et al. 2017), a critic can moreover
    scale its scores to s D by its last layer alone, so that at an optimum the derivative of
    s E - lambda mean (s n - 1)^2 by s is zero at s = 1, which is

        E = 2 lambda (mean (n - 1)^2 + mean n - 1).

    Both sides are compared as means over the last tenth of the summaries.

    Args:
        history: with "wasserstein_estimate", and "gradient_penalty" and "gradient_norm" for the
            second condition.
        penalty_weight: lambda of a two-sided gradient penalty; None without one.
    """
    estimates = _finite(history, "wasserstein_estimate")
    if len(estimates) < FEWEST_SUMMARIES:
        return None
    recent = max(FEWEST_SUMMARIES, len(estimates) // 10)
    estimate = estimates[-recent:].mean()
    if estimate <= 0:
        return (
            f"The critic is far from optimal: its Wasserstein estimate is {estimate:.3g}, where a "
            "distance is positive; raise --critic_steps or --critic_learning_rate."
        )
    penalties, norms = _finite(history, "gradient_penalty"), _finite(history, "gradient_norm")
    if not penalty_weight or min(len(penalties), len(norms)) < recent:
        return None
    balance = 2 * penalty_weight * (penalties[-recent:].mean() + norms[-recent:].mean() - 1)
    if abs(estimate - balance) <= MAX_IMBALANCE * max(estimate, abs(balance)):
        return None
    return (
        f"The critic is far from optimal: its Wasserstein estimate is {estimate:.3g}, but its "
        f"gradient penalty would balance one of {balance:.3g}; raise --critic_steps, or change "
        "--critic_learning_rate."
    )


def critic_overfits(history: History, augment: str) -> str | None:
    """Whether the estimate on held-out examples falls behind the one on training examples.

    Compares the gap (training - held-out) / |training| in the last third of the summaries that
    have both with that in the first third. The estimate of the steps themselves may be of augmented
    images, and is taken only where no other is, in the metrics of earlier versions.

    Args:
        history: with "training_wasserstein_estimate" and "held_out_wasserstein_estimate".
        augment: the run's option.
    """
    both = [
        (training, held_out)
        for line in history
        if _is_finite(
            training := line.get("training_wasserstein_estimate", line.get("wasserstein_estimate"))
        )
        and _is_finite(held_out := line.get("held_out_wasserstein_estimate"))
    ]
    if len(both) < FEWEST_HELD_OUT:
        return None
    training, held_out = np.array(both).T
    gaps = (training - held_out) / np.maximum(np.abs(training), np.finfo(float).tiny)
    third = len(gaps) // 3
    first, last = gaps[:third].mean(), gaps[-third:].mean()
    if last <= MAX_GAP or last <= first + MAX_GAP_GROWTH:
        return None
    augmented = "--augment=adaptive, " if augment == "none" else ""
    remedies = f"more data, {augmented}a smaller critic or fewer steps"
    return (
        f"The critic overfits: held-out examples give a Wasserstein estimate {last:.0%} below the "
        f"training one, which was {first:.0%} at first; take an earlier checkpoint "
        f"(--checkpoint=best), or train anew with {remedies}."
    )


def outputs_collapse(diversity: float | None) -> str | None:
    """Whether samples are much more alike than real examples are.

    Args:
        diversity: of samples; see `evaluation.neighbours.diversity`.
    """
    if diversity is None or diversity >= LEAST_DIVERSITY:
        return None
    return (
        f"The outputs collapse: two samples differ by {diversity:.1%} of what two real examples "
        "differ by in the mean; go back to an earlier checkpoint, or train the critic more."
    )


def samples_repeat_examples(sample_distance: float, real_distance: float) -> str | None:
    """Whether samples lie much nearer to real examples than these lie to each other.

    Args:
        sample_distance: typical distance of a sample to the nearest real example.
        real_distance: typical distance of a real example to the nearest other one.
    """
    if sample_distance >= LEAST_NOVELTY * real_distance:
        return None
    return (
        f"The generator may repeat its training examples: samples are {sample_distance:.3g} from "
        f"the nearest one, which are {real_distance:.3g} from each other."
    )


def _finite(history: History, name: str) -> np.ndarray:
    return np.array([value for line in history if _is_finite(value := line.get(name))], float)


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
