"""Histograms and metrics that are read off the networks between steps."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from wgan_tf.config import Config
from wgan_tf.data.batches import batch_indices
from wgan_tf.data.store import Store
from wgan_tf.training import schedule
from wgan_tf.training.trainer import Trainer

HELD_OUT_EXAMPLES = 2000


class Inspection:
    """What can be read off the networks of a trainer."""

    def __init__(
        self,
        config: Config,
        trainer: Trainer,
        store: Store,
        held_out_store: Store | None,
        measure: Callable[[], Mapping[str, float]],
    ) -> None:
        """Reads off the networks of a trainer, whose state stays as it is.

        Args:
            config: the run's configuration.
            trainer: whose networks are looked at.
            store: the examples that are trained on.
            held_out_store: others; None where nothing is evaluated.
            measure: metrics of generated examples, by name.
        """
        self._config = config
        self._trainer = trainer
        self._store = store
        self._held_out_store = held_out_store
        self._measure = measure

    def histograms(self) -> Mapping[str, np.ndarray]:
        """Gradient norms at interpolates of stored examples, and every kernel's entries."""
        number = schedule.batches_before(self._config, self._trainer.step)
        batch = _batch(self._config, self._store, number)
        state = self._trainer.state
        kernels = {
            f"weights/{network.name}/{variable.path}": np.asarray(variable.numpy())
            for network in (state.generator, state.critic)
            for variable in network.trainable_variables
            if len(variable.shape) > 1
        }
        return {"gradient_norms": self._trainer.gradient_norms(batch), **kernels}

    def scalars(self) -> Mapping[str, float]:
        """The share of the critic's weights that are at the clipping bound, if they are clipped."""
        if self._config.lipschitz != "weight_clipping":
            return {}
        weights = np.concatenate(
            [v.numpy().ravel() for v in self._trainer.state.critic.trainable_variables]
        )
        bound = np.asarray(self._config.clip_value, weights.dtype)
        return {"clipped_share": float(np.mean(np.abs(weights) >= bound))}

    def evaluation(self) -> Mapping[str, float]:
        """What the critic says of held-out examples, always the same ones, and metrics."""
        if self._held_out_store is None:
            return {}
        batches = held_out_batches(self._config, self._held_out_store, HELD_OUT_EXAMPLES)
        found = self._trainer.held_out_metrics(batches)
        held_out = {f"held_out_{name}": value for name, value in found.items()}
        return {**held_out, **self._measure()}


def held_out_batches(config: Config, store: Store, count: int) -> Iterator[np.ndarray]:
    """Whole batches of about `count` stored examples, always the same ones; at least one."""
    for number in range(max(1, min(count, store.num_examples) // config.batch_size)):
        yield _batch(config, store, number)


def _batch(config: Config, store: Store, number: int) -> np.ndarray:
    indices = batch_indices(store.num_examples, config.batch_size, config.seed, number)
    return store.read(indices)[0]
