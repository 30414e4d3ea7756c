"""Looks at the networks between steps; changes nothing."""

from collections.abc import Callable, Iterator, Mapping

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
        self,
        config: Config,
        trainer: Trainer,
        store: Store,
        held_out_store: Store | None,
        measure: Callable[[], Mapping[str, float]],
    ) -> None:
        """Looks, changes nothing.

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
        batch = self._batch(self._store, number)
        state = self._trainer.state
        kernels = {
            f"{network.name}/{variable.path}": np.asarray(variable.numpy())
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
        """The Wasserstein estimate on held-out examples, always the same ones, and metrics."""
        if self._held_out_store is None:
            return {}
        difference = self._trainer.score_difference(self._held_out_batches(self._held_out_store))
        return {"held_out_wasserstein_estimate": difference, **self._measure()}

    def _held_out_batches(self, store: Store) -> Iterator[np.ndarray]:
        count = min(HELD_OUT_EXAMPLES, store.num_examples)
        for number in range(max(1, count // self._config.batch_size)):
            yield self._batch(store, number)

    def _batch(self, store: Store, number: int) -> np.ndarray:
        indices = batch_indices(
            store.num_examples, self._config.batch_size, self._config.seed, number
        )
        return store.read(indices)[0]
