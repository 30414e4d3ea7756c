"""The training loop: a run from where its state stands to its last step."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping

from wgan_tf.augmentation import adapted
from wgan_tf.config import Config
from wgan_tf.durations import duration
from wgan_tf.errors import DivergenceError
from wgan_tf.training import schedule
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.divergence import advice
from wgan_tf.training.interruption import StopRequest
from wgan_tf.training.observer import Observer
from wgan_tf.training.pace import Pace
from wgan_tf.training.trainer import Trainer


def train(
    config: Config,
    trainer: Trainer,
    *,
    checkpoints: Checkpoints,
    observer: Observer,
    stop: StopRequest,
    inspect: Callable[[], Mapping[str, float]] | None = None,
) -> bool:
    """Takes the steps that are left.

    A signal is answered between two calls, which take some seconds. Before what takes longer (a
    slow step, the first call, an evaluation) the state is saved, and then it stops at once.

    Args:
        config: the run's configuration.
        trainer: holds the state, restored already.
        checkpoints: where the state is saved.
        observer: is told what is done.
        stop: looked at between calls; one that any worker received stops all.
        inspect: what the critic says of held-out examples, by name, told with an evaluation;
            adaptive augmentation goes by its `overfitting`. None where nothing is held out.

    Returns:
        Whether the last step is taken; if not, a stop was asked for. The state is saved.

    Raises:
        DivergenceError: a metric, a gradient or a variable is not finite; nothing is saved since.
        Stopped: a stop was asked for while something took long.
    """
    with stop.deferred():
        return _Loop(config, trainer, checkpoints, observer, stop, inspect).run()


# The first two calls are of one step each, and compile.
_CALLS_UNTIL_PACE = 3
_LEAST_TOLD_SECONDS = 60


class _Loop:
    def __init__(
        self,
        config: Config,
        trainer: Trainer,
        checkpoints: Checkpoints,
        observer: Observer,
        stop: StopRequest,
        inspect: Callable[[], Mapping[str, float]] | None,
    ) -> None:
        self._config = config
        self._trainer = trainer
        self._checkpoints = checkpoints
        self._observer = observer
        self._stop = stop
        self._inspect = inspect
        self._pace = Pace(config)
        self._begun_at = trainer.step
        self._to_profile = config.profile_steps
        self._calls = 0
        # Of the steps since the last summary that this process took.
        self._seconds, self._first_step = 0.0, trainer.step

    def run(self) -> bool:
        config, trainer = self._config, self._trainer
        if trainer.step == 0:
            # From here on, a folder without a checkpoint has lost it.
            self._save()
        while True:
            try:
                step = trainer.step
                if trainer.reported < step or step == 0:
                    self._report(step)
                if step >= config.steps or _is_due(step, config.checkpoint_every):
                    self._save()
                if step >= config.steps:
                    return True
                if trainer.any_worker(self._stop.received):
                    self._save()
                    return False
                self._advance(step)
            except DivergenceError as error:
                self._go_back(error)

    def _advance(self, step: int) -> None:
        trainer = self._trainer
        steps = self._pace.steps(step, _steps_to_next_event(self._config, step))
        profiled: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
        # The first call compiles, which is not what a profile is for.
        if self._to_profile and step > self._begun_at:
            steps = min(steps, self._to_profile)
            self._to_profile -= steps
            profiled = self._observer.profiled()
        began = time.perf_counter()
        with self._saved_if(self._pace.is_slow(step, steps)), profiled:
            trainer.advance(steps)
            metrics = trainer.metrics()
        seconds = time.perf_counter() - began
        if not all(map(math.isfinite, metrics.values())):
            raise DivergenceError("A metric is not finite")
        self._seconds += seconds
        self._pace.took(step, steps, trainer.mean_over_replicas(seconds))
        self._observer.advanced(trainer.step)
        self._calls += 1
        if self._calls == _CALLS_UNTIL_PACE:
            self._tell_duration(trainer.step)

    def _tell_duration(self, step: int) -> None:
        left = self._config.steps - step
        seconds = self._pace.seconds(step, left)
        if seconds >= _LEAST_TOLD_SECONDS:
            besides = ", evaluations besides" if self._config.eval_every else ""
            self._observer.told(
                f"The {left:,} steps that are left take about {duration(seconds)} here{besides}."
            )

    def _report(self, step: int) -> None:
        """Tells metrics and samples where they are due."""
        config, trainer, observer = self._config, self._trainer, self._observer
        is_last = step == config.steps
        evaluates = step > 0 and _is_due(step, config.eval_every)
        summarizes = step > 0 and (_is_due(step, config.summary_every) or evaluates or is_last)
        draws = _is_due(step, config.sample_every) or is_last
        if summarizes or draws:
            with self._saved_if(evaluates or self._pace.is_slow(step)):
                if summarizes:
                    self._summarize(step, evaluates=evaluates)
                if draws:
                    observer.samples_due(step)
        if summarizes:
            trainer.reset_metrics()
            self._seconds, self._first_step = 0.0, step
        trainer.set_reported(step, summarized=summarizes)

    def _summarize(self, step: int, *, evaluates: bool) -> None:
        metrics = self._trainer.metrics()
        batches = [
            schedule.batches_before(self._config, number) for number in (self._first_step, step)
        ]
        images = self._config.batch_size * (batches[1] - batches[0])
        # Steps that another process took have no time here.
        metrics["images_per_sec"] = images / self._seconds if self._seconds else 0.0
        probability = self._trainer.augment_probability
        if probability is not None:
            metrics["augment_probability"] = probability
        if evaluates and self._inspect:
            metrics.update(self._inspect())
        self._observer.summarized(step, metrics, evaluates=evaluates)
        # Last, so that what was told and saved is of the steps that were taken.
        if probability is not None and "overfitting" in metrics:
            self._trainer.set_augment_probability(adapted(probability, metrics["overfitting"]))

    @contextlib.contextmanager
    def _saved_if(self, takes_long: bool) -> Iterator[None]:
        if takes_long:
            self._save()
            with self._stop.at_once():
                yield
        else:
            yield

    def _save(self) -> None:
        self._observer.checkpoint_due()
        self._trainer.hold_metrics()
        self._checkpoints.save()

    def _go_back(self, error: DivergenceError) -> None:
        """Goes on from the newest checkpoint with other random draws, if that is wanted.

        Raises:
            DivergenceError: it is not, or was done often enough.
        """
        config, trainer = self._config, self._trainer
        first = trainer.first_not_finite()
        what = f"{first[0]} is not finite at step {first[1]:,}" if first else str(error)
        rollbacks = trainer.rollbacks
        if config.on_nonfinite == "stop" or rollbacks >= config.max_rollbacks:
            saved = self._checkpoints.saved_step or 0
            raise DivergenceError(f"{what}; {advice(config, saved, rollbacks)}") from error
        self._checkpoints.restore_newest(self._observer.told)
        trainer.take_up(rollbacks + 1)
        # By now every worker has read what the chief is about to write again.
        trainer.any_worker(False)
        step = trainer.step
        self._observer.went_back(step)
        self._observer.told(
            f"{what}: back to step {step:,}, to go on with other random draws "
            f"(--on_nonfinite=rollback, {rollbacks + 1} of at most {config.max_rollbacks})."
        )
        self._seconds, self._first_step = 0.0, step
        # So that a run that is killed now counts this as well.
        self._save()


def _is_due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def _steps_to_next_event(config: Config, step: int) -> int:
    periods = (
        config.summary_every,
        config.eval_every,
        config.sample_every,
        config.checkpoint_every,
    )
    to_events = [every - step % every for every in periods if every]
    return min(config.steps_per_call, config.steps - step, *to_events)
