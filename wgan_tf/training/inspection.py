"""Histograms and metrics that are read off the networks between steps, which stay as they are."""

from collections.abc import Iterator, Mapping

import numpy as np

from wgan_tf import augmentation
from wgan_tf.config import Config
from wgan_tf.data.batches import batch_indices
from wgan_tf.data.store import Store
from wgan_tf.networks.graph import weight_names
from wgan_tf.training import schedule
from wgan_tf.training.state import TrainingState
from wgan_tf.training.trainer import Trainer


def histograms(config: Config, trainer: Trainer, store: Store) -> Mapping[str, np.ndarray]:
    """Gradient norms at interpolates of stored examples, and every kernel's entries, by name."""
    batch = _batch(config, store, schedule.batches_before(config, trainer.step))
    state = trainer.state
    found = {"gradient_norms": trainer.gradient_norms(batch)}
    for network in (state.generator, state.critic):
        names = weight_names(network)
        for variable in network.trainable_variables:
            if len(variable.shape) > 1:
                found[f"weights/{names[variable.path]}"] = np.asarray(variable.numpy())
    return found


def clipped_share(config: Config, state: TrainingState) -> Mapping[str, float]:
    """The share of the critic's weights that are at the clipping bound, if they are clipped."""
    if config.lipschitz != "weight_clipping":
        return {}
    weights = np.concatenate([v.numpy().ravel() for v in state.critic.trainable_variables])
    bound = np.asarray(config.clip_value, weights.dtype)
    return {"clipped_share": float(np.mean(np.abs(weights) >= bound))}


def held_out_metrics(
    config: Config, trainer: Trainer, store: Store, held_out: Store, count: int
) -> Mapping[str, float]:
    """What the critic says of held-out examples and of as many training ones, always the same.

    Like is measured with like: none are augmented, and both are compared with the same generated
    examples.

    Args:
        config: the run's configuration.
        trainer: whose critic is asked.
        store: the examples that are trained on.
        held_out: others.
        count: about how many of each, where there are so many.

    Returns:
        training_wasserstein_estimate; overfitting, see `augmentation.overfitting`; and what
        `Step.held_out_metrics` names, of held-out examples, with `held_out_` before.
    """
    count = min(count, store.num_examples, held_out.num_examples)
    of_training, of_held_out = (
        trainer.held_out_metrics(held_out_batches(config, examples, count))
        for examples in (store, held_out)
    )
    training = of_training["wasserstein_estimate"]
    return {
        "training_wasserstein_estimate": training,
        **{f"held_out_{name}": value for name, value in of_held_out.items()},
        "overfitting": augmentation.overfitting(training, of_held_out["wasserstein_estimate"]),
    }


def held_out_batches(config: Config, store: Store, count: int) -> Iterator[np.ndarray]:
    """Whole batches of about `count` stored examples, always the same ones; at least one."""
    for number in range(max(1, min(count, store.num_examples) // config.batch_size)):
        yield _batch(config, store, number)


def _batch(config: Config, store: Store, number: int) -> np.ndarray:
    indices = batch_indices(store.num_examples, config.batch_size, config.seed, number)
    return store.read(indices)[0]
