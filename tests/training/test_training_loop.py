"""What a run comes by on its way to the last step, and when."""

import dataclasses

import numpy as np
import pytest

from tests.training.fake_training import FakeStop, FakeTrainer, Recorder, train
from wgan_tf.config import Config
from wgan_tf.training import training_loop
from wgan_tf.training.observer import Observer

pytestmark = pytest.mark.usefixtures("fake_clock")


def test_everything_happens_at_its_own_steps_and_at_the_last(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer())
    assert train(loop_config, seen)
    assert list(seen.summaries) == seen.trainer.summarized == [3, 6, 9, 11]
    assert seen.sampled == [0, 4, 8, 11]
    assert seen.saved == [0, 5, 10, 11]
    assert set(seen.saved) <= set(seen.flushed)
    assert max(seen.trainer.advances) == 2
    assert sum(seen.trainer.advances) == 11


def test_calls_are_as_long_as_events_and_the_option_allow(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(dataclasses.replace(loop_config, steps_per_call=50, steps=20), seen)
    # Stops at the multiples of 3, 4 and 5.
    stops = np.cumsum(seen.trainer.advances).tolist()
    assert stops == [1, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20]


@pytest.mark.parametrize(
    ("seconds", "longest"), [(0.01, 50), (0.1, 20), (0.5, 4), (1.9, 1), (60.0, 1)]
)
def test_calls_take_two_seconds_or_a_step(
    seconds: float, longest: int, loop_config: Config
) -> None:
    seen = Recorder(FakeTrainer(seconds=seconds))
    long = dataclasses.replace(
        loop_config,
        steps_per_call=50,
        steps=100,
        summary_every=0,
        sample_every=0,
        checkpoint_every=0,
    )
    assert train(long, seen)
    assert seen.trainer.advances[0] == 1
    assert max(seen.trainer.advances) == longest
    assert sum(seen.trainer.advances) == 100


def test_warm_up_steps_count_for_as_many_as_they_are(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer(seconds=1.0))
    warm = dataclasses.replace(
        loop_config,
        **{"critic_warmup": True, "steps_per_call": 50, "steps": 60, "summary_every": 0},
        **{"sample_every": 0, "checkpoint_every": 0},
    )
    assert train(warm, seen)
    # 101 updates a step for 25 steps, then 6; this trainer takes a second for either.
    assert seen.trainer.advances == [1, *[2] * 12, 33, 2]


def test_the_first_steps_after_compiling_are_profiled(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(dataclasses.replace(loop_config, profile_steps=3), seen)
    plain = Recorder(FakeTrainer())
    train(loop_config, plain)
    first = plain.trainer.advances[0]
    assert seen.profiled_steps == [first + 1, first + 2, first + 3]
    assert sum(seen.trainer.advances) == 11
    assert plain.profiled_steps == []


def test_means_are_over_the_steps_since_the_last_summary(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(loop_config, seen)
    averaged = {step: metrics["steps_averaged"] for step, metrics in seen.summaries.items()}
    assert averaged == {3: 3, 6: 3, 9: 3, 11: 2}
    for metrics in seen.summaries.values():
        assert metrics["critic_loss"] == 0.5
        assert metrics["images_per_sec"] > 0


def test_what_is_turned_off_happens_at_no_step_but_the_last(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(
        dataclasses.replace(loop_config, summary_every=0, sample_every=0, checkpoint_every=0), seen
    )
    assert (list(seen.summaries), seen.sampled, seen.saved) == ([11], [11], [0, 11])
    assert seen.evaluated == []


def test_evaluations_come_at_steps_of_their_own(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer())
    train(dataclasses.replace(loop_config, eval_every=4, eval_split="test"), seen)
    assert seen.evaluated == [4, 8]
    assert list(seen.summaries) == [3, 4, 6, 8, 9, 11]


def test_a_worker_that_is_not_the_chief_takes_the_same_steps(loop_config: Config) -> None:
    seen = Recorder(FakeTrainer())
    assert training_loop.train(
        loop_config, seen.trainer, checkpoints=seen, observer=Observer(), stop=FakeStop()
    )
    assert (seen.trainer.step, seen.saved) == (11, [0, 5, 10, 11])


def test_how_long_the_run_will_take_is_told_once_where_it_is_long(loop_config: Config) -> None:
    quick = Recorder(FakeTrainer(seconds=0.1))
    train(loop_config, quick)
    assert not quick.messages
    # Every step has 5 updates of the critic and 1 of the generator, each of a tenth of a second.
    slow = Recorder(FakeTrainer(seconds=0.6))
    train(dataclasses.replace(loop_config, steps=1000, steps_per_call=1, eval_every=0), slow)
    (told,) = slow.messages
    assert told == "The 997 steps that are left take about 9 min 58 s here."


def test_what_is_inspected_is_told_with_evaluations_and_steers_augmentation_after(
    loop_config: Config,
) -> None:
    seen = Recorder(FakeTrainer())
    seen.trainer.augment_probability = 0.25
    inspected: list[int] = []

    def inspect() -> dict[str, float]:
        inspected.append(seen.trainer.step)
        return {"overfitting": 0.7, "held_out_wasserstein_estimate": 3.0}

    evaluating = dataclasses.replace(loop_config, eval_every=6, eval_split="test")
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
