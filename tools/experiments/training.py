"""Training as a user of the library does, and what the experiments have in common."""

import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# What none of the experiments looks at.
QUIET = {
    "export": False,
    "report": False,
    "sample_every": 0,
    "checkpoint_every": 0,
    # The generator that the critic has seen is the one that is measured.
    "ema_decay": 0.0,
}
ADAM = {"optimizer": "adam", "beta_1": 0.5, "beta_2": 0.9}
# PyTorch's RMSprop, which the authors of WGAN trained with, and Keras 3's.
AUTHORS_RMSPROP = {
    "optimizer": "rmsprop",
    "rho": 0.99,
    "epsilon": 1e-8,
    "epsilon_placement": "outside_root",
}
KERAS_RMSPROP = {
    "optimizer": "rmsprop",
    "rho": 0.9,
    "epsilon": 1e-7,
    "epsilon_placement": "inside_root",
}
# A generator that stays what it is at first: x = z w, without a hidden layer.
RESTING_GENERATOR = {
    "architecture": "mlp",
    "mlp_generator_units": (),
    "mlp_initializer": "glorot_uniform",
    "output_activation": "linear",
    "generator_learning_rate": 0.0,
}


class InterruptedTrialError(RuntimeError):
    """A run was stopped on request; begun again, it goes on."""


def train(folder: pathlib.Path, options: Mapping[str, Any], images: Any = None) -> Any:
    """A finished `wgan_tf.Run`, trained or gone on with in `folder/run`.

    Args:
        folder: the trial's.
        options: of the run, but for its folders.
        images: in place of `options["dataset"]`.

    Raises:
        InterruptedTrialError: it was told to stop before its end.
    """
    import wgan_tf

    config = wgan_tf.Config(
        workdir=str(folder / "run"), data_dir=str(folder.parents[1] / "data"), **QUIET | options
    )
    run = wgan_tf.train(config, images=images)
    if run.step < config.steps:
        raise InterruptedTrialError(f"{folder} stopped at step {run.step}.")
    return run


def resting_kernel(options: Mapping[str, Any]) -> np.ndarray:
    """The kernel of `RESTING_GENERATOR`, [latent_dim, 2], which follows from the run's seed."""
    import wgan_tf
    from wgan_tf.data.info import DatasetInfo
    from wgan_tf.networks import registry

    config = wgan_tf.Config(workdir="unused", **options)
    return registry.build_generator(config, DatasetInfo((2,), None)).get_weights()[0]


def critic_scores(critic: Any, points: np.ndarray) -> np.ndarray:
    """D(x) of points [N, ...]: [N]."""
    return critic(points.astype(np.float32)).numpy()[:, 0]


def critic_gradients(critic: Any, points: np.ndarray) -> np.ndarray:
    """||grad_x D(x)|| at points [N, ...]: [N]."""
    import tensorflow as tf

    from wgan_tf import lipschitz

    return lipschitz.gradient_norms(
        lambda x: critic(x)[:, 0], tf.constant(points, tf.float32)
    ).numpy()


def per_seed(values: Sequence[float]) -> str:
    """The mean over seeds and their standard deviation, or the one number there is.

    The last digit of the mean is the first one that differs from seed to seed, but never beyond
    the fourth after the point.
    """
    mean = float(np.mean(values))
    if len(values) == 1 or not np.isfinite(mean):
        return f"{mean:.3g}"
    deviation = float(np.std(values, ddof=1))
    if deviation == 0:
        return f"{mean:.3g} ± 0"
    if mean and not 1e-3 <= abs(mean) < 1e5:
        return f"{mean:.1e} ± {deviation:.0e}"
    decimals = 4 if deviation < 1e-4 else max(0, -math.floor(math.log10(deviation)))
    shown = f"{deviation:.{decimals}f}" if deviation >= 1e-4 else "<0.0001"
    return f"{mean:.{decimals}f} ± {shown}"
