import pytest

from tests.reporting.conftest import MakeRun
from wgan_tf.config import Config
from wgan_tf.reporting import summary
from wgan_tf.reporting.runs import RecordedRun, read_runs


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "WGAN-GP"),
        ({"lipschitz": "weight_clipping"}, "WGAN with weight clipping"),
        ({"objective": "non_saturating", "lipschitz": "none"}, "non-saturating GAN"),
        ({"objective": "hinge", "lipschitz": "spectral_norm"}, "hinge GAN with spectral norm"),
        ({"conditional": "auxiliary_classifier"}, "WGAN-GP, auxiliary classifier"),
    ],
)
def test_systems_have_their_usual_names(options: dict[str, str], name: str) -> None:
    assert summary.system(Config(**options)) == name


def test_a_path_to_the_data_is_left_out() -> None:
    assert summary.dataset(Config(dataset="idx:/usr/share/fashion/")) == "idx:fashion"
    assert summary.dataset(Config(dataset="toy:8gaussians")) == "toy:8gaussians"
    assert summary.dataset(Config(dataset="my_set/config")) == "my_set/config"


def test_the_outcome_of_a_finished_run(make_run: MakeRun) -> None:
    lines = [
        {"wasserstein_estimate": 12.345, "fid_classifier": 80.0},
        {"wasserstein_estimate": 0.5, "held_out_wasserstein_estimate": 0.6, "fid_classifier": 7.0},
        {"wasserstein_estimate": 0.25, "fid_classifier": 9.0},
    ]
    (run,) = read_runs([make_run(lines=lines)])
    assert summary.outcome(run) == (
        "WGAN-GP on digits has taken all 800 steps; the Wasserstein estimate fell from 12.3 at "
        "step 100 to 0.25, 0.6 on held-out examples; the best fid_classifier is 7, at step 200."
    )


def test_the_outcome_tells_where_the_estimate_turned(make_run: MakeRun) -> None:
    lines = [{"wasserstein_estimate": value} for value in (9.0, 2.0, 0.7, 0.75, 0.8)]
    (run,) = read_runs([make_run(lines=lines)])
    assert "fell from 9 at step 100 to 0.7 at step 300 and has risen to 0.8 since" in (
        summary.outcome(run)
    )
    steady = [{"wasserstein_estimate": value} for value in (9.0, 2.0, 0.7, 0.71, 0.72)]
    (run,) = read_runs([make_run("steady", lines=steady)])
    assert "fell from 9 at step 100 to 0.72." in summary.outcome(run)


def test_the_outcome_of_a_run_that_goes_on(make_run: MakeRun) -> None:
    (run,) = read_runs([make_run(lines=[], steps=20_000)])
    assert summary.outcome(run) == (
        "WGAN-GP on digits has taken 800 of 20,000 steps; it has written no metrics yet."
    )


def test_no_wasserstein_estimate_is_claimed_for_another_objective(make_run: MakeRun) -> None:
    (run,) = read_runs([make_run(objective="non_saturating", lipschitz="none")])
    assert "Wasserstein" not in summary.outcome(run)


def test_options_without_effect_are_not_shown() -> None:
    options = summary.options_in_effect(Config(lipschitz="weight_clipping", dcgan_width=32))
    assert options["clip_value"] == "0.01"
    assert "penalty_weight" not in options
    assert "mlp_critic_units" not in options
    assert summary.chosen_options(Config(dcgan_width=32, classes=("a", "b"))) == [
        "classes",
        "dcgan_width",
    ]


def test_the_best_value_is_of_the_step_where_it_was(make_run: MakeRun) -> None:
    def best(lines: list[dict[str, float]], name: str) -> tuple[str, float, int] | None:
        (run,) = read_runs([make_run(name, lines=lines)])
        assert isinstance(run, RecordedRun)
        return summary.summary_metric(run)

    kid = [{"kid_x": 3.0, "kid_x_standard_error": 0.1}, {"kid_x": 2.0}, {"kid_x": 4.0}]
    assert best(kid, "kid") == ("kid_x", 2.0, 200)
    assert best([{"critic_loss": 1.0}], "none") is None
