import math

import numpy as np
import pytest

from wgan_tf.config import Config
from wgan_tf.evaluation import diagnostics


def summaries(**metrics: list[float | None]) -> list[dict[str, float | None]]:
    """One summary every 100 steps; a metric's None leaves it out of a summary."""
    count = max(map(len, metrics.values()))
    return [
        {"step": 100 * (i + 1)}
        | {name: values[i] for name, values in metrics.items() if values[i] is not None}
        for i in range(count)
    ]


def optimally_scaled(norms: np.ndarray, penalty_weight: float) -> dict[str, float]:
    """What a critic of these gradient norms logs once its scale s is the best for its shape."""
    scales = np.linspace(0.001, 20, 20_000)
    # D = s D_1, whose estimate is s and whose gradient norms are s n.
    objective = scales - penalty_weight * ((scales[:, None] * norms - 1) ** 2).mean(axis=1)
    best = scales[objective.argmax()]
    return {
        "wasserstein_estimate": best,
        "gradient_norm": (best * norms).mean(),
        "gradient_penalty": ((best * norms - 1) ** 2).mean(),
    }


@pytest.mark.parametrize("penalty_weight", [0.1, 10.0])
def test_a_critic_of_the_best_scale_is_not_far_from_optimal(penalty_weight: float) -> None:
    norms = np.random.default_rng(0).uniform(0.5, 1.4, 50)
    line = optimally_scaled(norms, penalty_weight)
    history = [{"step": i, **line} for i in range(10)]
    assert diagnostics.critic_far_from_optimal(history, penalty_weight) is None


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_a_critic_of_another_scale_is_far_from_optimal(scale: float) -> None:
    norms = np.random.default_rng(0).uniform(0.5, 1.4, 50)
    best = optimally_scaled(norms, 0.1)["wasserstein_estimate"]
    line = {
        "wasserstein_estimate": scale * best,
        "gradient_norm": (scale * best * norms).mean(),
        "gradient_penalty": ((scale * best * norms - 1) ** 2).mean(),
    }
    history = [{"step": i, **line} for i in range(10)]
    told = diagnostics.critic_far_from_optimal(history, 0.1)
    assert told is not None
    assert f"{scale * best:.3g}" in told
    assert diagnostics.critic_far_from_optimal(history, None) is None


def test_an_estimate_below_zero_is_no_distance() -> None:
    history = summaries(wasserstein_estimate=[3.0] * 5 + [-0.25] * 5)
    told = diagnostics.critic_far_from_optimal(history, None)
    assert told is not None
    assert "-0.25" in told
    assert diagnostics.critic_far_from_optimal(history[:4], None) is None
    assert diagnostics.judge(history, Config(objective="hinge")) == []


def test_a_growing_gap_to_held_out_examples_is_told() -> None:
    training = [1.0] * 9
    grows = summaries(
        training_wasserstein_estimate=training,
        held_out_wasserstein_estimate=[0.9, 0.9, 0.9, 0.8, 0.7, 0.7, 0.5, 0.4, 0.3],
    )
    told = diagnostics.critic_overfits(grows, "none")
    assert told is not None
    assert "60%" in told
    assert "10%" in told
    assert "--augment=adaptive" in told
    assert "--augment" not in (diagnostics.critic_overfits(grows, "adaptive") or "--augment")
    stays = summaries(
        training_wasserstein_estimate=training, held_out_wasserstein_estimate=[0.9, 1.1, 0.95] * 3
    )
    assert diagnostics.critic_overfits(stays, "none") is None
    wide_from_the_start = summaries(
        training_wasserstein_estimate=training, held_out_wasserstein_estimate=[0.5] * 9
    )
    assert diagnostics.critic_overfits(wide_from_the_start, "none") is None


def test_the_gap_is_that_of_images_that_are_augmented_alike() -> None:
    held_out = [0.9, 0.9, 0.9, 0.8, 0.7, 0.7, 0.5, 0.4, 0.3]
    history = summaries(
        wasserstein_estimate=[1.0] * 9,
        training_wasserstein_estimate=held_out,
        held_out_wasserstein_estimate=held_out,
    )
    assert diagnostics.critic_overfits(history, "diffaugment") is None
    of_earlier_versions = summaries(
        wasserstein_estimate=[1.0] * 9, held_out_wasserstein_estimate=held_out
    )
    assert diagnostics.critic_overfits(of_earlier_versions, "none") is not None


def test_summaries_without_a_held_out_estimate_do_not_count() -> None:
    held_out = [0.9, None, 0.9, None, 0.8, None, 0.6, None, 0.4, None, 0.4]
    history = summaries(
        training_wasserstein_estimate=[1.0] * 11, held_out_wasserstein_estimate=held_out
    )
    assert diagnostics.critic_overfits(history, "none") is not None


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_the_first_step_that_is_not_finite_is_told(value: float | None) -> None:
    history = [
        {"step": 100, "critic_loss": 1.0},
        {"step": 200, "critic_loss": value},
        {"step": 300, "critic_loss": value},
    ]
    told = diagnostics.not_finite(history)
    assert told is not None
    assert "critic_loss (first at step 200)" in told
    assert diagnostics.not_finite(history[:1]) is None


def test_collapsed_outputs_are_told() -> None:
    collapsed = "two samples differ by 20.0% of what"
    assert collapsed in (diagnostics.outputs_collapse(0.2) or "")
    assert diagnostics.outputs_collapse(0.9) is None
    assert diagnostics.outputs_collapse(None) is None


def test_a_generator_that_has_drawn_alike_twice_is_told() -> None:
    def told(*diversities: float | None) -> list[str]:
        return diagnostics.judge(summaries(diversity=list(diversities)), Config())

    assert told(0.2) == told(0.2, 0.9) == told(0.9, 0.2) == told(0.9, None, None) == []
    (warning,) = told(0.9, None, 0.2, None, 0.1)
    assert warning == diagnostics.outputs_collapse(0.2)


def test_repeated_examples_are_told() -> None:
    assert diagnostics.samples_repeat_examples(sample_distance=9.0, real_distance=10.0) is None
    assert diagnostics.samples_repeat_examples(sample_distance=2.0, real_distance=10.0) is not None


def test_a_sound_run_is_not_warned_of() -> None:
    line = optimally_scaled(np.linspace(0.9, 1.1, 20), 10.0)
    history = [{"step": i, **line, "critic_loss": -1.0} for i in range(20)]
    assert diagnostics.judge(history, Config()) == []
