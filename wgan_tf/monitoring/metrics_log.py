"""The file of metrics: one JSON object a line, in the order of the steps."""

import datetime
import json
import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from wgan_tf.errors import UserError
from wgan_tf.files import StrPath, write_atomically

# What a line has besides metrics.
STEP_AND_TIME = ("step", "time")


class MetricsLog:
    """Appends metrics to a file, which the first line makes."""

    def __init__(self, path: StrPath) -> None:
        self._path = path

    def append(self, step: int, metrics: Mapping[str, float]) -> None:
        """Adds the line {"step": step, "time": now, **metrics}, the time in UTC by ISO 8601.

        Standard JSON has no NaN and no infinity: they are written as null.
        """
        numbers = {name: float(value) for name, value in metrics.items()}
        finite = {name: x if math.isfinite(x) else None for name, x in numbers.items()}
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        line = json.dumps({"step": int(step), "time": now, **finite}, allow_nan=False)
        with tf.io.gfile.GFile(self._path, "a") as file:
            file.write(line + "\n")

    def resume_at(self, step: int) -> None:
        """Drops what a run that goes on from `step` writes again, and a half-written last line.

        Lines beyond `step` go; at step 0 nothing has been done yet, so all lines go.

        Raises:
            UserError: the file holds something other than lines of metrics.
        """
        if not tf.io.gfile.exists(self._path):
            return
        kept = [line for line in read_metrics(self._path) if step > 0 and line["step"] <= step]
        text = "".join(json.dumps(line) + "\n" for line in kept)
        write_atomically(self._path, text.encode())


def read_metrics(path: StrPath) -> list[dict[str, Any]]:
    """The lines of a metrics file, oldest first; a half-written last line is left out.

    Returns:
        For every line an int "step", a "time" (but not in files of old) and floats, None where a
        value was not finite. Empty if there is no file.

    Raises:
        UserError: the file holds something other than lines of metrics.
    """
    if not tf.io.gfile.exists(path):
        return []
    with tf.io.gfile.GFile(path, "rb") as file:
        # A line is whole once its newline is there; split leaves what follows the last one.
        *lines, _ = file.read().split(b"\n")
    metrics = []
    for number, line in enumerate(lines, start=1):
        try:
            parsed = json.loads(line)
            parsed["step"] = int(parsed["step"])
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(
                f"Line {number} of {path} is not a JSON object with a step; "
                "repair the line or move the file away."
            ) from error
        metrics.append(parsed)
    return metrics
