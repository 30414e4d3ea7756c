"""Standing statistics: batch norm fixed by the moments of the very weights that are drawn from."""

from collections.abc import Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from wgan_tf.networks.graph import layers_within
from wgan_tf.networks.normalization import BatchNormalization, recorded_moments


class StandingStatistics:
    """Puts standing statistics (Brock et al. 2019) into the batch norms of one network.

    Over N batches, each of which passes with every norm normalizing by the batch's own moments
    and without dropout, the statistics of a norm are the mean of its N means and the mean of its N
    variances. They follow from the weights and the batches alone, not from the moving statistics
    that they replace.
    """

    def __init__(self, network: keras.Model) -> None:
        """Names the network.

        Args:
            network: whose statistics are put in place of its moving ones.
        """
        norms = [layer for layer in layers_within(network) if isinstance(layer, BatchNormalization)]
        self._statistics = [
            variable for norm in norms for variable in (norm.moving_mean, norm.moving_variance)
        ]

        def moments(inputs: list[tf.Tensor]) -> list[tf.Tensor]:
            with recorded_moments() as recorded:
                network(inputs, training=False)
            return [moment for norm in norms for moment in recorded[norm]]

        self._moments = tf.function(moments, autograph=False)

    def update(self, batches: Iterable[Sequence[tf.Tensor]]) -> None:
        """Computes the statistics for the network's present weights and puts them in.

        Args:
            batches: inputs of the network, one batch or more of one size; unread if the network
                has no batch norm.
        """
        if not self._statistics:
            return
        of_batches = [self._moments(list(inputs)) for inputs in batches]
        for variable, moments in zip(self._statistics, zip(*of_batches, strict=True), strict=True):
            variable.assign(np.mean([moment.numpy() for moment in moments], 0, np.float64))
