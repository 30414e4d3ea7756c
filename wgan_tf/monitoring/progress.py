"""How far a run is, on a terminal or in a log file."""

import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Self, TextIO

from tqdm import tqdm

_NOTEBOOK_COLUMNS = 100
_BAR_FORMAT = "{percentage:3.0f}%|{bar}| step {n:,}/{total:,} [{elapsed}<{remaining}{postfix}]"


class Progress:
    """Shows steps, the time left and metrics: a bar on a terminal or in a notebook, else lines.

    Args:
        total_steps: the step at which the run ends.
        initial_step: the step from which this process goes on.
        stream: where to print; standard error by default.
        clock: the time in seconds, from any origin.
    """

    def __init__(
        self,
        total_steps: int,
        initial_step: int = 0,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total_steps = total_steps
        self._initial_step = initial_step
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._start = clock()
        self._bar = (
            tqdm(
                total=total_steps,
                initial=initial_step,
                file=self._stream,
                bar_format=_BAR_FORMAT,
                ncols=_NOTEBOOK_COLUMNS if _in_notebook() else None,
                dynamic_ncols=True,
            )
            if self._stream.isatty() or _in_notebook()
            else None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def advance(self, step: int) -> None:
        """Moves the bar, if there is one, to `step` steps done."""
        if self._bar is not None:
            self._bar.update(step - self._bar.n)

    def update(self, step: int, metrics: Mapping[str, float]) -> None:
        """Shows that `step` is done: on the bar, or as one line with all metrics.

        Args:
            step: steps done since the very start of the run.
            metrics: by name; `images_per_sec` and `wasserstein_estimate` also go on the bar.
        """
        if self._bar is None:
            left = f"{step:,}/{self._total_steps:,}  ETA {self._time_left(step)}"
            self.log("  ".join([f"step {left}", *_described(metrics)]))
        else:
            on_bar = ("images_per_sec", "wasserstein_estimate")
            shown = {name: metrics[name] for name in on_bar if name in metrics}
            self.advance(step)
            self._bar.set_postfix_str("  ".join(_described(shown)))

    def log(self, line: str) -> None:
        """Prints a line of its own, above the bar if there is one."""
        if self._bar is None:
            print(line, file=self._stream, flush=True)
        else:
            self._bar.write(line, file=self._stream)

    def close(self) -> None:
        """Leaves the bar as it is and ends its line."""
        if self._bar is not None:
            self._bar.close()

    def _time_left(self, step: int) -> str:
        """At the mean rate of this process, as H:MM:SS."""
        done = step - self._initial_step
        if done <= 0:
            return "unknown"
        seconds = (self._clock() - self._start) / done * (self._total_steps - step)
        return str(timedelta(seconds=round(seconds)))


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this, whose output is no terminal but redraws a line."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _described(metrics: Mapping[str, float]) -> list[str]:
    """Every metric as text, the rate first and the others in their order."""
    others = [f"{name} {value:.4g}" for name, value in metrics.items() if name != "images_per_sec"]
    if "images_per_sec" in metrics:
        return [f"{metrics['images_per_sec']:,.0f} images/s", *others]
    return others
