"""The one object to which the training loop reports."""

import re
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TextIO

import numpy as np
import numpy.typing as npt

from wgan_tf.files import write_atomically
from wgan_tf.monitoring.grids import Pixels, density_plot, encode_png, image_grid
from wgan_tf.monitoring.metrics_log import MetricsLog
from wgan_tf.monitoring.progress import Progress
from wgan_tf.monitoring.tensorboard import Summaries
from wgan_tf.run_folder import RunFolder

CHARTS = {
    "Training": {
        "Wasserstein estimate": ["^(held_out_)?wasserstein_estimate$"],
        "Critic scores": ["^(real|generated)_score$", "^wasserstein_estimate$"],
        "Losses": ["^(critic|generator)_loss$"],
        "Critic's loss on real and on generated": ["^critic_(real|generated)_loss$"],
        "Gradient norm": ["^gradient_norm$"],
        "Class losses": ["_class_loss$"],
        "Class accuracies": ["_class_accuracy$"],
        "Discriminator": [
            *("^(held_out_)?(real|generated)_accuracy$", "^generator_accuracy$", "^real_share$"),
        ],
    },
    "Quality": {
        "Frechet distance": ["fid_"],
        "Kernel distance": ["kid_[a-z]*$"],
        "Precision and recall": ["precision_", "recall_"],
        "Density and coverage": ["density_", "coverage_"],
        "Diversity of samples": ["^(raw_)?diversity$"],
    },
    "Speed": {"Real images a second": ["^images_per_sec$"]},
}


def charts_of(metric_names: Collection[str]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Those of `CHARTS`, by category and title, that show any of these metrics."""
    kept = {
        category: {
            title: patterns
            for title, patterns in titled.items()
            if any(re.search(pattern, name) for pattern in patterns for name in metric_names)
        }
        for category, titled in CHARTS.items()
    }
    return {category: titled for category, titled in kept.items() if titled}


class Monitor:
    """Writes a run's metrics and samples below its folder and shows its progress.

    What an earlier process reported beyond `initial_step` is taken back, since this one
    reports it again.

    Args:
        folder: the run's.
        total_steps: the step at which the run ends.
        initial_step: the step from which this process goes on.
        reference_points: for 2-D data, real points, floating [M, 2], drawn beneath the samples.
        grid_columns: images in a row of the grid; None for a nearly square one.
        stream: where to show progress; standard error by default.

    Raises:
        UserError: the run's metrics.jsonl is damaged.
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        total_steps: int,
        initial_step: int,
        reference_points: npt.NDArray[np.floating] | None = None,
        grid_columns: int | None = None,
        stream: TextIO | None = None,
    ) -> None:
        self._samples = folder.samples
        self._initial_step = initial_step
        self._reference_points = reference_points
        self._grid_columns = grid_columns
        self._metrics = MetricsLog(folder.metrics_file)
        self._metrics.resume_at(initial_step)
        self._summaries = Summaries(folder.tensorboard, initial_step)
        self._progress = Progress(total_steps, initial_step, stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.close()
        self._summaries.close()

    def summary(
        self,
        step: int,
        metrics: Mapping[str, float],
        histograms: Mapping[str, npt.NDArray[np.floating]] | None = None,
    ) -> None:
        """Reports metrics, and distributions of arrays of any shape, under the names given."""
        self._metrics.append(step, metrics)
        self._summaries.scalars(step, metrics)
        for name, values in (histograms or {}).items():
            self._summaries.histogram(step, name, values)
        self._summaries.flush_if_due()
        self._progress.update(step, metrics)

    def advance(self, step: int) -> None:
        """Shows that `step` steps are done, between summaries."""
        self._progress.advance(step)

    def take_back(self, step: int) -> None:
        """Takes back what was reported beyond a step, from which the run goes on."""
        self._metrics.resume_at(step)
        self._summaries.take_back(step)
        self._progress.advance(step)

    def samples(self, step: int, examples: npt.NDArray[Any]) -> None:
        """Writes generated examples as samples/step_NNNNNNN.png and to TensorBoard.

        Args:
            step: steps done.
            examples: uint8 images [N, H, W, C], shown in a grid, or points [N, 2], shown over
                the reference points.

        Raises:
            ValueError: `examples` has another shape, or points came without reference points.
        """
        image = self._image(examples)
        write_atomically(f"{self._samples}/step_{step:07d}.png", encode_png(image))
        self._summaries.image(step, "samples", image)
        self._summaries.flush_if_due()

    def configuration(
        self,
        text: str,
        options: Mapping[str, str | int | float | bool],
        metric_names: Collection[str],
    ) -> None:
        """Shows the run's options in TensorBoard, and arranges the charts that it will have.

        Args:
            text: a flagfile.
            options: a row of the table in which runs are compared.
            metric_names: what the run is going to tell; a chart of none of these is left out.
        """
        indented = "\n".join(f"    {line}" for line in text.splitlines())
        self._summaries.text(self._initial_step, "configuration", indented)
        self._summaries.hyperparameters(options)
        self._summaries.layout(charts_of(metric_names))
        self._summaries.flush_if_due()

    def log(self, line: str) -> None:
        """Prints a line for the person who watches, without breaking the progress bar."""
        self._progress.log(line)

    def flush(self) -> None:
        """Writes to disk all that was reported, so that a checkpoint made next is not ahead."""
        self._summaries.flush()

    def _image(self, examples: npt.NDArray[Any]) -> Pixels:
        if examples.ndim == 4:
            return image_grid(examples, self._grid_columns)
        if self._reference_points is None or examples.ndim != 2 or examples.shape[1] != 2:
            raise ValueError(
                "expected images [N, H, W, C], or points [N, 2] with reference points, "
                f"got {examples.shape}"
            )
        return density_plot(examples, self._reference_points)
