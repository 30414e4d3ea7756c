import contextlib
import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from wgan_tf.config import Config
from wgan_tf.errors import DivergenceError
from wgan_tf.training import training_loop
from wgan_tf.training.observer import Observer


class FakeTrainer:
    """Counts steps; from step `diverges_at` on a loss is not a number."""

    def __init__(self, step: int = 0, diverges_at: int | None = None) -> None:
        self.step = step
        self.advances: list[int] = []
        self.averaged: list[int] = []
        self._diverges_at = diverges_at

    def advance(self, steps: int) -> None:
        self.step += steps
        self.advances.append(steps)
        self.averaged += range(self.step - steps, self.step)

    def any_worker(self, says: bool) -> bool:
        return says

    def metrics(self) -> dict[str, float]:
        diverged = self._diverges_at is not None and self.step >= self._diverges_at
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

    @property
    def received(self) -> bool:
        self._quiet -= 1
        return self._quiet < 0


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

    def save(self) -> None:
        if self.trainer.step not in self.saved:
            self.saved.append(self.trainer.step)


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
    assert list(seen.summaries) == [3, 6, 9, 11]
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
    assert stops == [3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20]


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
    assert train(config, seen)
    assert sum(seen.trainer.advances) == 4
    assert list(seen.summaries) == [9, 11]
    assert seen.sampled == [8, 11]
    assert seen.saved == [10, 11]


@pytest.mark.parametrize("quiet", range(1, 9))
def test_a_stop_request_ends_the_run_with_its_state_saved(config: Config, quiet: int) -> None:
    seen = Recorder(FakeTrainer())
    assert not train(config, seen, FakeStop(quiet))
    assert 0 < seen.trainer.step < config.steps
    assert seen.saved[-1:] == [seen.trainer.step]


def test_a_stop_request_in_the_last_call_leaves_the_run_done(config: Config) -> None:
    seen = Recorder(FakeTrainer())
    assert train(dataclasses.replace(config, steps=2), seen, FakeStop(1))
    assert seen.saved == [0, 2]


@pytest.mark.parametrize("diverges_at", [1, 4, 11])
def test_a_loss_that_is_not_finite_ends_the_run_unsaved(config: Config, diverges_at: int) -> None:
    seen = Recorder(FakeTrainer(diverges_at=diverges_at))
    with pytest.raises(DivergenceError, match="critic_loss is nan at step"):
        train(config, seen)
    assert all(step < diverges_at for step in (*seen.saved, *seen.summaries, *seen.sampled))
