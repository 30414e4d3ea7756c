"""A run's folder: where things are in it, and the two files that say what the run is."""

import dataclasses
import datetime
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
from wgan_tf.networks.own import described_own, digest_own, keep_own, kept_own
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
    def own(self) -> str:
        """Folder of what is the caller's own: Python files, and networks as Keras models."""
        return f"{self.path}/own"

    @property
    def examples(self) -> str:
        """Folder of arrays that the library was given to train on."""
        return f"{self.path}/data"

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
    def changes_file(self) -> str:
        """The changes of options that shape the run, made on its way."""
        return f"{self.path}/changes.jsonl"

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
        """Makes the folder and says in it what the run is; what is the caller's own is kept."""
        tf.io.gfile.makedirs(self.path)
        own = {name: getattr(config, name) for name in configuration.own_options(config)}
        kept: dict[str, Any] = {name: keep_own(value, self.own) for name, value in own.items()}
        entries = {
            **dataclasses.asdict(info),
            "trajectory_version": TRAJECTORY_VERSION,
            "own": {name: digest_own(name, value) for name, value in kept.items()},
            ONEDNN_ENTRY: onednn_in_effect(),
        }
        write_atomically(self.dataset_file, json.dumps(entries).encode())
        written = dataclasses.replace(config, **kept)
        write_atomically(self.config_file, flagfile.to_flagfile(written).encode())

    def read_config(self) -> Config:
        """The run's configuration, with the folder, and what it keeps, where they are now.

        Nothing in it is left to be measured.

        Raises:
            UserError: no run is here, or its configuration is of another version.
        """
        configuration.check_folder_name(self.path, "--workdir")
        config = self._read_written_config()
        kept: dict[str, Any] = {
            name: kept_own(getattr(config, name), self.own)
            for name in configuration.own_options(config)
        }
        # A run that says nothing of an option is older than its measuring.
        settled = configuration.settle(config, configuration.UNMEASURED)
        return dataclasses.replace(settled, workdir=self.path, **kept)

    def adopt(self, config: Config) -> Config:
        """A configuration with the run's own files where it names the same ones elsewhere.

        What it leaves to be measured, and splits that it does not name, are as the run has them.

        Raises:
            UserError: it names others, or those that the run keeps have changed.
        """
        if not self.exists():
            return config
        written, saved = self._read_written_config(), self.read_config()
        digests = self._read_dataset_entries().get("own", {})
        kept: dict[str, Any] = {}
        for name in {*configuration.own_options(saved)} & {*configuration.own_options(config)}:
            given, kept[name] = getattr(config, name), getattr(saved, name)
            if digest_own(name, kept[name]) != digests.get(name):
                raise UserError(
                    f"--{name}={kept[name]} has changed since the run in {self.path} began; bring "
                    "it back as it was, or take another --workdir."
                )
            is_same = given in (kept[name], getattr(written, name))
            if not is_same and digest_own(name, given) != digests[name]:
                raise UserError(
                    f"{described_own(name, given)} not what the run in {self.path} began with; go "
                    f"on with --{name}={kept[name]}, or take another --workdir."
                )
        as_measured = configuration.settle(config, configuration.measured_options(saved))
        if configuration.names_no_split(config):
            kept |= {"train_split": saved.train_split, "eval_split": saved.eval_split}
            kept["eval_every"] = config.eval_every or saved.eval_every
        return dataclasses.replace(as_measured, **kept)

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

    def check_same_run(self, config: Config, *, accept_changes: bool = False) -> None:
        """Checks that a run here, if there is one, may go on with this configuration.

        Args:
            config: what is given.
            accept_changes: whether options that may be changed on purpose are.

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
        changes = configuration.trajectory_changes(self.read_config(), self.adopt(config))
        for name, (saved, given) in changes.items():
            may_be_accepted = configuration.may_be_accepted(name)
            if may_be_accepted and accept_changes:
                continue
            ways = [f"go on with --flagfile={self.config_file}", "take another --workdir"]
            if may_be_accepted:
                ways.insert(1, "change it on purpose by --accept_changes")
            raise UserError(
                f"--{name}={format_value(given)} differs from the run in "
                f"{self.path}, which has --{name}={format_value(saved)}; {', or '.join(ways)}."
            )
        onednn = entries.get(ONEDNN_ENTRY)
        if onednn is not None and onednn != onednn_in_effect():
            raise UserError(
                f"The run in {self.path} was begun {'with' if onednn else 'without'} oneDNN, whose "
                f"results are others in their last bits; set {ONEDNN_VARIABLE}="
                f"{'1' if onednn else '0'} before TensorFlow is imported, or take another "
                "--workdir."
            )

    def record_changes(self, config: Config, step: int) -> None:
        """Adds a line to `changes.jsonl` for each option that shapes the rest of the run anew.

        Args:
            config: what the run goes on with.
            step: from where.
        """
        changes = configuration.trajectory_changes(self.read_config(), config)
        if not changes:
            return
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        lines = [
            json.dumps({"step": step, "time": now, "option": name, "from": saved, "to": given})
            for name, (saved, given) in changes.items()
        ]
        before = b""
        if tf.io.gfile.exists(self.changes_file):
            with tf.io.gfile.GFile(self.changes_file, "rb") as file:
                before = file.read()
        write_atomically(self.changes_file, before + "".join(f"{x}\n" for x in lines).encode())

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

    def _read_written_config(self) -> Config:
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
        return flagfile.from_flagfile(text, self.config_file)

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
