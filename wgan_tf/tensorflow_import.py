"""TensorFlow as this package wants it: Keras's backend, and quiet."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator


def import_tensorflow() -> None:
    """Imports TensorFlow, as Keras's backend, without its C++ notes on stderr.

    Those of the import come before any setting of TensorFlow applies. With TF_CPP_MIN_LOG_LEVEL
    in the environment, all is shown that this asks for; a backend that KERAS_BACKEND names stays.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "TF_CPP_MIN_LOG_LEVEL" not in os.environ and "tensorflow" not in sys.modules:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        with _native_stderr_hidden():
            importlib.import_module("tensorflow")


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
