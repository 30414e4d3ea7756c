"""Runs on images, which several claims share."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments import training
from experiments.document import Settings
from experiments.trials import Measured, Trial

SIZE = 16
EVALUATIONS = 8
COMPARED_IMAGES = 1024
LOGGED = (
    *("wasserstein_estimate", "held_out_wasserstein_estimate", "critic_loss", "generator_loss"),
)
NETWORKS = {
    "image_size": SIZE,
    "eval_split": "test",
    "eval_samples": 2000,
    "latent_dim": 64,
    "batch_size": 64,
    "steps_per_call": 25,
}
DCGAN = {**NETWORKS, "architecture": "dcgan", "dcgan_width": 16}
CLIPPED = {
    **training.AUTHORS_RMSPROP,
    "objective": "wasserstein",
    "lipschitz": "weight_clipping",
    "clip_value": 0.01,
    "generator_learning_rate": 2e-4,
    "critic_learning_rate": 2e-4,
    "critic_steps": 5,
    "steps": 600,
}
PENALIZED = {
    **training.ADAM,
    "objective": "wasserstein",
    "lipschitz": "gradient_penalty",
    "generator_learning_rate": 5e-4,
    "critic_learning_rate": 5e-4,
    "critic_steps": 5,
    "steps": 600,
}
GAN = {
    "optimizer": "adam",
    "beta_1": 0.5,
    "beta_2": 0.999,
    "lipschitz": "none",
    "generator_learning_rate": 2e-4,
    "critic_learning_rate": 2e-4,
    "critic_steps": 1,
    "steps": 2000,
}
SYSTEMS: Mapping[str, Mapping[str, Any]] = {
    "wgan_gp": PENALIZED,
    "clipped": CLIPPED,
    "clipped_separate": CLIPPED | {"critic_updates": "separate"},
    "minimax": GAN | {"objective": "minimax"},
    "non_saturating": GAN | {"objective": "non_saturating"},
}


def follow(folder: pathlib.Path, options: Mapping[str, Any]) -> Measured:
    """Trains on images; tells quality, losses and samples, and of a clipped critic its gradients.

    Returns:
        A list of a value an evaluation for the step, the Frechet distance and each of `LOGGED`;
        for a clipped critic also for the norms of its two losses' gradients, of their sum's and
        the cosine between them; and uint8 samples, [24, H, W].
    """
    run = training.train(folder, options)
    lines = run.metrics()
    if not isinstance(lines, list):
        lines = lines.to_dict("records")
    evaluated = [line for line in lines if line["step"] % options["eval_every"] == 0]
    names = ("step", "fid_classifier", *LOGGED)
    courses = {name: [float(line[name]) for line in evaluated] for name in names}
    if options["lipschitz"] == "weight_clipping":
        courses["clipped_share"] = [float(line["clipped_share"]) for line in evaluated]
        found = [_gradients(run, int(step)) for step in courses["step"]]
        courses |= {name: [each[name] for each in found] for name in found[0]}
    return {**courses, "images": run.sample(24, seed=1)[..., 0].tolist()}


def _gradients(run: Any, step: int) -> Mapping[str, float]:
    """Norms of the gradients, in the critic's weights, of its losses on real and on generated."""
    import tensorflow as tf

    from wgan_tf import objectives

    critic = run.critic(checkpoint=step)
    # Training passed them both in [-1, 1].
    generated = run.sample(COMPARED_IMAGES, seed=2, checkpoint=step) / 127.5 - 1
    real = _real_images(run) / 127.5 - 1
    gradients = []
    for images, loss in (
        (real, objectives.wasserstein_real_loss),
        (generated, objectives.wasserstein_generated_loss),
    ):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(critic(images.astype(np.float32))))
        found = tape.gradient(value, critic.trainable_variables)
        gradients.append(np.concatenate([np.ravel(gradient) for gradient in found]))
    real_gradient, generated_gradient = gradients
    norms = [float(np.linalg.norm(gradient)) for gradient in gradients]
    return {
        "real_gradient": norms[0],
        "generated_gradient": norms[1],
        "joint_gradient": float(np.linalg.norm(real_gradient + generated_gradient)),
        "cosine": float(real_gradient @ generated_gradient / (norms[0] * norms[1])),
    }


def _real_images(run: Any) -> np.ndarray:
    from wgan_tf.data.store import open_store

    store = open_store(run.config, run.config.train_split)
    return store.read(np.arange(COMPARED_IMAGES))[0]


def options(settings: Settings, system: str, seed: int) -> dict[str, Any]:
    """Of a system's run on the images that the command names."""
    chosen = {**DCGAN, **SYSTEMS[system], "dataset": settings.data, "seed": seed}
    every = chosen["steps"] // EVALUATIONS
    intervals = ("summary_every", "eval_every", "checkpoint_every")
    return {**chosen, **dict.fromkeys(intervals, every), "keep_checkpoints": EVALUATIONS}


def trial(settings: Settings, system: str, seed: int) -> Trial:
    """The trial of a system and a seed."""
    return Trial(f"images/{system}-{seed}", follow, {"options": options(settings, system, seed)})
