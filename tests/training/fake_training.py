"""What the training loop drives, without networks: it notes what it is told at which step."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping

from wgan_tf.config import Config
from wgan_tf.training import training_loop
from wgan_tf.training.observer import Observer


class FakeTrainer:
    """Counts steps and the seconds that they take; at step `diverges_at` a loss is not a number.

    It diverges as long as it went back less than `diverges` times.
    """

    def __init__(
        self,
        step: int = 0,
        diverges_at: int | None = None,
        diverges: float = math.inf,
        seconds: float = 0.001,
    ) -> None:
        self.step = step
        self.reported = step
        self.rollbacks = 0
        self.augment_probability: float | None = None
        self.held: list[int] = []
        self.now = 0.0
        self._seconds = seconds
        self._diverges = diverges
        self.advances: list[int] = []
        self.summarized: list[int] = []
        self.averaged: list[int] = []
        self._diverges_at = diverges_at

    def advance(self, steps: int) -> None:
        self.step += steps
        self.advances.append(steps)
        self.now += self._seconds * steps
        self.averaged += range(self.step - steps, self.step)

    def any_worker(self, says: bool) -> bool:
        return says

    def set_augment_probability(self, probability: float) -> None:
        self.augment_probability = probability

    def mean_over_replicas(self, value: float) -> float:
        return value

    def set_reported(self, step: int, *, summarized: bool) -> None:
        assert step == self.step
        self.reported = step
        if summarized:
            self.summarized.append(step)

    def hold_metrics(self) -> None:
        self.held = list(self.averaged)

    def take_up(self, rollbacks: int) -> None:
        self.rollbacks = rollbacks
        self.averaged = list(self.held)

    def first_not_finite(self) -> tuple[str, int] | None:
        return None if self._diverges_at is None else ("critic_loss", self._diverges_at)

    def metrics(self) -> dict[str, float]:
        diverged = (
            self._diverges_at is not None
            and self.step >= self._diverges_at
            and self.rollbacks < self._diverges
        )
        return {
            "critic_loss": float("nan") if diverged else 0.5,
            "steps_averaged": float(len(self.averaged)),
        }

    def reset_metrics(self) -> None:
        self.averaged = []


class FakeStop:
    """A stop request that comes between the `quiet`-th time it is looked for and the next."""

    def __init__(self, quiet: float = float("inf")) -> None:
        self._quiet = quiet

        self.is_at_once = False

    @property
    def received(self) -> bool:
        self._quiet -= 1
        return self._quiet < 0

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        yield

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        self.is_at_once = True
        yield
        self.is_at_once = False


class Recorder(Observer):
    """Stands for observer and checkpoints; notes what is told to it at which step."""

    def __init__(self, trainer: FakeTrainer) -> None:
        self.trainer = trainer
        self.summaries: dict[int, Mapping[str, float]] = {}
        self.sampled: list[int] = []
        self.saved: list[int] = []
        self.evaluated: list[int] = []
        self.flushed: list[int] = []
        self.profiled_steps: list[int] = []
        self.messages: list[str] = []

    def told(self, message: str) -> None:
        self.messages.append(message)

    def went_back(self, step: int) -> None:
        self.summaries = {s: metrics for s, metrics in self.summaries.items() if s <= step}
        self.sampled = [s for s in self.sampled if s <= step]

    def advanced(self, step: int) -> None:
        assert step == self.trainer.step

    def summarized(self, step: int, metrics: Mapping[str, float], *, evaluates: bool) -> None:
        assert step == self.trainer.step
        assert step not in self.summaries
        self.summaries[step] = dict(metrics)
        if evaluates:
            self.evaluated.append(step)

    def samples_due(self, step: int) -> None:
        assert step == self.trainer.step
        self.sampled.append(step)

    @contextlib.contextmanager
    def profiled(self) -> Iterator[None]:
        before = self.trainer.step
        yield
        self.profiled_steps += range(before + 1, self.trainer.step + 1)

    def checkpoint_due(self) -> None:
        self.flushed.append(self.trainer.step)

    @property
    def saved_step(self) -> int:
        return self.saved[-1]

    def save(self) -> None:
        if self.trainer.step not in self.saved:
            self.saved.append(self.trainer.step)
        self.reported = self.trainer.reported

    def restore_newest(self, log: Callable[[str], None]) -> None:
        self.trainer.step, self.trainer.reported = self.saved[-1], self.reported


class FakeClock:
    now = 0.0

    def perf_counter(self) -> float:
        return self.now


def train(config: Config, recorder: Recorder, stop: FakeStop | None = None) -> bool:
    return training_loop.train(
        config,
        recorder.trainer,
        checkpoints=recorder,
        observer=recorder,
        stop=stop or FakeStop(),
    )
