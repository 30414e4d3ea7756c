"""Looks at the networks between steps; changes nothing."""

from collections.abc import Iterator, Mapping

import numpy as np

from wgan_tf.config import Config
from wgan_tf.data.batches import batch_indices
from wgan_tf.data.store import Store
from wgan_tf.training import schedule
from wgan_tf.training.loop import Trainer

HELD_OUT_EXAMPLES = 2000


class Inspection:
    """What can be read off the networks of a trainer."""

    def __init__(
        self, config: Config, trainer: Trainer, store: Store, held_out_store: Store | None
    ) -> None:
        self._config = config
        self._trainer = trainer
        self._store = store
        self._held_out_store = held_out_store

    def histograms(self) -> Mapping[str, np.ndarray]:
        """Gradient norms at interpolates of the next batch, and every kernel's entries."""
        number = schedule.batches_before(self._config, self._trainer.step)
        batch = self._batch(self._store, number)
        state = self._trainer.state
        kernels = {
            f"{network.name}/{variable.path}": np.asarray(variable.numpy())
            for network in (state.generator, state.critic)
            for variable in network.trainable_variables
            if len(variable.shape) > 1
        }
        return {"gradient_norms": self._trainer.gradient_norms(batch), **kernels}

    def held_out(self) -> Mapping[str, float]:
        """The Wasserstein estimate on held-out examples, always the same ones."""
        if self._held_out_store is None:
            return {}
        difference = self._trainer.score_difference(self._held_out_batches(self._held_out_store))
        return {"held_out_wasserstein_estimate": difference}

    def _held_out_batches(self, store: Store) -> Iterator[np.ndarray]:
        count = min(HELD_OUT_EXAMPLES, store.num_examples)
        for number in range(max(1, count // self._config.batch_size)):
            yield self._batch(store, number)

    def _batch(self, store: Store, number: int) -> np.ndarray:
        indices = batch_indices(
            store.num_examples, self._config.batch_size, self._config.seed, number
        )
        return store.read(indices)[0]
