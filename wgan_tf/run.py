"""Runs from Python: training one, and what can be done with what it leaves."""

import base64
import contextlib
import dataclasses
import importlib.util
import numbers
import os
import pathlib
import tempfile
import typing
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from wgan_tf import config as configuration
from wgan_tf import own_code, reporting, runner, subjects
from wgan_tf.config import Config
from wgan_tf.data.selection import find_class
from wgan_tf.errors import Status, UserError
from wgan_tf.files import replacing
from wgan_tf.lipschitz import Penalty
from wgan_tf.monitoring.metrics_log import STEP_AND_TIME, read_metrics
from wgan_tf.networks import keras_files
from wgan_tf.objectives import Objective
from wgan_tf.options import LARGEST_INTEGER
from wgan_tf.paths import expand_user
from wgan_tf.reporting.inline_curves import draw_curves
from wgan_tf.run_folder import RunFolder
from wgan_tf.sampling.request import MAX_SEED
from wgan_tf.serving.export import export
from wgan_tf.serving.trained_generator import restore_critic, restore_generator, restore_sampler
from wgan_tf.suggestions import listed
from wgan_tf.training.checkpoint_folder import CheckpointFolder
from wgan_tf.training.chosen_checkpoint import Checkpoint

_SHOWN_METRICS = 12
_SHOWN_CURVES = {
    "Losses": ("critic_loss", "generator_loss"),
    "Estimate": ("wasserstein_estimate", "held_out_wasserstein_estimate"),
}
# The arguments of `train` that are functions, and the options that name such a function.
OWN_OPTIONS = {"objective": "objective", "penalty": "lipschitz", "optimizer": "optimizer"}


def train(
    config: Config,
    *,
    images: Any = None,
    labels: Any = None,
    generator: keras.Model | None = None,
    critic: keras.Model | None = None,
    objective: Callable[[], Objective] | None = None,
    penalty: Penalty | None = None,
    optimizer: Callable[[float], keras.Optimizer] | None = None,
    accept_changes: bool = False,
) -> "Run":
    """Trains a run, or goes on with the one in `config.workdir`; a finished one is left as it is.

    An interruption (Ctrl-C, a notebook's stop button, SIGTERM) saves the state and returns; called
    again, training goes on. Runs in one process are those of several, bit for bit.

    Args:
        config: the run's options.
        images: in place of `config.dataset`, images uint8 [N, H, W], [N, H, W, 1 or 3] or points
            float [N, D]; or a finite tf.data.Dataset of such examples, or of (example, label)
            pairs. They are kept in the run's folder.
        labels: the classes of `images`, whole numbers [N] from 0.
        generator: in place of `config.architecture`, with `critic`: [latent [B, latent_dim], label
            int32 [B] if the run is conditional] -> examples [B, ...] in the range of
            `config.output_activation`. Its weights are the first ones; it is copied, not trained.
        critic: examples [B, ...] -> [scores [B, 1], class logits [B, num_classes] if the run is
            conditional].
        objective: in place of `config.objective`, a function that returns an Objective.
        penalty: in place of `config.lipschitz`, a function of the norms of the critic's gradient
            [B] -> penalties [B].
        optimizer: in place of `config.optimizer`, a class or a function that makes a
            keras.Optimizer of a learning rate.
        accept_changes: whether a run may go on with other learning rates.

    Raises:
        KeyboardInterrupt: an interruption came before the run began.
        UserError: an option, the networks or the data are not usable; says what is allowed.
        DivergenceError: a loss is not finite.
        WorkerLostError: another worker is gone; training goes on when all are started again.
        ExportError: the exported generator does not do what the trained one does.
    """
    configuration.require_workdir(config)
    if keras.backend.backend() != "tensorflow":
        raise UserError(
            f"Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=tensorflow before "
            "anything imports it."
        )
    if images is not None:
        config = dataclasses.replace(config, dataset=_keep(images, labels, config.workdir))
    elif labels is not None:
        raise UserError("labels are given without images; give both, or neither.")
    own = {"objective": objective, "penalty": penalty, "optimizer": optimizer}
    named: dict[str, Any] = {
        OWN_OPTIONS[name]: own_code.name_of(function, name)
        for name, function in own.items()
        if function is not None
    }
    with contextlib.ExitStack() as stack:
        if generator is not None and critic is not None:
            named["architecture"] = stack.enter_context(tempfile.TemporaryDirectory())
            keras_files.write_pair(named["architecture"], generator, critic)
        elif (generator, critic) != (None, None):
            raise UserError("generator and critic belong together; give both, or neither.")
        config = dataclasses.replace(config, **named)
        stack.enter_context(_quiet_tensorflow())
        status = runner.train(config, accept_changes=accept_changes)
    if status is Status.STOPPED and not RunFolder(config.workdir).exists():
        raise KeyboardInterrupt
    return Run(config.workdir)


class Run:
    """A run, trained or on its way.

    Attributes:
        workdir: its folder.
        config: its options.
    """

    def __init__(self, workdir: str | os.PathLike[str]) -> None:
        """Opens a run's folder.

        Raises:
            UserError: no run is there.
        """
        self.workdir = os.fspath(workdir)
        self._folder = RunFolder(self.workdir)
        self.config = self._folder.read_config()

    @property
    def step(self) -> int:
        """Generator steps in the newest checkpoint."""
        return CheckpointFolder(self._folder.checkpoints).newest_step() or 0

    def metrics(self) -> Any:
        """The lines of metrics.jsonl: a pandas.DataFrame where pandas is installed, else dicts."""
        lines = read_metrics(self._folder.metrics_file)
        if importlib.util.find_spec("pandas") is None:
            return lines
        return importlib.import_module("pandas").DataFrame(lines)

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        label: str | int | None = None,
        checkpoint: Checkpoint = "last",
    ) -> np.ndarray:
        """Draws examples of the moving-average generator, the same ones for the same seed.

        Args:
            n: how many; the first ones are the same for every n.
            seed: of the latents.
            label: a class, by name or number; without, a generator by class takes all in turn.
            checkpoint: last, best, or a step.

        Returns:
            Images uint8 [n, H, W, C], or points float32 [n, D].

        Raises:
            UserError: no such checkpoint or class is there, or n or the seed cannot be.
        """
        _require_number("n", n, 1, LARGEST_INTEGER)
        _require_number("seed", seed, 0, MAX_SEED)
        sampler, _ = restore_sampler(self._folder, checkpoint)
        names = sampler.spec.class_names
        labels = None
        if names and label is None:
            labels = np.arange(n, dtype=np.int32) % len(names)
        elif label is not None:
            number = find_class(str(label), names)
            if number is None:
                raise UserError(
                    f"label={label} is no class of the run in {self.workdir}, which has "
                    f"{listed(names) or 'none'}; give one of them, or leave it out."
                )
            labels = np.full(n, number, np.int32)
        return sampler.generate(sampler.latents(n, seed), labels)

    def evaluate(
        self, n: int = 10_000, *, seed: int = 0, checkpoint: Checkpoint = "last", **changes: Any
    ) -> dict[str, float]:
        """Measures the moving-average generator by all metrics that suit the data.

        Args:
            n: generated examples, at least 100.
            seed: of their latents.
            checkpoint: last, best, or a step.
            changes: options such as `eval_split` or `eval_features` in place of the run's.

        Raises:
            UserError: the data or the features cannot be had, or n or the seed cannot be.
        """
        _require_number("n", n, subjects.FEWEST_SUBJECTS, LARGEST_INTEGER)
        _require_number("seed", seed, 0, MAX_SEED)
        config = self.config.changed(**changes)
        subject = subjects.run_subject(self._folder, checkpoint)
        result = subjects.evaluate_subject(subject, config, count=n, seed=seed)
        return dict(result.values)

    def export(self, checkpoint: Checkpoint = "last", *, license: str | None = None) -> str:
        """Writes the moving-average generator as the next SavedModel and returns its path."""
        with _quiet_tensorflow():
            return export(self._folder, checkpoint, license)

    def report(self) -> str:
        """Writes the page on the run and returns its path."""
        reporting.write_report([self._folder], self._folder.report_file)
        return self._folder.report_file

    def generator(self, checkpoint: Checkpoint = "last") -> keras.Model:
        """The moving-average generator: [latent [N, latent_dim], label int32 [N] if any] -> range.

        What it gives is in the range of its last function, not in [0, 1].
        """
        return restore_generator(self._folder, checkpoint)[0]

    def critic(self, checkpoint: Checkpoint = "last") -> keras.Model:
        """The critic: examples [N, ...] in the generator's range -> scores [N, 1].

        A critic that classifies gives class logits [N, classes] besides, in a list.
        """
        return restore_critic(self._folder, checkpoint)[0]

    def __repr__(self) -> str:
        return f"<Run {self.workdir}: step {self.step:,} of {self.config.steps:,}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the newest grid, curves, and the newest metrics."""
        parts = [f"<p><b>{self.workdir}</b>: step {self.step:,} of {self.config.steps:,}</p>"]
        grids = sorted(pathlib.Path(self._folder.samples).glob("step_*.png"))
        if grids:
            encoded = base64.b64encode(grids[-1].read_bytes()).decode()
            parts.append(f'<img alt="{grids[-1].name}" src="data:image/png;base64,{encoded}">')
        lines = read_metrics(self._folder.metrics_file)
        parts += [draw_curves(title, lines, names) for title, names in _SHOWN_CURVES.items()]
        if lines:
            rows = [
                f"<tr><td>{name}</td><td>{value:.4g}</td></tr>"
                for name, value in lines[-1].items()
                if name not in STEP_AND_TIME and value is not None
            ]
            parts.append(f"<table>{''.join(rows[:_SHOWN_METRICS])}</table>")
        return "".join(parts)


@contextlib.contextmanager
def _quiet_tensorflow() -> Iterator[None]:
    """TensorFlow's own notes, of files written and functions traced, are left out."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)


def _require_number(name: str, value: int, least: int, largest: int) -> None:
    if not isinstance(value, numbers.Integral) or not least <= value <= largest:
        raise UserError(f"{name}={value!r} cannot be; give a whole number from {least} on.")


def _keep(images: Any, labels: Any, workdir: str) -> str:
    """Writes examples into a run's folder, unless they are there, and returns their --dataset."""
    arrays = _arrays(images, labels)
    folder = RunFolder(str(expand_user(workdir, "workdir=").resolve()))
    file = pathlib.Path(folder.examples, "examples.npz")
    if not (file.is_file() and _holds(file, arrays)):
        try:
            with replacing(file) as temporary, pathlib.Path(temporary).open("wb") as stream:
                np.savez(stream, **typing.cast(Any, arrays))
        except (OSError, tf.errors.OpError) as error:
            raise UserError(
                f"workdir={workdir} cannot be written ({error}); give another folder."
            ) from error
    return f"npy:{file}"


def _arrays(images: Any, labels: Any) -> dict[str, np.ndarray]:
    if isinstance(images, tf.data.Dataset):
        if labels is not None:
            raise UserError("labels are given beside a Dataset; let it yield (example, label).")
        if images.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise UserError("The Dataset never ends; take(N) as many examples as there are.")
        elements = list(images.as_numpy_iterator())
        if not elements:
            raise UserError("The Dataset is empty; give one with examples.")
        if isinstance(elements[0], tuple):
            images, labels = (np.stack(column) for column in zip(*elements, strict=True))
        else:
            images = np.stack(elements)
    arrays: dict[str, np.ndarray] = {"examples": np.asarray(images)}
    if labels is not None:
        arrays["labels"] = np.asarray(labels)
    return arrays


def _holds(file: pathlib.Path, arrays: dict[str, np.ndarray]) -> bool:
    try:
        with np.load(file, allow_pickle=False) as kept:
            return set(kept.files) == arrays.keys() and all(
                np.array_equal(kept[name], array) for name, array in arrays.items()
            )
    except (OSError, ValueError, EOFError):
        return False
