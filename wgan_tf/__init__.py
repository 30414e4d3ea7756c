"""Wasserstein GAN training for TensorFlow 2.

    import wgan_tf

    config = wgan_tf.Config.from_flagfile("configs/digits.flags", workdir="runs/mine", steps=2000)
    run = wgan_tf.train(config)
    images = run.sample(64, seed=1)

Importing this is quick: TensorFlow comes with `train` and `Run`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from wgan_tf.config import Config
from wgan_tf.errors import DivergenceError, ExportError, UserError, WorkerLostError
from wgan_tf.tensorflow_import import import_tensorflow

if TYPE_CHECKING:
    from wgan_tf.objectives import Objective
    from wgan_tf.run import Run, train

__all__ = [
    "Config",
    "DivergenceError",
    "ExportError",
    "Objective",
    "Run",
    "UserError",
    "WorkerLostError",
    "train",
]


_WITH_TENSORFLOW = {
    "Objective": "wgan_tf.objectives",
    "Run": "wgan_tf.run",
    "train": "wgan_tf.run",
}


def __getattr__(name: str) -> Any:
    if name not in _WITH_TENSORFLOW:
        raise AttributeError(f"module 'wgan_tf' has no attribute '{name}'")
    import_tensorflow()
    return getattr(importlib.import_module(_WITH_TENSORFLOW[name]), name)
