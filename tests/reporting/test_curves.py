import numpy as np

from tests.reporting.conftest import MakeRun
from wgan_tf.reporting import curves
from wgan_tf.reporting.curves import Chart, choose_charts, figure, smooth
from wgan_tf.reporting.runs import read_runs


def test_every_metric_is_drawn_and_those_of_a_kind_together() -> None:
    names = [
        *("critic_loss", "generator_loss", "wasserstein_estimate", "gradient_penalty"),
        *("held_out_wasserstein_estimate", "kid_classifier", "kid_classifier_standard_error"),
        *("precision_classifier", "recall_classifier", "images_per_sec", "modes"),
    ]
    charts = choose_charts(names)
    shown = [chart.names for chart in charts]
    assert ("critic_loss", "generator_loss") in shown
    assert ("wasserstein_estimate", "held_out_wasserstein_estimate") in shown
    assert ("precision_classifier", "recall_classifier") in shown
    assert Chart(curves.OTHER_CHARTS, "Gradient penalty", ("gradient_penalty",)) in charts
    assert Chart(curves.OTHER_CHARTS, "Modes", ("modes",)) in charts
    told = {name for names in shown for name in names}
    assert told == {name for name in names if not name.endswith("_standard_error")}


def test_no_chart_repeats_another() -> None:
    charts = choose_charts(["wasserstein_estimate", "held_out_wasserstein_estimate"])
    assert len(charts) == 1


def test_the_running_median_reaches_as_far_to_both_sides() -> None:
    values = np.array([9.0, 1.0, 2.0, np.nan, 7.0, 3.0, 100.0, 5.0])
    expected = [9.0, 2.0, 4.5, np.nan, 5.0, 6.0, 5.0, 5.0]
    np.testing.assert_array_equal(smooth(values, 2), expected)
    np.testing.assert_array_equal(smooth(values, 0), values)


def test_a_falling_curve_without_noise_is_not_changed() -> None:
    values = np.exp(-np.arange(50) / 5)
    np.testing.assert_array_equal(smooth(values, 4), values)


def test_a_long_curve_is_drawn_smoothed_over_itself(make_run: MakeRun) -> None:
    values = np.random.default_rng(0).normal(size=60) + 10
    (run,) = read_runs([make_run(lines=[{"a": value} for value in values])])
    raw, smoothed = figure(Chart("", "", ("a",)), [run]).data
    np.testing.assert_array_equal(raw.x, range(100, 6100, 100))
    np.testing.assert_array_equal(raw.y, values)
    np.testing.assert_array_equal(smoothed.y, smooth(values, 2))
    np.testing.assert_array_equal(smoothed.customdata, values)


def test_a_short_curve_is_drawn_as_it_is(make_run: MakeRun) -> None:
    (run,) = read_runs([make_run(lines=[{"a": 1.0}, {"a": 2.0}])])
    (drawn,) = figure(Chart("", "", ("a",)), [run]).data
    np.testing.assert_array_equal(drawn.y, [1, 2])


def test_the_spread_is_drawn_as_a_band(make_run: MakeRun) -> None:
    lines = [{"kid_x": 3.0, "kid_x_standard_error": 0.5}] * 2
    (run,) = read_runs([make_run(lines=lines)])
    band, _ = figure(Chart("", "", ("kid_x",)), [run]).data
    np.testing.assert_array_equal(band.y, [3.5, 3.5, 2.5, 2.5])


def test_only_values_above_zero_over_more_than_a_decade_have_a_logarithmic_axis(
    make_run: MakeRun,
) -> None:
    lines = [{"wide": 0.1, "narrow": 2.0, "signed": -1.0}]
    lines += [{"wide": 9.0, "narrow": 4.0, "signed": 9.0}]
    (run,) = read_runs([make_run(lines=lines)])
    types = {
        name: figure(Chart("", "", (name,)), [run]).layout.yaxis.type
        for name in ("wide", "narrow", "signed")
    }
    assert types == {"wide": "log", "narrow": None, "signed": None}


def test_runs_have_a_color_each_and_metrics_of_one_run_too(make_run: MakeRun) -> None:
    both = read_runs([make_run("a"), make_run("b")])
    losses = Chart("", "", ("critic_loss", "generator_loss"))
    curves = [trace for trace in figure(losses, both).data if trace.x[0] is not None]
    assert [trace.meta["color"] for trace in curves] == [0, 0, 1, 1]
    assert [trace.line.dash for trace in curves] == ["solid", "dash"] * 2
    assert [trace.hovertemplate.partition("<extra>")[2] for trace in curves] == [
        "a · critic_loss</extra>",
        "a · generator_loss</extra>",
        "b · critic_loss</extra>",
        "b · generator_loss</extra>",
    ]
    assert [trace.meta["color"] for trace in figure(losses, both[:1]).data] == [0, 1]


def test_the_legend_names_each_run_and_each_metric_once(make_run: MakeRun) -> None:
    both = read_runs([make_run("a"), make_run("b")])

    def legend(*names: str, runs: int = 2) -> list[tuple[str, str, int | None]]:
        drawn = figure(Chart("", "", names), both[:runs])
        return [
            (trace.name, trace.line.dash, trace.meta["color"])
            for trace in drawn.data
            if drawn.layout.showlegend and trace.showlegend is not False
        ]

    assert legend("critic_loss", "generator_loss") == [
        ("a", "solid", 0),
        ("b", "solid", 1),
        ("critic_loss", "solid", None),
        ("generator_loss", "dash", None),
    ]
    assert legend("critic_loss") == [("a", "solid", 0), ("b", "solid", 1)]
    assert legend("critic_loss", "generator_loss", runs=1) == [
        ("critic_loss", "solid", 0),
        ("generator_loss", "solid", 1),
    ]
    assert legend("critic_loss", runs=1) == []
