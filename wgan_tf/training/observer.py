"""Who is told what a run does."""

import contextlib
from collections.abc import Mapping


class Observer:
    """Is told what the training loop does, and does nothing: all that a worker needs.

    The chief's observer shows, measures and keeps what it is told of.
    """

    def profiled(self) -> contextlib.AbstractContextManager[None]:
        """Surrounds the steps that are to be profiled."""
        return contextlib.nullcontext()

    def advanced(self, step: int) -> None:
        """`step` steps are taken."""

    def told(self, message: str) -> None:
        """Something is to be said to who watches."""

    def went_back(self, step: int) -> None:
        """The state is again what it was after `step` steps; what was told since is void."""

    def summarized(self, step: int, metrics: Mapping[str, float], *, evaluates: bool) -> None:
        """Metrics of the steps up to `step` are there, and an evaluation is due or not."""

    def samples_due(self, step: int) -> None:
        """Examples are to be shown as they are drawn after `step` steps."""

    def checkpoint_due(self) -> None:
        """A checkpoint is about to be written, which nothing that is reported may lag behind."""
