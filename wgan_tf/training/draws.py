"""What a step draws at random, each for the global batch, of which a replica takes its slice."""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence

import tensorflow as tf

from wgan_tf import random_numbers
from wgan_tf.config import Config
from wgan_tf.labels import draw_labels
from wgan_tf.latents import draw_latents
from wgan_tf.networks import dropout
from wgan_tf.training.randomness import Purpose, draw_key, replica_slice


@dataclasses.dataclass(frozen=True)
class Replica:
    """Which part of the global batch is this replica's."""

    number: tf.Tensor | int
    count: int


@dataclasses.dataclass(frozen=True)
class Moment:
    """When something is drawn, and by whom.

    Attributes:
        step: the generator step.
        critic_step: the critic step within it.
        replica: whose part of the draw is taken.
        stream: how often the run went back; each time, it draws anew.
    """

    step: tf.Tensor
    critic_step: tf.Tensor | int
    replica: Replica
    stream: tf.Tensor | int = 0


class Draws:
    """The random draws of a run, pure functions of its seed, the moment and the purpose."""

    def __init__(self, config: Config, label_weights: Sequence[int], dtype: str) -> None:
        """Names what is drawn.

        Args:
            config: the run's configuration.
            label_weights: in proportion to the probabilities of the labels; empty for a generator
                without.
            dtype: of everything drawn but labels.
        """
        self._config = config
        self._label_weights = label_weights
        self._dtype = dtype
        self._for_xla = config.jit_compile == "true"

    def generator_inputs(
        self, moment: Moment, latent: Purpose, label: Purpose, batch_size: int
    ) -> list[tf.Tensor]:
        """Latents [B, latent_dim], and labels int32 [B] by their weights if there are classes.

        Args:
            moment: when.
            latent: the purpose of the latents.
            label: the purpose of the labels.
            batch_size: examples in the global batch.
        """
        shape = (batch_size, self._config.latent_dim)
        distribution = self._config.latent_distribution
        inputs = [
            self._sliced(
                moment,
                latent,
                lambda key: draw_latents(key, shape, distribution, for_xla=self._for_xla),
            )
        ]
        if self._label_weights:
            labels = draw_labels(self._key(moment, label), batch_size, self._label_weights)
            inputs.append(self._slice_of(moment, labels))
        return inputs

    def uniform(
        self, moment: Moment, purpose: Purpose, example_shape: Sequence[int], *, multiple: int = 1
    ) -> tf.Tensor:
        """Numbers uniform on [0, 1), [B, *example_shape], for `multiple` times a batch."""
        shape = (multiple * self._config.batch_size, *example_shape)
        return self._sliced(moment, purpose, lambda key: random_numbers.uniform(shape, key))

    def dropout(
        self, moment: Moment, purpose: Purpose, *, parts: int = 1
    ) -> contextlib.AbstractContextManager[None]:
        """Keys the dropout of a pass through a network; see `networks.dropout.masks_from`."""
        replica = moment.replica
        key = self._key(moment, purpose)
        return dropout.masks_from(key, replica.number, replica.count, parts=parts)

    def _key(self, moment: Moment, purpose: Purpose) -> tf.Tensor:
        return draw_key(self._config.seed, purpose, moment.step, moment.critic_step, moment.stream)

    def _sliced(
        self, moment: Moment, purpose: Purpose, draw: Callable[[tf.Tensor], tf.Tensor]
    ) -> tf.Tensor:
        return tf.cast(self._slice_of(moment, draw(self._key(moment, purpose))), self._dtype)

    @staticmethod
    def _slice_of(moment: Moment, drawn: tf.Tensor) -> tf.Tensor:
        return replica_slice(drawn, moment.replica.number, moment.replica.count)
