"""Curves of metrics over the steps, as Plotly figures."""

import dataclasses
import math
import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from wgan_tf.monitoring.monitor import CHARTS
from wgan_tf.reporting.runs import Run

SPREAD_SUFFIXES = ("_standard_error", "_standard_deviation")
OTHER_CHARTS = "Other metrics"
POINTS_PER_REACH = 30
MAX_RANGE_ON_LINEAR_AXIS = 10
MAX_DECADES_OF_DIGITS = 3
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
HEIGHT_PIXELS = 280
HEIGHT_OF_LEGEND_PIXELS = 60


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
    others = [
        Chart(OTHER_CHARTS, name.replace("_", " ").capitalize(), (name,))
        for name in drawn
        if name not in placed
    ]
    return chosen + others


def smooth(values: np.ndarray, reach: int) -> np.ndarray:
    """The running median, as Arjovsky et al. 2017 show their estimates: it has no lag.

    Entry t is the median of the finite values from t - r to t + r, where r is `reach`, or as far
    as both ends allow.

    Args:
        values: float64 [N]; where one is not finite, neither is the median.
        reach: at least 0.
    """
    medians = np.full(len(values), np.nan)
    for t in np.flatnonzero(np.isfinite(values)).tolist():
        r = min(reach, t, len(values) - 1 - t)
        medians[t] = np.nanmedian(values[t - r : t + r + 1])
    return medians


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
        height=HEIGHT_PIXELS + (HEIGHT_OF_LEGEND_PIXELS if len(drawn.data) > 4 else 0),
        margin={"l": 52, "r": 12, "t": 8, "b": 36},
        hovermode="x unified",
        hoverlabel={"namelength": -1},
        showlegend=len(runs) * len(chart.names) > 1,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
    )
    drawn.update_xaxes(
        showgrid=False, zeroline=False, rangemode="tozero", tickformat="~s", hoverformat=",d"
    )
    if is_wide:
        drawn.update_yaxes(type="log", tickmode="array", tickvals=_log_ticks(values))
    return drawn


def _log_ticks(values: np.ndarray) -> list[float]:
    """Powers of ten about positive values, with 2 and 5 times them unless these are many."""
    low, high = (math.floor(math.log10(end)) for end in (values.min(), values.max()))
    digits = (1, 2, 5) if high - low < MAX_DECADES_OF_DIGITS else (1,)
    return [float(f"{digit}e{power}") for power in range(low, high + 2) for digit in digits]


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
    reach = len(steps) // POINTS_PER_REACH
    if not reach:
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
        y=smooth(values, reach),
        mode="lines",
        line={"dash": dash, "width": 1.8},
        customdata=values,
        hovertemplate="%{y:.4~g} (raw %{customdata:.4~g})",
        **group,
    )
