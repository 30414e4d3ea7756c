"""Exports of a sampler in TensorFlow Serving's folder layout."""

import json
import os
import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from wgan_tf.serving.sampler import Sampler

TOLERANCE = 1e-6
MODEL_CARD = "assets.extra/model_card.json"


class ExportError(RuntimeError):
    """The SavedModel does not do what the sampler in this process does."""


def write_saved_model(
    sampler: Sampler, export_dir: str | os.PathLike[str], model_card: Mapping[str, object]
) -> str:
    """Writes a sampler as the next version below a folder, once it is shown to work.

    The model is saved to a hidden folder beside the versions, loaded from there, compared with
    the sampler on every signature, and only then renamed to `export_dir/N`, N being one above the
    highest version there. Integers and bytes must be equal at every call; floating-point values
    may differ by 1e-6, absolute or relative. The comparison runs on the CPU, where convolutions
    give the same bits each time. Must be called outside the scope of a distribution strategy,
    within which TensorFlow can not run a loaded model; the variables may be mirrored ones.

    Args:
        sampler: What to save.
        export_dir: The folder of all versions; made if it does not exist.
        model_card: JSON-serializable facts about the model, kept in the version's
            `assets.extra/model_card.json`.

    Returns:
        The path of the new version.

    Raises:
        ExportError: If the loaded model differs from the sampler or gives values that are not
            finite. No version is added then.
        TypeError: If the model card holds something that JSON has no form for.
        ValueError: If the model card holds a number that is not finite.
    """
    root = os.fspath(export_dir)
    card = json.dumps(model_card, indent=2, allow_nan=False) + "\n"
    unfinished = f"{root}/.unfinished-{uuid.uuid4().hex}"
    try:
        tf.io.gfile.makedirs(f"{unfinished}/assets.extra")
        tf.saved_model.save(sampler, unfinished, signatures=sampler.signatures())
        with tf.io.gfile.GFile(f"{unfinished}/{MODEL_CARD}", "w") as file:
            file.write(card)
        _compare(sampler, unfinished)
        return _publish(unfinished, root)
    finally:
        if tf.io.gfile.exists(unfinished):
            tf.io.gfile.rmtree(unfinished)


def read_model_card(export_dir: str | os.PathLike[str]) -> dict[str, Any]:
    """The newest version's model card; empty without a version or a card."""
    root = os.fspath(export_dir)
    if not tf.io.gfile.exists(root):
        return {}
    card = f"{root}/{_highest_version(root)}/{MODEL_CARD}"
    if not tf.io.gfile.exists(card):
        return {}
    with tf.io.gfile.GFile(card) as file:
        return json.load(file)


def exported_step(export_dir: str | os.PathLike[str]) -> int | None:
    """The step that the newest version's model card tells; None without a version or a step."""
    return read_model_card(export_dir).get("step")


def _compare(sampler: Sampler, path: str) -> None:
    with tf.device("/CPU:0"):
        probes = sampler.probes()
        # The functions of a loaded model do not keep its variables alive.
        loaded = tf.saved_model.load(path)
        for name, function in sampler.signatures().items():
            expected = function(**probes[name])
            # A generator that draws noise of its own can agree at the first call.
            for _ in range(2):
                actual = loaded.signatures[name](**probes[name])
                for key in expected:
                    _compare_output(f"{name}.{key}", actual[key].numpy(), expected[key].numpy())


def _compare_output(name: str, actual: np.ndarray, expected: np.ndarray) -> None:
    if not np.issubdtype(expected.dtype, np.floating):
        if not np.array_equal(actual, expected):
            raise ExportError(f"The exported model's {name} is not that of the model in memory.")
        return
    if not np.all(np.isfinite(expected)):
        raise ExportError(f"The model's {name} is not finite.")
    if actual.shape != expected.shape or not np.allclose(
        actual, expected, rtol=TOLERANCE, atol=TOLERANCE
    ):
        raise ExportError(
            f"The exported model's {name} is not that of the model in memory to {TOLERANCE:g}."
        )


def _publish(unfinished: str, root: str) -> str:
    while True:
        target = f"{root}/{_highest_version(root) + 1}"
        try:
            tf.io.gfile.rename(unfinished, target)
        except tf.errors.OpError:
            # Another export may have taken the number since; anything else is an error.
            if not tf.io.gfile.exists(target):
                raise
        else:
            return target


def _highest_version(root: str) -> int:
    names = (name.rstrip("/") for name in tf.io.gfile.listdir(root))
    return max((int(name) for name in names if name.isascii() and name.isdecimal()), default=0)
