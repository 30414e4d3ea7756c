"""TensorBoard summaries of a run that may be resumed."""

import os
import socket
import time
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar.summary import pb as layout_pb
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.util import tensor_util

from wgan_tf.files import StrPath, join
from wgan_tf.monitoring.grids import Pixels, encode_png

_FLUSH_SECONDS = 30


class Summaries:
    """Writes one event file, which takes back what an earlier one says beyond `initial_step`.

    `tf.summary` has no way to write the session log that makes TensorBoard do so, and TensorBoard's
    own writer has a thread, which prints a traceback where the disk is full. An event file is one
    of TFRecords.
    """

    def __init__(self, logdir: StrPath, initial_step: int) -> None:
        tf.io.gfile.makedirs(logdir)
        # TensorBoard reads the files of a run in the order of their names.
        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        self._writer = tf.io.TFRecordWriter(join(logdir, name))
        self._flushed_at = -float("inf")
        self._write(event_pb2.Event(wall_time=time.time(), file_version="brain.Event:2"))
        self.take_back(initial_step)

    def take_back(self, step: int) -> None:
        """Makes TensorBoard forget what was said beyond a step."""
        # It forgets, at every such event but the first of a run, the given step and all later
        # ones. At step 0 nothing has been done, so step 0 itself is forgotten too.
        session_start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        first_written = step + 1 if step else 0
        self._write(
            event_pb2.Event(wall_time=time.time(), step=first_written, session_log=session_start)
        )

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Adds a point to the time series of every name in `values`."""
        for name, value in values.items():
            self._add(step, scalar_pb(name, float(value)))

    def histogram(self, step: int, name: str, values: npt.NDArray[np.floating]) -> None:
        """Adds the distribution of the finite ones among `values`, of any shape."""
        self._add(step, histogram_pb(name, values[np.isfinite(values)]))

    def image(self, step: int, name: str, image: Pixels) -> None:
        """Adds one image, uint8 [H, W, C]."""
        height, width, _ = image.shape
        encoded = [str(width).encode(), str(height).encode(), encode_png(image)]
        self._add(
            step,
            summary_pb2.Summary(
                value=[
                    summary_pb2.Summary.Value(
                        tag=name,
                        metadata=image_metadata.create_summary_metadata(
                            display_name=None, description=None
                        ),
                        tensor=tensor_util.make_tensor_proto(encoded, dtype="string"),
                    )
                ]
            ),
        )

    def text(self, step: int, name: str, markdown: str) -> None:
        """Adds a text, which TensorBoard renders as Markdown."""
        self._add(step, text_pb(name, markdown))

    def hyperparameters(self, values: Mapping[str, str | int | float | bool]) -> None:
        """Adds a row to the table in which TensorBoard compares runs."""
        self._add(0, hparams_pb(dict(values)))

    def layout(self, charts: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Arranges charts under "Custom scalars".

        Args:
            charts: by category and title, regular expressions of the scalars that a chart shows.
        """
        categories = [
            layout_pb2.Category(
                title=category,
                chart=[
                    layout_pb2.Chart(
                        title=title, multiline=layout_pb2.MultilineChartContent(tag=names)
                    )
                    for title, names in titled.items()
                ],
            )
            for category, titled in charts.items()
        ]
        summary = layout_pb(layout_pb2.Layout(category=categories))
        # It is TensorFlow's message where TensorFlow is there, and TensorBoard's elsewhere.
        self._add(0, summary_pb2.Summary.FromString(summary.SerializeToString()))

    def flush(self) -> None:
        """Writes to disk all that was added so far."""
        self._writer.flush()
        self._flushed_at = time.monotonic()

    def flush_if_due(self) -> None:
        """Flushes unless that was done in the last 30 seconds: a bucket takes the whole file."""
        if time.monotonic() - self._flushed_at > _FLUSH_SECONDS:
            self.flush()

    def close(self) -> None:
        """Flushes and closes the event file."""
        self._writer.close()

    def _add(self, step: int, summary: summary_pb2.Summary) -> None:
        self._write(event_pb2.Event(wall_time=time.time(), step=int(step), summary=summary))

    def _write(self, event: event_pb2.Event) -> None:
        self._writer.write(event.SerializeToString())
