"""The training loop: a run from where its state stands to its last step."""

import contextlib
import math
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from wgan_tf.config import Config
from wgan_tf.errors import DivergenceError
from wgan_tf.training import schedule
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.interruption import StopRequest
from wgan_tf.training.trainer import Trainer


class Monitor(Protocol):
    """Where a run shows what it does."""

    def advance(self, step: int) -> None:
        """Takes note that `step` steps are done."""

    def summary(
        self, step: int, metrics: Mapping[str, float], histograms: Mapping[str, np.ndarray]
    ) -> None:
        """Takes the metrics of the steps up to `step`."""

    def samples(self, step: int, examples: np.ndarray) -> None:
        """Takes examples drawn after `step` steps."""

    def flush(self) -> None:
        """Writes out what was taken."""


class Inspection(Protocol):
    """Reads histograms and metrics off the networks between steps."""

    def histograms(self) -> Mapping[str, np.ndarray]:
        """Values whose distribution is shown, by name."""

    def scalars(self) -> Mapping[str, float]:
        """Metrics that cost next to nothing, by name."""

    def evaluation(self) -> Mapping[str, float]:
        """Metrics by held-out examples, by name."""


class Watch(Protocol):
    """Takes what evaluations find."""

    def offer(self, step: int, metrics: Mapping[str, float]) -> None:
        """Takes the metrics of the present state."""


def train(
    config: Config,
    trainer: Trainer,
    *,
    checkpoints: Checkpoints,
    watch: Watch,
    monitor: Monitor,
    inspection: Inspection,
    profiled: Callable[[], contextlib.AbstractContextManager[None]],
    draw_samples: Callable[[], np.ndarray],
    stop: StopRequest,
) -> bool:
    """Takes the steps that are left.

    Args:
        config: the run's configuration.
        trainer: holds the state, restored already.
        checkpoints: where the state is saved.
        watch: takes what evaluations find.
        monitor: where the run shows what it does.
        inspection: reads histograms and metrics off the networks.
        profiled: records for a profile what is done within it.
        draw_samples: draws examples of the same latents each time.
        stop: looked at between calls; one that any worker received stops all.

    Returns:
        Whether the last step is taken; if not, a stop was asked for. The state is saved.

    Raises:
        DivergenceError: a loss is not finite; nothing is saved since.
    """
    if trainer.step == 0:
        # From here on, a folder without a checkpoint has lost it.
        _save(monitor, checkpoints)
        if config.sample_every:
            monitor.samples(0, draw_samples())

    seconds, first_step = 0.0, trainer.step
    begun_at, to_profile = trainer.step, config.profile_steps
    while trainer.step < config.steps and not trainer.any_worker(stop.received):
        began = time.perf_counter()
        steps = _steps_to_next_event(config, trainer.step)
        # The first call compiles, which is not what a profile is for.
        if to_profile and trainer.step > begun_at:
            steps = min(steps, to_profile)
            to_profile -= steps
            with profiled():
                trainer.advance(steps)
        else:
            trainer.advance(steps)
        metrics = trainer.metrics()
        seconds += time.perf_counter() - began
        step = trainer.step
        is_last = step == config.steps
        _require_finite(step, metrics)
        monitor.advance(step)

        evaluates = _is_due(step, config.eval_every)
        if _is_due(step, config.summary_every) or evaluates or is_last:
            images = config.batch_size * (
                schedule.batches_before(config, step) - schedule.batches_before(config, first_step)
            )
            metrics["images_per_sec"] = images / seconds
            metrics.update(inspection.scalars())
            if evaluates:
                metrics.update(inspection.evaluation())
                watch.offer(step, metrics)
            monitor.summary(step, metrics, inspection.histograms())
            trainer.reset_metrics()
            seconds, first_step = 0.0, step
        if _is_due(step, config.sample_every) or is_last:
            monitor.samples(step, draw_samples())
        if _is_due(step, config.checkpoint_every):
            _save(monitor, checkpoints)
    _save(monitor, checkpoints)
    return trainer.step >= config.steps


def _save(monitor: Monitor, checkpoints: Checkpoints) -> None:
    monitor.flush()
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
