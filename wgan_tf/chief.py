"""What the chief of a run shows, measures, keeps and warns of."""

import contextlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from wgan_tf import flagfile
from wgan_tf.config import Config
from wgan_tf.data.store import Store
from wgan_tf.evaluation.diagnostics import judge
from wgan_tf.evaluation.evaluator import (
    Evaluator,
    build_evaluator,
    compared_examples,
    relative_diversity,
)
from wgan_tf.evaluation.metrics import METRICS, ranking_metric
from wgan_tf.labels import label_weights
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.monitoring.monitor import Monitor
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.sampler import Sampler
from wgan_tf.serving.served_module import ServedModule
from wgan_tf.serving.trained_generator import follow_generator
from wgan_tf.training import inspection
from wgan_tf.training.checkpoint_folder import CheckpointFolder
from wgan_tf.training.checkpoints import BestCheckpoint
from wgan_tf.training.observer import Observer
from wgan_tf.training.trainer import Trainer

SAMPLE_SEED = 0
IMAGES_IN_GRID = 64
ROWS_IN_CLASS_GRID = 10
POINTS_IN_PLOT = 10_000


class ChiefObserver(Observer):
    """Writes metrics and samples, keeps the best checkpoint and tells once what is wrong."""

    def __init__(
        self,
        config: Config,
        folder: RunFolder,
        trainer: Trainer,
        monitor: Monitor,
        store: Store,
        held_out: Store | None,
    ) -> None:
        """Begins with what metrics.jsonl tells; a warning may be told again after a stop.

        Args:
            config: the run's configuration.
            folder: the run's.
            trainer: whose networks are looked at.
            monitor: where the run shows what it does.
            store: the examples that are trained on.
            held_out: others; None where nothing is evaluated.
        """
        self._config = config
        self._folder = folder
        self._trainer = trainer
        self._monitor = monitor
        self._store = store
        self._held_out = held_out
        self._label_weights = label_weights(config, store.info)
        state = trainer.state
        self._average, self._raw = (
            follow_generator(config, generator, store.info)
            for generator in (state.average_generator, state.generator)
        )
        monitor.configuration(
            flagfile.to_readable(config), flagfile.to_row(config), self._metric_names()
        )
        self._evaluator = self._build_evaluator()
        ranking = ranking_metric(self._evaluator.metric_names) if self._evaluator else None
        self._history: list[dict[str, float | None]] = [
            {name: value for name, value in line.items() if name != "time"}
            for line in read_metrics(folder.metrics_file)
        ]
        self._best = (
            BestCheckpoint(state, folder.best_checkpoints, ranking, self._history)
            if ranking
            else None
        )
        self._told: set[str] = set()
        self._warn_of_lost_lines()

    def served(self) -> ServedModule:
        """What serves the moving-average generator as it is now."""
        return self._average()

    def profiled(self) -> contextlib.AbstractContextManager[None]:
        """See `Observer`."""
        return tf.profiler.experimental.Profile(self._folder.tensorboard)

    def told(self, message: str) -> None:
        """See `Observer`."""
        self._monitor.log(message)

    def went_back(self, step: int) -> None:
        """See `Observer`."""
        self._monitor.take_back(step)
        self._history = [line for line in self._history if (line["step"] or 0) <= step]

    def advanced(self, step: int) -> None:
        """See `Observer`."""
        self._monitor.advance(step)

    def summarized(self, step: int, metrics: Mapping[str, float], *, evaluates: bool) -> None:
        """See `Observer`."""
        values = {**metrics, **inspection.clipped_share(self._config, self._trainer.state)}
        if evaluates:
            values.update(self._evaluation())
            if self._best:
                self._best.offer(values)
        histograms = inspection.histograms(self._config, self._trainer, self._store)
        self._monitor.summary(step, values, histograms)
        self._warn(step, values)

    def samples_due(self, step: int) -> None:
        """See `Observer`."""
        self._monitor.samples(step, self._draw_shown())

    def checkpoint_due(self) -> None:
        """See `Observer`."""
        self._monitor.flush()

    def _metric_names(self) -> list[str]:
        """What the run is going to tell; whatever the features, their metrics are of one kind."""
        names = [*self._trainer.metric_names, "images_per_sec"]
        if self._held_out:
            names += ["training_wasserstein_estimate", "held_out_wasserstein_estimate"]
            names += ["overfitting", "diversity"]
            if self._trainer.augment_probability is not None:
                names.append("augment_probability")
            for metric in self._config.eval_metrics:
                names += METRICS[metric].names_with("features")
        return names

    def _build_evaluator(self) -> Evaluator | None:
        config = self._config
        if self._held_out is None or not config.eval_metrics:
            return None
        return build_evaluator(
            config,
            self._store,
            self._held_out,
            num_examples=config.eval_samples,
            metrics=config.eval_metrics,
            log=self._monitor.log,
        )

    def _evaluation(self) -> Mapping[str, float]:
        """Metrics of both generators."""
        if self._held_out is None:
            return {}
        values: dict[str, float] = {}
        for prefix, served in (("", self._average), ("raw_", self._raw)):
            for name, value in self._measure(Sampler.of_module(served()), self._held_out).items():
                values[f"{prefix}{name}"] = value
        return values

    def _measure(self, sampler: Sampler, real: Store) -> Mapping[str, float]:
        weights = self._label_weights
        compared = sampler.batches(compared_examples(real), label_weights=weights)
        values = dict(relative_diversity(np.concatenate(list(compared)), real))
        if self._evaluator:
            count = self._evaluator.num_examples
            values.update(
                self._evaluator.evaluate(
                    sampler.batches(count, label_weights=weights), sampler.labels(count, weights)
                )
            )
        return values

    def _warn(self, step: int, metrics: Mapping[str, float]) -> None:
        self._history.append({"step": step, **metrics})
        for warning in judge(self._history, self._config):
            kind = warning.partition(":")[0]
            if kind not in self._told:
                self._told.add(kind)
                self._monitor.log(f"Warning at step {step:,}: {warning}")

    def _warn_of_lost_lines(self) -> None:
        last = int(self._history[-1]["step"] or 0) if self._history else 0
        if last >= self._trainer.summarized:
            return
        lost = (
            f"Warning: {self._folder.metrics_file} ends at step {last:,}, but had lines up to step "
            f"{self._trainer.summarized:,}; those between are lost"
        )
        kept = CheckpointFolder(self._folder.checkpoints).steps()
        if older := [step for step in kept if step <= last]:
            lost += (
                ". To have them written again, stop, remove the files of later checkpoints than "
                f"step-{older[-1]} from {self._folder.checkpoints}, and start again"
            )
        self._monitor.log(f"{lost}.")

    def _draw_shown(self) -> np.ndarray:
        sampler = Sampler.of_module(self._average())
        if not sampler.spec.is_image:
            return sampler.draw(POINTS_IN_PLOT, SAMPLE_SEED)
        if sampler.spec.num_classes:
            return sampler.draw_class_grid(ROWS_IN_CLASS_GRID, SAMPLE_SEED)
        return sampler.draw(IMAGES_IN_GRID, SAMPLE_SEED)


def reference_points(store: Store) -> np.ndarray | None:
    """The real points that are drawn beneath the samples; None of images."""
    if store.info.is_image:
        return None
    return store.read(np.arange(min(POINTS_IN_PLOT, store.num_examples)))[0]
