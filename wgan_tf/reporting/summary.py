"""What a run is and how far it came, in words."""

import numpy as np

from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.evaluation.metrics import ranking_metric
from wgan_tf.options import default_value, format_value
from wgan_tf.reporting.curves import POINTS_PER_REACH, smooth
from wgan_tf.reporting.runs import RecordedRun

OBJECTIVES = {
    "wasserstein": "WGAN",
    "minimax": "minimax GAN",
    "non_saturating": "non-saturating GAN",
    "hinge": "hinge GAN",
}
CONSTRAINTS = {
    "none": "without a Lipschitz constraint",
    "weight_clipping": "with weight clipping",
    "gradient_penalty": "with gradient penalty",
    "one_sided_gradient_penalty": "with one-sided gradient penalty",
    "spectral_norm": "with spectral norm",
}
# A rise from the least estimate is told from this share of it on.
MIN_TURN = 0.1


def system(config: Config) -> str:
    """What is trained, by its usual name: "WGAN-GP", "non-saturating GAN with spectral norm"."""
    objective = OBJECTIVES.get(config.objective, f"objective {_own_name(config.objective)}")
    constraint = CONSTRAINTS.get(config.lipschitz, f"with penalty {_own_name(config.lipschitz)}")
    if (config.objective, config.lipschitz) == ("wasserstein", "gradient_penalty"):
        name = "WGAN-GP"
    elif config.objective != "wasserstein" and config.lipschitz == "none":
        name = objective
    else:
        name = f"{objective} {constraint}"
    has_classes = config.conditional == "auxiliary_classifier"
    return f"{name}, auxiliary classifier" if has_classes else name


def _own_name(text: str) -> str:
    """What the caller's own code calls something, without the path to it: "losses.py:hinge"."""
    return text.rpartition("/")[2]


def dataset(config: Config) -> str:
    """What is trained on, without the path to it: "cifar10", "idx:fashion-mnist"."""
    prefix, colon, rest = config.dataset.partition(":")
    return prefix + colon + rest.rstrip("/").rpartition("/")[2] if colon else config.dataset


def number(value: float | None) -> str:
    """Three significant digits, or all of the whole part."""
    if value is None or not np.isfinite(value):
        return "not finite"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def steps(run: RecordedRun) -> str:
    """How many steps are taken, of how many."""
    if run.step >= run.config.steps:
        return f"{run.step:,}"
    return f"{run.step:,} of {run.config.steps:,}"


def outcome(run: RecordedRun) -> str:
    """One sentence: what was trained how far, and what came out."""
    taken = f"all {run.step:,}" if run.step >= run.config.steps else steps(run)
    clauses = [f"{system(run.config)} on {dataset(run.config)} has taken {taken} steps"]
    if run.config.objective == "wasserstein" and "wasserstein_estimate" in run.metric_names():
        clauses.append(_estimate(run))
    if summary := summary_metric(run):
        name, value, step = summary
        clauses.append(f"the best {name} is {number(value)}, at step {step:,}")
    if not run.history:
        clauses.append("it has written no metrics yet")
    return "; ".join(clauses) + "."


def _estimate(run: RecordedRun) -> str:
    name = "wasserstein_estimate"
    at, values = run.series(name)
    course = f"the Wasserstein estimate is {number(values[-1])}"
    if len(at) > 1 and np.isfinite(values[[0, -1]]).all():
        verb = "fell" if values[-1] < values[0] else "rose"
        begin = f"the Wasserstein estimate {verb} from {number(values[0])} at step {at[0]:,} to"
        course = f"{begin} {number(values[-1])}"
        smoothed = smooth(values, len(values) // POINTS_PER_REACH)
        lowest = int(np.nanargmin(smoothed))
        rise, fall = values[-1] - smoothed[lowest], values[0] - smoothed[lowest]
        if fall > 0 and rise > MIN_TURN * abs(smoothed[lowest]):
            course = (
                f"{begin} {number(smoothed[lowest])} at step {at[lowest]:,} and has risen to "
                f"{number(values[-1])} since"
            )
    _, held_out = run.series(f"held_out_{name}")
    return f"{course}, {number(held_out[-1])} on held-out examples" if len(held_out) else course


def summary_metric(run: RecordedRun) -> tuple[str, float, int] | None:
    """The best value of the `ranking_metric`, as (name, value, step); None without."""
    finite = [name for name in run.metric_names() if np.isfinite(run.series(name)[1]).any()]
    name = ranking_metric(finite)
    if name is None:
        return None
    at, values = run.series(name)
    best = np.nanargmin(values)
    return name, float(values[best]), int(at[best])


def options_in_effect(config: Config) -> dict[str, str]:
    """Every option as its flag takes it, but those that the others leave without effect."""
    return {
        field.name: format_value(getattr(config, field.name))
        for field in configuration.applicable(config)
    }


def chosen_options(config: Config) -> list[str]:
    """The names of the options in effect that differ from their defaults."""
    defaults = {f.name: format_value(default_value(f)) for f in configuration.fields()}
    return [name for name, value in options_in_effect(config).items() if value != defaults[name]]
