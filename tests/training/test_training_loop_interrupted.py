"""A run that is stopped, or that diverges, and how it goes on."""

import dataclasses
from collections.abc import Mapping

import pytest

from tests.training.fake_training import FakeStop, FakeTrainer, Recorder, train
from wgan_tf.config import Config
from wgan_tf.errors import DivergenceError

pytestmark = pytest.mark.usefixtures("fake_clock")


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


def test_what_takes_long_is_saved_before_it(loop_config: Config) -> None:
    stop = FakeStop()
    seen = Watchful(FakeTrainer(seconds=0.01), stop)
    evaluated = dataclasses.replace(loop_config, eval_every=4, eval_split="train")
    assert train(evaluated, seen, stop)
    assert seen.interruptible == seen.evaluated == [4, 8]
    slow = Watchful(FakeTrainer(seconds=10.0), stop)
    assert train(loop_config, slow, stop)
    assert slow.saved == list(range(12))


@pytest.mark.parametrize("step", range(12))
def test_events_that_were_due_when_it_stopped_are_made_good(step: int, loop_config: Config) -> None:
    whole, broken = Recorder(FakeTrainer()), Recorder(FakeTrainer(step=step))
    train(loop_config, whole)
    broken.trainer.reported = max(step - 1, 0)
    broken.trainer.averaged = list(range(3 * ((step - 1) // 3), step)) if step else []
    assert train(loop_config, broken)
    assert broken.sampled == [s for s in whole.sampled if s >= step]
    assert broken.summaries.keys() == {s for s in whole.summaries if s >= step}
    for at, metrics in broken.summaries.items():
        assert metrics["steps_averaged"] == whole.summaries[at]["steps_averaged"]


def test_a_run_goes_on_from_its_step(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer(step=7))
    seen.saved = [7]
    assert train(loop_config, seen)
    assert sum(seen.trainer.advances) == 4
    assert list(seen.summaries) == [9, 11]
    assert seen.sampled == [8, 11]
    assert seen.saved == [7, 10, 11]


@pytest.mark.parametrize("quiet", range(1, 9))
def test_a_stop_request_ends_the_run_with_its_state_saved(loop_config: Config, quiet: int) -> None:
    seen = Recorder(FakeTrainer())
    assert not train(loop_config, seen, FakeStop(quiet))
    assert 0 < seen.trainer.step < loop_config.steps
    assert seen.saved[-1:] == [seen.trainer.step]


def test_a_stop_request_in_the_last_call_leaves_the_run_done(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer())
    assert train(dataclasses.replace(loop_config, steps=2), seen, FakeStop(2))
    assert seen.saved == [0, 2]


@pytest.mark.parametrize("diverges_at", [1, 4, 11])
def test_a_loss_that_is_not_finite_ends_the_run_unsaved(
    loop_config: Config, diverges_at: int
) -> None:
    seen = Recorder(FakeTrainer(diverges_at=diverges_at))
    with pytest.raises(DivergenceError) as error:
        train(loop_config, seen)
    assert f"critic_loss is not finite at step {diverges_at};" in str(error.value)
    saved = 5 * ((diverges_at - 1) // 5)
    assert f"checkpoint of step {saved} " in str(error.value)
    assert "--on_nonfinite=rollback" in str(error.value)
    assert "--critic_learning_rate=5e-05 --accept_changes" in str(error.value)
    assert "precision" not in str(error.value)
    assert all(step < diverges_at for step in (*seen.saved, *seen.summaries, *seen.sampled))


def test_a_rollback_goes_on_from_the_newest_checkpoint(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer(diverges_at=8, diverges=2))
    rolled = dataclasses.replace(loop_config, on_nonfinite="rollback")
    assert train(rolled, seen)
    whole = Recorder(FakeTrainer())
    train(loop_config, whole)
    assert seen.summaries.keys() == whole.summaries.keys()
    assert seen.sampled == whole.sampled
    assert seen.summaries[6]["steps_averaged"] == 3
    assert seen.trainer.rollbacks == 2
    assert ["step 5" in message for message in seen.messages] == [True, True]


def test_rollbacks_are_bounded(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer(diverges_at=8))
    rolled = dataclasses.replace(loop_config, on_nonfinite="rollback", max_rollbacks=4)
    with pytest.raises(DivergenceError, match="gone back to 4 times"):
        train(rolled, seen)
    assert len(seen.messages) == 4
