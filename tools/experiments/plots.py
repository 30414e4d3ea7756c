"""Figures in one style, small enough for a repository."""

import contextlib
import io
import pathlib
from collections.abc import Iterator
from typing import Any

from PIL import Image

# Of a file; a third of the size, and hardly to be told from all.
COLORS = 96
BLUE, RED, GREEN, ORANGE, GRAY = "#3465a4", "#cc3311", "#2e8b57", "#e08e0b", "#777777"


@contextlib.contextmanager
def figure(
    file: pathlib.Path, *, rows: int = 1, columns: int = 1, width: float = 9.0, height: float = 3.2
) -> Iterator[Any]:
    """Axes to draw on, one or an array of them, written as a PNG at the end.

    Args:
        file: where to.
        rows: of axes.
        columns: of axes.
        width: of the figure, in inches.
        height: of a row, in inches.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with pyplot.rc_context(
        {"font.size": 8.5, "axes.titlesize": 9.5, "legend.frameon": False, "savefig.dpi": 100}
    ):
        drawn, axes = pyplot.subplots(
            rows, columns, figsize=(width, height * rows), layout="constrained"
        )
        yield axes
        buffer = io.BytesIO()
        drawn.savefig(buffer, format="png")
        pyplot.close(drawn)
    file.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(buffer) as image:
        reduced = image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        reduced.save(file, optimize=True)


def label_logarithmic(axis: Any) -> None:
    """Labels 1, 2 and 5 of every decade of a logarithmic axis, as plain numbers."""
    from matplotlib import ticker

    axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(ticker.NullLocator())
