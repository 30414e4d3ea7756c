"""Curves of metrics over the steps, as Plotly figures."""

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from wgan_tf.monitoring.monitor import CHARTS
from wgan_tf.reporting.runs import Run

SPREAD_SUFFIXES = ("_standard_error", "_standard_deviation")
OTHER_CHARTS = "Other metrics"
POINTS_IN_SPAN = 20
MAX_RANGE_ON_LINEAR_AXIS = 10
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
HEIGHT_PIXELS = 280


@dataclasses.dataclass(frozen=True)
class Chart:
    """Which metrics are drawn together.

    Attributes:
        category: charts of one category stand together.
        title: of the chart.
        names: of the metrics, without those that tell another's spread.
    """

    category: str
    title: str
    names: tuple[str, ...]


def choose_charts(
    names: Collection[str], charts: Mapping[str, Mapping[str, Sequence[str]]] = CHARTS
) -> list[Chart]:
    """Arranges metrics like TensorBoard's; each other metric gets a chart of its own.

    Args:
        names: of the metrics there are.
        charts: by category and title, regular expressions of the metrics a chart shows.
    """
    drawn = [name for name in names if not name.endswith(SPREAD_SUFFIXES)]
    chosen: list[Chart] = []
    for category, titled in charts.items():
        for title, patterns in titled.items():
            matching = tuple(n for n in drawn if any(re.search(p, n) for p in patterns))
            if not any(set(matching) <= set(chart.names) for chart in chosen) and matching:
                chosen.append(Chart(category, title, matching))
    placed = {name for chart in chosen for name in chart.names}
    others = [Chart(OTHER_CHARTS, name, (name,)) for name in drawn if name not in placed]
    return chosen + others


def smooth(values: np.ndarray, span: float) -> np.ndarray:
    """The exponential moving average that has no bias towards its start.

    y_t = sum_i (1 - a)^i x_(t - i) / sum_i (1 - a)^i with a = 2 / (span + 1), over the finite x.

    Args:
        values: float64 [N]; where one is not finite, neither is the average.
        span: in values, at least 1.
    """
    keep = 1 - 2 / (span + 1)
    weighted = weight = 0.0
    averages = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        weighted, weight = keep * weighted, keep * weight
        if np.isfinite(value):
            weighted, weight = weighted + value, weight + 1
            averages[i] = weighted / weight
    return averages


def figure(chart: Chart, runs: Sequence[Run]) -> go.Figure:
    """Draws a chart: every metric of every run smoothed, over itself as it is, paler.

    A trace's `meta` has the number of its colour, which the page chooses: one a metric of a single
    run, one a run of several. A band shows a metric's spread where that is known. An axis of
    values above zero over more than a decade is logarithmic.
    """
    drawn = go.Figure()
    for run_number, run in enumerate(runs):
        for name_number, name in enumerate(chart.names):
            is_compared = len(runs) > 1
            label = run.name if len(chart.names) == 1 else f"{run.name} · {name}"
            _add(
                drawn,
                run,
                name,
                label=label if is_compared else name,
                color=run_number if is_compared else name_number,
                dash=DASHES[name_number % len(DASHES)] if is_compared else "solid",
            )
    values = np.concatenate([run.series(name)[1] for run in runs for name in chart.names])
    values = values[np.isfinite(values)]
    is_wide = len(values) and values.min() > 0
    is_wide = is_wide and values.max() > MAX_RANGE_ON_LINEAR_AXIS * values.min()
    drawn.update_layout(
        height=HEIGHT_PIXELS,
        margin={"l": 52, "r": 12, "t": 8, "b": 36},
        hovermode="x unified",
        hoverlabel={"namelength": -1},
        showlegend=len(runs) * len(chart.names) > 1,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
    )
    drawn.update_xaxes(showgrid=False, zeroline=False, tickformat="~s", hoverformat=",d")
    if is_wide:
        # Two digits of each decade keep the labels apart from each other.
        drawn.update_yaxes(type="log", dtick="D2")
    return drawn


def _add(drawn: go.Figure, run: Run, name: str, *, label: str, color: int, dash: str) -> None:
    steps, values = run.series(name)
    if not len(steps):
        return
    meta = {"color": color}
    group = {"legendgroup": label, "name": label, "meta": meta}
    for suffix in SPREAD_SUFFIXES:
        spread_steps, spread = run.series(name + suffix)
        if len(spread_steps) == len(steps):
            drawn.add_scatter(
                x=np.concatenate([steps, steps[::-1]]),
                y=np.concatenate([values + spread, (values - spread)[::-1]]),
                fill="toself",
                mode="lines",
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                **group,
            )
    span = len(steps) / POINTS_IN_SPAN
    if span < 2:
        drawn.add_scatter(
            x=steps,
            y=values,
            mode="lines+markers",
            line={"dash": dash, "width": 1.8},
            marker={"size": 4},
            hovertemplate="%{y:.4~g}",
            **group,
        )
        return
    drawn.add_scatter(
        x=steps,
        y=values,
        mode="lines",
        line={"width": 1},
        opacity=0.35,
        hoverinfo="skip",
        showlegend=False,
        **group,
    )
    drawn.add_scatter(
        x=steps,
        y=smooth(values, span),
        mode="lines",
        line={"dash": dash, "width": 1.8},
        customdata=values,
        hovertemplate="%{y:.4~g} (raw %{customdata:.4~g})",
        **group,
    )
