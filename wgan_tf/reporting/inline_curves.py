"""Small curves as SVG, which a notebook shows without a network or a package for it."""

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _MARGIN = 360, 150, 24
_COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd")


def draw_curves(
    title: str, lines: Sequence[Mapping[str, float | None]], names: Sequence[str]
) -> str:
    """Curves of metrics over steps.

    Args:
        title: above them.
        lines: of metrics.jsonl; values that are missing or not finite leave gaps.
        names: of the metrics; those without two values are left out.

    Returns:
        An SVG element; empty without a curve.
    """
    curves = {name: _points(lines, name) for name in names}
    curves = {name: points for name, points in curves.items() if len(points) > 1}
    if not curves:
        return ""
    steps, values = zip(*(point for points in curves.values() for point in points), strict=True)
    left, right = min(steps), max(steps)
    low, high = min(values), max(values)

    def place(step: float, value: float) -> str:
        x = _MARGIN + (step - left) / ((right - left) or 1) * (_WIDTH - 2 * _MARGIN)
        y = _HEIGHT - _MARGIN - (value - low) / ((high - low) or 1) * (_HEIGHT - 3 * _MARGIN)
        return f"{x:.1f},{y:.1f}"

    parts = [_text(_MARGIN, 12, title, "#000"), _text(_MARGIN, _HEIGHT - 6, f"{left:,.0f}", "#777")]
    parts.append(_text(_WIDTH - _MARGIN, _HEIGHT - 6, f"step {right:,.0f}", "#777", anchor="end"))
    parts.append(_text(_WIDTH - _MARGIN, 12, f"{low:.3g} to {high:.3g}", "#777", anchor="end"))
    for number, (name, points) in enumerate(curves.items()):
        color = _COLORS[number % len(_COLORS)]
        path = " ".join(place(*point) for point in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}"/>')
        parts.append(_text(_MARGIN + 160 * number, 26, name, color))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'font-family="sans-serif" font-size="10" role="img">{"".join(parts)}</svg>'
    )


def _points(lines: Sequence[Mapping[str, float | None]], name: str) -> list[tuple[float, float]]:
    pairs = [(line.get("step"), line.get(name)) for line in lines]
    return [
        (step, value)
        for step, value in pairs
        if step is not None and value is not None and math.isfinite(value)
    ]


def _text(x: float, y: float, text: str, color: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" fill="{color}" text-anchor="{anchor}">{escape(text)}</text>'
