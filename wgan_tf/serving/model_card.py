"""What an exported model says about itself."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, Self

import keras
import tensorflow as tf

from wgan_tf.config import Config, applicable
from wgan_tf.data.info import DatasetInfo
from wgan_tf.monitoring.metrics_log import STEP_AND_TIME
from wgan_tf.serving.generator_spec import GeneratorSpec

EXTRA_ASSETS = "assets.extra"
MODEL_CARD_FILE = f"{EXTRA_ASSETS}/model_card.json"
# Where the run lay, which says nothing about the model.
_PLACES = ("workdir", "data_dir")


@dataclasses.dataclass(frozen=True)
class ModelCard:
    """The facts about an exported generator, of which `model_card.json` is made.

    Attributes:
        dataset: the `--dataset` that it was trained on.
        num_examples: of these.
        generator: what it takes and gives, as served: images in [0, 1].
        step: generator steps taken.
        metrics: the newest value of each metric and the step that it is of; see `newest_metrics`.
        license: under which the model may be used, if anyone said so.
        versions: of the packages that it was exported with.
        config: the options of the run that say something about it.
    """

    dataset: str
    num_examples: int | None
    generator: GeneratorSpec
    step: int
    metrics: Mapping[str, Mapping[str, int | float]]
    license: str | None
    versions: Mapping[str, str]
    config: Mapping[str, Any]

    @classmethod
    def of_run(
        cls,
        config: Config,
        info: DatasetInfo,
        *,
        step: int,
        metrics: Sequence[Mapping[str, Any]],
        license: str | None,
    ) -> Self:
        """The card of a run's generator.

        Args:
            config: of the run.
            info: of what it was trained on.
            step: generator steps taken.
            metrics: the lines of the run's metrics file, oldest first.
            license: under which the model may be used, if anyone said so.
        """
        return cls(
            dataset=config.dataset,
            num_examples=info.num_examples,
            generator=dataclasses.replace(GeneratorSpec.of_run(config, info), pixel_scale=None),
            step=step,
            metrics=newest_metrics(metrics, step),
            license=license,
            versions={
                "wgan_tf": metadata.version("wgan_tf"),
                "tensorflow": tf.__version__,
                "keras": keras.__version__,
            },
            config={
                field.name: getattr(config, field.name)
                for field in applicable(config)
                if field.name not in _PLACES
            },
        )

    @classmethod
    def read(cls, version: str | os.PathLike[str]) -> Self:
        """Reads the card of an exported version.

        Raises:
            tf.errors.OpError: there is none.
            ValueError, KeyError, TypeError: it is damaged.
        """
        with tf.io.gfile.GFile(f"{os.fspath(version)}/{MODEL_CARD_FILE}") as file:
            entries = json.load(file)
        latent = entries["latent"]
        return cls(
            dataset=entries["dataset"],
            num_examples=entries["num_examples"],
            generator=GeneratorSpec(
                example_shape=tuple(entries["example_shape"]),
                latent_dim=latent["dim"],
                latent_distribution=latent["distribution"],
                class_names=tuple(entries["classes"] or ()),
                examples_per_block=latent["examples_per_block"],
            ),
            step=entries["step"],
            metrics=entries["metrics"],
            license=entries["license"],
            versions=entries["versions"],
            config=entries["config"],
        )

    def write(self, version: str | os.PathLike[str]) -> None:
        """Writes the card into the folder of a version.

        Raises:
            TypeError: it holds something that JSON has no form for.
            ValueError: it holds a number that is not finite.
        """
        generator = self.generator
        entries = {
            "dataset": self.dataset,
            "num_examples": self.num_examples,
            "example_shape": generator.example_shape,
            "classes": generator.class_names or None,
            "latent": {
                "dim": generator.latent_dim,
                "distribution": generator.latent_distribution,
                "examples_per_block": generator.examples_per_block,
            },
            "step": self.step,
            "metrics": self.metrics,
            "license": self.license,
            "versions": self.versions,
            "config": self.config,
        }
        text = json.dumps(entries, indent=2, allow_nan=False) + "\n"
        tf.io.gfile.makedirs(f"{os.fspath(version)}/{EXTRA_ASSETS}")
        with tf.io.gfile.GFile(f"{os.fspath(version)}/{MODEL_CARD_FILE}", "w") as file:
            file.write(text)


def newest_metrics(
    metrics: Sequence[Mapping[str, Any]], step: int
) -> dict[str, dict[str, int | float]]:
    """The newest finite value of each metric up to a step, and the step that it is of.

    Args:
        metrics: lines with a "step" and values, oldest first.
        step: the last one that counts.

    Returns:
        {name: {"step": int, "value": float}}.
    """
    newest: dict[str, dict[str, int | float]] = {}
    for line in metrics:
        if line["step"] <= step:
            for name, value in line.items():
                if name not in STEP_AND_TIME and value is not None:
                    newest[name] = {"step": line["step"], "value": value}
    return newest
