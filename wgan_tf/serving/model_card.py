"""What an exported model says about itself."""

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import keras
import tensorflow as tf

from wgan_tf.config import Config, applicable
from wgan_tf.latents import EXAMPLES_PER_BLOCK
from wgan_tf.monitoring.metrics_log import STEP_AND_TIME
from wgan_tf.run_folder import DatasetCard

# Where the run lay, which says nothing about the model.
_PLACES = ("workdir", "data_dir")


def build_model_card(
    config: Config,
    data: DatasetCard,
    *,
    step: int,
    metrics: Sequence[Mapping[str, Any]],
    license: str | None,
) -> dict[str, Any]:
    """The facts about an exported generator, JSON-serializable.

    Args:
        config: Of the run.
        data: What it was trained on.
        step: Generator steps taken.
        metrics: The lines of the run's metrics file, oldest first.
        license: Under which the model may be used, if anyone said so.
    """
    is_conditional = config.conditional != "none"
    return {
        "dataset": config.dataset,
        "num_examples": data.num_examples,
        "example_shape": list(data.example_shape),
        "classes": list(data.class_names or ()) if is_conditional else None,
        "latent": {
            "dim": config.latent_dim,
            "distribution": config.latent_distribution,
            "examples_per_block": EXAMPLES_PER_BLOCK,
        },
        "step": step,
        "metrics": newest_metrics(metrics, step),
        "license": license,
        "versions": {
            "wgan_tf": metadata.version("wgan_tf"),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        },
        "config": {
            field.name: getattr(config, field.name)
            for field in applicable(config)
            if field.name not in _PLACES
        },
    }


def newest_metrics(
    metrics: Sequence[Mapping[str, Any]], step: int
) -> dict[str, dict[str, int | float]]:
    """The newest finite value of each metric up to a step, and the step that it is of.

    Args:
        metrics: Lines with a "step" and values, oldest first.
        step: The last one that counts.

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
