import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest

from wgan_tf.config import Config
from wgan_tf.errors import DivergenceError
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


@pytest.fixture
def config() -> Config:
    return Config(
        steps=11,
        steps_per_call=2,
        summary_every=3,
        sample_every=4,
        checkpoint_every=5,
        batch_size=4,
    )


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that passes in the steps of the trainer alone."""
    clock = FakeClock()
    monkeypatch.setattr(training_loop, "time", clock)
    advance = FakeTrainer.advance

    def timed(self: FakeTrainer, steps: int) -> None:
        advance(self, steps)
        clock.now = self.now

    monkeypatch.setattr(FakeTrainer, "advance", timed)


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


def test_everything_happens_at_its_own_steps_and_at_the_last(config: Config) -> None:
    seen = Recorder(FakeTrainer())
    assert train(config, seen)
    assert list(seen.summaries) == seen.trainer.summarized == [3, 6, 9, 11]
    assert seen.sampled == [0, 4, 8, 11]
    assert seen.saved == [0, 5, 10, 11]
    assert set(seen.saved) <= set(seen.flushed)
    assert max(seen.trainer.advances) == 2
    assert sum(seen.trainer.advances) == 11


def test_calls_are_as_long_as_events_and_the_option_allow(config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(dataclasses.replace(config, steps_per_call=50, steps=20), seen)
    # Stops at the multiples of 3, 4 and 5.
    stops = np.cumsum(seen.trainer.advances).tolist()
    assert stops == [1, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20]


@pytest.mark.parametrize(
    ("seconds", "longest"), [(0.01, 50), (0.1, 20), (0.5, 4), (1.9, 1), (60.0, 1)]
)
def test_calls_take_two_seconds_or_a_step(seconds: float, longest: int, config: Config) -> None:
    seen = Recorder(FakeTrainer(seconds=seconds))
    long = dataclasses.replace(
        config, steps_per_call=50, steps=100, summary_every=0, sample_every=0, checkpoint_every=0
    )
    assert train(long, seen)
    assert seen.trainer.advances[0] == 1
    assert max(seen.trainer.advances) == longest
    assert sum(seen.trainer.advances) == 100


def test_warm_up_steps_count_for_as_many_as_they_are(config: Config) -> None:
    seen = Recorder(FakeTrainer(seconds=1.0))
    warm = dataclasses.replace(
        config,
        **{"critic_warmup": True, "steps_per_call": 50, "steps": 60, "summary_every": 0},
        **{"sample_every": 0, "checkpoint_every": 0},
    )
    assert train(warm, seen)
    # 101 updates a step for 25 steps, then 6; this trainer takes a second for either.
    assert seen.trainer.advances == [1, *[2] * 12, 33, 2]


class Watchful(Recorder):
    """Notes what is saved when something begins that a signal interrupts at once."""

    def __init__(self, trainer: FakeTrainer, stop: FakeStop) -> None:
        super().__init__(trainer)
        self.stop = stop
        self.interruptible: list[int] = []

    def check(self) -> None:
        if self.stop.is_at_once:
            assert self.saved[-1] == self.trainer.step
            self.interruptible.append(self.trainer.step)

    def summarized(self, step: int, metrics: Mapping[str, float], *, evaluates: bool) -> None:
        super().summarized(step, metrics, evaluates=evaluates)
        assert self.stop.is_at_once or not evaluates
        self.check()


def test_what_takes_long_is_saved_before_it(config: Config) -> None:
    stop = FakeStop()
    seen = Watchful(FakeTrainer(seconds=0.01), stop)
    evaluated = dataclasses.replace(config, eval_every=4, eval_split="train")
    assert train(evaluated, seen, stop)
    assert seen.interruptible == seen.evaluated == [4, 8]
    slow = Watchful(FakeTrainer(seconds=10.0), stop)
    assert train(config, slow, stop)
    assert slow.saved == list(range(12))


@pytest.mark.parametrize("step", range(12))
def test_events_that_were_due_when_it_stopped_are_made_good(step: int, config: Config) -> None:
    whole, broken = Recorder(FakeTrainer()), Recorder(FakeTrainer(step=step))
    train(config, whole)
    broken.trainer.reported = max(step - 1, 0)
    broken.trainer.averaged = list(range(3 * ((step - 1) // 3), step)) if step else []
    assert train(config, broken)
    assert broken.sampled == [s for s in whole.sampled if s >= step]
    assert broken.summaries.keys() == {s for s in whole.summaries if s >= step}
    for at, metrics in broken.summaries.items():
        assert metrics["steps_averaged"] == whole.summaries[at]["steps_averaged"]


def test_the_first_steps_after_compiling_are_profiled(config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(dataclasses.replace(config, profile_steps=3), seen)
    plain = Recorder(FakeTrainer())
    train(config, plain)
    first = plain.trainer.advances[0]
    assert seen.profiled_steps == [first + 1, first + 2, first + 3]
    assert sum(seen.trainer.advances) == 11
    assert plain.profiled_steps == []


def test_means_are_over_the_steps_since_the_last_summary(config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(config, seen)
    averaged = {step: metrics["steps_averaged"] for step, metrics in seen.summaries.items()}
    assert averaged == {3: 3, 6: 3, 9: 3, 11: 2}
    for metrics in seen.summaries.values():
        assert metrics["critic_loss"] == 0.5
        assert metrics["images_per_sec"] > 0


def test_what_is_turned_off_happens_at_no_step_but_the_last(config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(dataclasses.replace(config, summary_every=0, sample_every=0, checkpoint_every=0), seen)
    assert (list(seen.summaries), seen.sampled, seen.saved) == ([11], [11], [0, 11])
    assert seen.evaluated == []


def test_evaluations_come_at_steps_of_their_own(config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(dataclasses.replace(config, eval_every=4, eval_split="test"), seen)
    assert seen.evaluated == [4, 8]
    assert list(seen.summaries) == [3, 4, 6, 8, 9, 11]


def test_a_worker_that_is_not_the_chief_takes_the_same_steps(config: Config) -> None:
    seen = Recorder(FakeTrainer())
    assert training_loop.train(
        config, seen.trainer, checkpoints=seen, observer=Observer(), stop=FakeStop()
    )
    assert (seen.trainer.step, seen.saved) == (11, [0, 5, 10, 11])


def test_a_run_goes_on_from_its_step(config: Config) -> None:
    seen = Recorder(FakeTrainer(step=7))
    seen.saved = [7]
    assert train(config, seen)
    assert sum(seen.trainer.advances) == 4
    assert list(seen.summaries) == [9, 11]
    assert seen.sampled == [8, 11]
    assert seen.saved == [7, 10, 11]


@pytest.mark.parametrize("quiet", range(1, 9))
def test_a_stop_request_ends_the_run_with_its_state_saved(config: Config, quiet: int) -> None:
    seen = Recorder(FakeTrainer())
    assert not train(config, seen, FakeStop(quiet))
    assert 0 < seen.trainer.step < config.steps
    assert seen.saved[-1:] == [seen.trainer.step]


def test_a_stop_request_in_the_last_call_leaves_the_run_done(config: Config) -> None:
    seen = Recorder(FakeTrainer())
    assert train(dataclasses.replace(config, steps=2), seen, FakeStop(2))
    assert seen.saved == [0, 2]


@pytest.mark.parametrize("diverges_at", [1, 4, 11])
def test_a_loss_that_is_not_finite_ends_the_run_unsaved(config: Config, diverges_at: int) -> None:
    seen = Recorder(FakeTrainer(diverges_at=diverges_at))
    with pytest.raises(DivergenceError) as error:
        train(config, seen)
    assert f"critic_loss is not finite at step {diverges_at};" in str(error.value)
    saved = 5 * ((diverges_at - 1) // 5)
    assert f"checkpoint of step {saved} " in str(error.value)
    assert "--on_nonfinite=rollback" in str(error.value)
    assert "--critic_learning_rate=5e-05 --accept_changes" in str(error.value)
    assert "precision" not in str(error.value)
    assert all(step < diverges_at for step in (*seen.saved, *seen.summaries, *seen.sampled))


def test_a_rollback_goes_on_from_the_newest_checkpoint(config: Config) -> None:
    seen = Recorder(FakeTrainer(diverges_at=8, diverges=2))
    rolled = dataclasses.replace(config, on_nonfinite="rollback")
    assert train(rolled, seen)
    whole = Recorder(FakeTrainer())
    train(config, whole)
    assert seen.summaries.keys() == whole.summaries.keys()
    assert seen.sampled == whole.sampled
    assert seen.summaries[6]["steps_averaged"] == 3
    assert seen.trainer.rollbacks == 2
    assert ["step 5" in message for message in seen.messages] == [True, True]


def test_rollbacks_are_bounded(config: Config) -> None:
    seen = Recorder(FakeTrainer(diverges_at=8))
    rolled = dataclasses.replace(config, on_nonfinite="rollback", max_rollbacks=4)
    with pytest.raises(DivergenceError, match="gone back to 4 times"):
        train(rolled, seen)
    assert len(seen.messages) == 4


def test_how_long_the_run_will_take_is_told_once_where_it_is_long(config: Config) -> None:
    quick = Recorder(FakeTrainer(seconds=0.1))
    train(config, quick)
    assert not quick.messages
    # Every step has 5 updates of the critic and 1 of the generator, each of a tenth of a second.
    slow = Recorder(FakeTrainer(seconds=0.6))
    train(dataclasses.replace(config, steps=1000, steps_per_call=1, eval_every=0), slow)
    (told,) = slow.messages
    assert told == "The 997 steps that are left take about 9 min 58 s here."


def test_what_is_inspected_is_told_with_evaluations_and_steers_augmentation_after(
    config: Config,
) -> None:
    seen = Recorder(FakeTrainer())
    seen.trainer.augment_probability = 0.25
    inspected: list[int] = []

    def inspect() -> dict[str, float]:
        inspected.append(seen.trainer.step)
        return {"overfitting": 0.7, "held_out_wasserstein_estimate": 3.0}

    evaluating = dataclasses.replace(config, eval_every=6, eval_split="test")
    training_loop.train(
        evaluating,
        seen.trainer,
        checkpoints=seen,
        observer=seen,
        stop=FakeStop(),
        inspect=inspect,
    )
    assert inspected == seen.evaluated == [6]
    assert seen.summaries[6]["held_out_wasserstein_estimate"] == 3.0
    assert [seen.summaries[step]["augment_probability"] for step in (3, 6, 9)] == [
        0.25,
        0.25,
        0.3125,
    ]
    assert "overfitting" not in seen.summaries[9]
