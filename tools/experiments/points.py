"""Runs on the toy distributions, which several claims share."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments import training
from experiments.trials import Measured, Trial

KEPT_POINTS = 1500
NETWORKS = {
    "architecture": "mlp",
    "mlp_generator_units": (128, 128, 128),
    "mlp_critic_units": (128, 128, 128),
    "mlp_initializer": "wgan_gp",
    "output_activation": "linear",
    "latent_dim": 2,
    "batch_size": 128,
    "learning_rate_decay": "linear",
    "summary_every": 500,
    "steps_per_call": 100,
}
SYSTEMS: Mapping[str, Mapping[str, Any]] = {
    "minimax": {
        **training.ADAM,
        "objective": "minimax",
        "lipschitz": "none",
        "generator_learning_rate": 1e-3,
        "critic_learning_rate": 1e-3,
    },
    "non_saturating": {
        **training.ADAM,
        "objective": "non_saturating",
        "lipschitz": "none",
        "generator_learning_rate": 1e-3,
        "critic_learning_rate": 1e-3,
    },
    "clipped": {
        **training.AUTHORS_RMSPROP,
        "objective": "wasserstein",
        "lipschitz": "weight_clipping",
        "clip_value": 0.1,
        "generator_learning_rate": 1e-3,
        "critic_learning_rate": 1e-3,
    },
    "wgan_gp": {
        **training.ADAM,
        "objective": "wasserstein",
        "lipschitz": "gradient_penalty",
        "penalty_weight": 0.1,
        "generator_learning_rate": 2e-3,
        "critic_learning_rate": 2e-3,
    },
}
TITLES = {
    "minimax": "Minimax GAN",
    "non_saturating": "Non-saturating GAN",
    "clipped": "WGAN, clipped",
    "wgan_gp": "WGAN-GP",
}


def draw(folder: pathlib.Path, options: Mapping[str, Any]) -> Measured:
    """Trains on a toy mixture; tells its modes, the distance to it, and some of the points."""
    run = training.train(folder, options)
    points = run.sample(KEPT_POINTS, seed=1)
    return {**run.evaluate(n=5000), "points": np.round(points, 3).tolist()}


def trial(dataset: str, system: str, critic_steps: int, steps: int, seed: int) -> Trial:
    """The trial of a system with so many critic steps, for so many generator steps."""
    options = {
        **NETWORKS,
        **SYSTEMS[system],
        "dataset": f"toy:{dataset}",
        "critic_steps": critic_steps,
        "steps": steps,
        "seed": seed,
    }
    name = f"points/{dataset}-{system}-{critic_steps}-{steps}-{seed}"
    return Trial(name, draw, {"options": options})
