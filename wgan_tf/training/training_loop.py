"""The training loop: a run from where its state stands to its last step."""

import math
import time
from collections.abc import Mapping

from wgan_tf.config import Config
from wgan_tf.errors import DivergenceError
from wgan_tf.training import schedule
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.interruption import StopRequest
from wgan_tf.training.observer import Observer
from wgan_tf.training.trainer import Trainer


def train(
    config: Config,
    trainer: Trainer,
    *,
    checkpoints: Checkpoints,
    observer: Observer,
    stop: StopRequest,
) -> bool:
    """Takes the steps that are left.

    Args:
        config: the run's configuration.
        trainer: holds the state, restored already.
        checkpoints: where the state is saved.
        observer: is told what is done.
        stop: looked at between calls; one that any worker received stops all.

    Returns:
        Whether the last step is taken; if not, a stop was asked for. The state is saved.

    Raises:
        DivergenceError: a loss is not finite; nothing is saved since.
    """
    if trainer.step == 0:
        # From here on, a folder without a checkpoint has lost it.
        _save(observer, checkpoints)
        if config.sample_every:
            observer.samples_due(0)
    seconds, first_step = 0.0, trainer.step
    begun_at, to_profile = trainer.step, config.profile_steps
    while trainer.step < config.steps and not trainer.any_worker(stop.received):
        began = time.perf_counter()
        steps = _steps_to_next_event(config, trainer.step)
        # The first call compiles, which is not what a profile is for.
        if to_profile and trainer.step > begun_at:
            steps = min(steps, to_profile)
            to_profile -= steps
            with observer.profiled():
                trainer.advance(steps)
        else:
            trainer.advance(steps)
        metrics = trainer.metrics()
        seconds += time.perf_counter() - began
        step = trainer.step
        is_last = step == config.steps
        _require_finite(step, metrics)
        observer.advanced(step)

        evaluates = _is_due(step, config.eval_every)
        if _is_due(step, config.summary_every) or evaluates or is_last:
            images = config.batch_size * (
                schedule.batches_before(config, step) - schedule.batches_before(config, first_step)
            )
            metrics["images_per_sec"] = images / seconds
            observer.summarized(step, metrics, evaluates=evaluates)
            trainer.reset_metrics()
            seconds, first_step = 0.0, step
        if _is_due(step, config.sample_every) or is_last:
            observer.samples_due(step)
        if _is_due(step, config.checkpoint_every):
            _save(observer, checkpoints)
    _save(observer, checkpoints)
    return trainer.step >= config.steps


def _save(observer: Observer, checkpoints: Checkpoints) -> None:
    observer.checkpoint_due()
    checkpoints.save()


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


def _require_finite(step: int, metrics: Mapping[str, float]) -> None:
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise DivergenceError(
                f"{name} is {value} at step {step}; the last checkpoint is of an earlier step; "
                "lower the learning rates, or take --precision=float32."
            )
