"""TensorFlow as this package wants it: Keras's backend, quiet, and with oneDNN."""

import contextlib
import importlib
import json
import os
import pathlib
import sys
from collections.abc import Iterator

ONEDNN_VARIABLE = "TF_ENABLE_ONEDNN_OPTS"
# In a run's dataset.json.
ONEDNN_ENTRY = "onednn"


def import_tensorflow(*, onednn: bool | None = True) -> None:
    """Imports TensorFlow, as Keras's backend, without its C++ notes on stderr.

    Those of the import come before any setting of TensorFlow applies. With TF_CPP_MIN_LOG_LEVEL
    in the environment, all is shown that this asks for; a backend that KERAS_BACKEND names stays.

    Args:
        onednn: whether convolutions and matrix products on the CPU are oneDNN's, which TensorFlow
            leaves off on processors without AVX-512 though they are faster there as well; None
            leaves it to TensorFlow. TF_ENABLE_ONEDNN_OPTS in the environment wins, and where
            TensorFlow is imported already, it stays as it is.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if onednn is not None and "tensorflow" not in sys.modules:
        os.environ.setdefault(ONEDNN_VARIABLE, str(int(onednn)))
    if "TF_CPP_MIN_LOG_LEVEL" not in os.environ and "tensorflow" not in sys.modules:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        with _native_stderr_hidden():
            importlib.import_module("tensorflow")


def onednn_in_effect() -> bool:
    """Whether this process's TensorFlow computes with oneDNN; imports TensorFlow."""
    # TensorFlow has no public function that tells.
    from tensorflow.python.util import _pywrap_util_port

    return bool(_pywrap_util_port.IsMklEnabled())


def recorded_onednn(dataset_file: str) -> bool | None:
    """Whether a run computes with oneDNN, by its dataset.json, read without TensorFlow.

    Returns:
        True where no run can be read, such as a new one or one in a bucket; None for a run that
        says nothing, whose TensorFlow chose.
    """
    try:
        recorded = json.loads(pathlib.Path(dataset_file).read_text()).get(ONEDNN_ENTRY)
    except (OSError, ValueError, AttributeError):
        return True
    return recorded if isinstance(recorded, bool) else None


@contextlib.contextmanager
def _native_stderr_hidden() -> Iterator[None]:
    sys.stderr.flush()
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
