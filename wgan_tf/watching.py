"""What comes of an evaluation while a run trains: the best state is kept, and trouble is told."""

from collections.abc import Callable, Mapping

from wgan_tf.config import Config
from wgan_tf.evaluation.diagnostics import judge
from wgan_tf.training.checkpoints import BestCheckpoint


class Watch:
    """Takes the metrics of each evaluation."""

    def __init__(
        self, config: Config, best: BestCheckpoint | None, tell: Callable[[str], None]
    ) -> None:
        """Begins with no history: what was told before an interruption may be told again.

        Args:
            config: the run's configuration.
            best: keeps the best state; None where no metric ranks states.
            tell: takes a warning.
        """
        self._config = config
        self._best = best
        self._tell = tell
        self._history: list[dict[str, float | None]] = []
        self._told: set[str] = set()

    def offer(self, step: int, metrics: Mapping[str, float]) -> None:
        """Keeps the present state if it is the best, and tells once what is wrong.

        Args:
            step: steps taken.
            metrics: of the present state.
        """
        if self._best:
            self._best.offer(metrics)
        self._history.append({"step": step, **metrics})
        for warning in judge(self._history, self._config):
            kind = warning.partition(":")[0]
            if kind not in self._told:
                self._told.add(kind)
                self._tell(f"Warning at step {step:,}: {warning}")
