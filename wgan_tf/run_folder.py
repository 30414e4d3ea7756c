"""A run's folder: where things are in it, and the two files that say what the run is."""

import dataclasses
import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any, Self

import tensorflow as tf

from wgan_tf import config as configuration
from wgan_tf import flagfile
from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.store import Store, describe, open_store
from wgan_tf.errors import UserError
from wgan_tf.files import write_atomically
from wgan_tf.options import format_value
from wgan_tf.tensorflow_import import ONEDNN_ENTRY, ONEDNN_VARIABLE, onednn_in_effect

# Rises with every release whose steps differ from those of the one before; see CHANGELOG.md.
TRAJECTORY_VERSION = 2


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The files of one run.

    Attributes:
        path: the folder.
        elsewhere: places that a launcher wants used, by the names of Vertex AI's variables:
            `AIP_CHECKPOINT_DIR`, `AIP_TENSORBOARD_LOG_DIR` in place of the folder's own,
            `AIP_MODEL_DIR` for a copy of the newest SavedModel.
    """

    path: str
    elsewhere: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_environment(cls, path: str, environment: Mapping[str, str]) -> Self:
        """The files of a run that trains where Vertex AI may have set its variables.

        Raises:
            UserError: a variable names a folder that cannot be.
        """
        names = ("AIP_CHECKPOINT_DIR", "AIP_TENSORBOARD_LOG_DIR", "AIP_MODEL_DIR")
        found = {name: environment[name].rstrip("/") for name in names if environment.get(name)}
        for name, place in found.items():
            configuration.check_folder_name(place, name)
        return cls(path, found)

    @property
    def config_file(self) -> str:
        """The flagfile that reproduces the run."""
        return f"{self.path}/config.flags"

    @property
    def dataset_file(self) -> str:
        """What the run is trained on, a `DatasetInfo`."""
        return f"{self.path}/dataset.json"

    @property
    def checkpoints(self) -> str:
        """Folder of checkpoints."""
        return self.elsewhere.get("AIP_CHECKPOINT_DIR", f"{self.path}/checkpoints")

    @property
    def best_checkpoints(self) -> str:
        """Folder of the checkpoint with the best evaluation, laid out as `checkpoints` is."""
        return f"{self.path}/best"

    @property
    def metrics_file(self) -> str:
        """The file of metrics."""
        return f"{self.path}/metrics.jsonl"

    @property
    def tensorboard(self) -> str:
        """Folder of TensorBoard's events."""
        return self.elsewhere.get("AIP_TENSORBOARD_LOG_DIR", f"{self.path}/tensorboard")

    @property
    def published_model(self) -> str | None:
        """Where else the newest SavedModel has to lie, if anywhere."""
        return self.elsewhere.get("AIP_MODEL_DIR")

    @property
    def exports(self) -> str:
        """Folder of SavedModels."""
        return f"{self.path}/export"

    @property
    def converted(self) -> str:
        """Folder of the generator in the formats of other runtimes."""
        return f"{self.path}/converted"

    @property
    def samples(self) -> str:
        """Folder of sample grids."""
        return f"{self.path}/samples"

    @property
    def report_file(self) -> str:
        """The report on the run."""
        return f"{self.path}/report.html"

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return tf.io.gfile.exists(self.config_file)

    def write(self, config: Config, info: DatasetInfo) -> None:
        """Makes the folder and says in it what the run is."""
        tf.io.gfile.makedirs(self.path)
        entries = {
            **dataclasses.asdict(info),
            "trajectory_version": TRAJECTORY_VERSION,
            ONEDNN_ENTRY: onednn_in_effect(),
        }
        write_atomically(self.dataset_file, json.dumps(entries).encode())
        write_atomically(self.config_file, flagfile.to_flagfile(config).encode())

    def read_config(self) -> Config:
        """The run's configuration, with the folder where it is now and nothing left to measure.

        Raises:
            UserError: no run is here, or its configuration is of another version.
        """
        configuration.check_folder_name(self.path, "--workdir")
        if not self.exists():
            raise UserError(
                f"--workdir={self.path} holds no run, which would have a config.flags; name the "
                "folder that wgan_tf.main trained in."
            )
        try:
            with tf.io.gfile.GFile(self.config_file) as file:
                text = file.read()
        except (tf.errors.OpError, UnicodeDecodeError) as error:
            raise self._unreadable(self.config_file) from error
        config = flagfile.from_flagfile(text, self.config_file)
        # A run that says nothing of an option is older than its measuring.
        settled = configuration.settle(config, configuration.UNMEASURED)
        return dataclasses.replace(settled, workdir=self.path)

    def go_on_as_begun(self, config: Config) -> Config:
        """A configuration that leaves nothing to measure which the run here, if any, has chosen.

        Raises:
            UserError: the run's configuration is of another version.
        """
        if not self.exists():
            return config
        return configuration.settle(config, configuration.measured_options(self.read_config()))

    def read_info(self) -> DatasetInfo:
        """What the run is trained on.

        Raises:
            UserError: the file that says so is gone or damaged.
        """
        entries = self._read_dataset_entries()
        try:
            names, counts = entries["class_names"], entries.get("class_counts")
            return DatasetInfo(
                example_shape=tuple(map(int, entries["example_shape"])),
                num_examples=int(entries["num_examples"]),
                class_names=None if names is None else tuple(map(str, names)),
                digest=str(entries["digest"]),
                class_counts=None if counts is None else tuple(map(int, counts)),
            )
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise self._unreadable(self.dataset_file) from error

    def open_training_examples(self) -> Store:
        """The examples that the run was trained on; they must be on this machine.

        Raises:
            UserError: they are not there, or are others.
        """
        config = self.read_config()
        if describe(config, config.train_split).num_examples is None:
            raise UserError(
                f"The examples of --dataset={config.dataset} are not on this machine; start the "
                "run again, which brings them."
            )
        store = open_store(config, config.train_split)
        if store.info.digest != self.read_info().digest:
            raise UserError(
                f"The examples of --dataset={config.dataset} are not those that the run in "
                f"{self.path} was trained on; bring the old ones back."
            )
        return store

    def check_same_run(self, config: Config) -> None:
        """Checks that a run here, if there is one, may go on with this configuration.

        Raises:
            UserError: it was begun by a version whose steps are others, an option that shapes the
                trajectory differs, or this process does not compute with the run's kernels.
        """
        if not self.exists():
            return
        entries = self._read_dataset_entries()
        if entries.get("trajectory_version", 1) != TRAJECTORY_VERSION:
            raise UserError(
                f"The run in {self.path} was begun by a version of wgan_tf whose steps differ from "
                f"those of {metadata.version('wgan_tf')} (see CHANGELOG.md); go on with that "
                "version, or take another --workdir."
            )
        changes = configuration.trajectory_changes(self.read_config(), config)
        for name, (saved, given) in changes.items():
            raise UserError(
                f"--{name}={format_value(given)} differs from the run in "
                f"{self.path}, which has --{name}={format_value(saved)}; go on with "
                f"--flagfile={self.config_file}, or take another --workdir."
            )
        onednn = entries.get(ONEDNN_ENTRY)
        if onednn is not None and onednn != onednn_in_effect():
            raise UserError(
                f"The run in {self.path} was begun {'with' if onednn else 'without'} oneDNN, whose "
                f"results are others in their last bits; set {ONEDNN_VARIABLE}="
                f"{'1' if onednn else '0'} before TensorFlow is imported, or take another "
                "--workdir."
            )

    def check_same_data(self, info: DatasetInfo) -> None:
        """Checks that the examples are those that the run here began with.

        Raises:
            UserError: they have changed.
        """
        if self.exists() and self.read_info().digest != info.digest:
            raise UserError(
                f"The examples of --dataset have changed since the run in {self.path} began; "
                "bring the old ones back, or take another --workdir."
            )

    def _read_dataset_entries(self) -> dict[str, Any]:
        try:
            with tf.io.gfile.GFile(self.dataset_file) as file:
                entries = json.load(file)
        except (tf.errors.OpError, ValueError, RecursionError) as error:
            raise self._unreadable(self.dataset_file) from error
        if not isinstance(entries, dict):
            raise self._unreadable(self.dataset_file)
        return entries

    def _unreadable(self, file: str) -> UserError:
        return UserError(
            f"{file} cannot be read, without which the run in {self.path} cannot go on; bring it "
            "back from a copy, or take another --workdir."
        )
