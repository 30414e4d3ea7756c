"""Curves of metrics over the steps, as Plotly figures."""

import dataclasses
import itertools
import math
import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from wgan_tf.monitoring.monitor import CHARTS
from wgan_tf.reporting.runs import RecordedRun

SPREAD_SUFFIXES = ("_standard_error", "_standard_deviation")
OTHER_CHARTS = "Other metrics"
POINTS_PER_REACH = 30
MAX_RANGE_ON_LINEAR_AXIS = 10
MAX_DECADES_OF_DIGITS = 3
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
HEIGHT_PIXELS = 280
PIXELS_PER_LEGEND_ROW = 20
PIXELS_IN_LEGEND_ROW = 400
PIXELS_PER_NAME = 45
PIXELS_PER_CHARACTER = 7


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


def figure(chart: Chart, runs: Sequence[RecordedRun]) -> go.Figure:
    """Draws a chart: every metric of every run smoothed, over itself as it is, paler.

    The curves of a single run have a color each. Those of several have a color a run and a dash a
    metric, and the legend tells the two apart. A trace's `meta` has the number of its color, which
    the page chooses; None where it stands for no run. A band shows a metric's spread where that is
    known. An axis of values above zero over more than a decade is logarithmic.
    """
    drawn = go.Figure()
    if len(runs) == 1:
        for number, name in enumerate(chart.names):
            _add(drawn, runs[0], name, _Style(legend=name, hover=name, color=number))
    else:
        for number, run in enumerate(runs):
            for name, dash in zip(chart.names, itertools.cycle(DASHES), strict=False):
                hover = run.name if len(chart.names) == 1 else f"{run.name} · {name}"
                _add(drawn, run, name, _Style(run.name, hover, number, dash))
        if len(chart.names) > 1:
            for name, dash in zip(chart.names, itertools.cycle(DASHES), strict=False):
                key = {"name": name, "legendgroup": f"key {name}", "meta": {"color": None}}
                drawn.add_scatter(x=[None], y=[None], mode="lines", line={"dash": dash}, **key)
    values = np.concatenate([run.series(name)[1] for run in runs for name in chart.names])
    values = values[np.isfinite(values)]
    is_wide = len(values) and values.min() > 0
    is_wide = is_wide and values.max() > MAX_RANGE_ON_LINEAR_AXIS * values.min()
    named = [trace.name for trace in drawn.data if trace.showlegend is not False]
    width = sum(PIXELS_PER_NAME + PIXELS_PER_CHARACTER * len(name) for name in named)
    drawn.update_layout(
        height=HEIGHT_PIXELS + PIXELS_PER_LEGEND_ROW * (width // PIXELS_IN_LEGEND_ROW),
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


@dataclasses.dataclass(frozen=True)
class _Style:
    """How a curve looks: its names in the legend and where the pointer is, its color's number."""

    legend: str
    hover: str
    color: int
    dash: str = "solid"


def _add(drawn: go.Figure, run: RecordedRun, name: str, style: _Style) -> None:
    steps, values = run.series(name)
    if not len(steps):
        return
    is_named = any(trace.legendgroup == style.legend for trace in drawn.data)
    group = {"legendgroup": style.legend, "name": style.legend, "meta": {"color": style.color}}
    line = {"dash": style.dash, "width": 1.8}
    extra = f"<extra>{style.hover}</extra>"
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
            line=line,
            marker={"size": 4},
            hovertemplate=f"%{{y:.4~g}}{extra}",
            showlegend=not is_named,
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
        line=line,
        customdata=values,
        hovertemplate=f"%{{y:.4~g}} (raw %{{customdata:.4~g}}){extra}",
        showlegend=not is_named,
        **group,
    )
