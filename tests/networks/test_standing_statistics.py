import dataclasses
from collections.abc import Callable, Iterable

import keras
import numpy as np

from tests.dataset_info import info_of
from wgan_tf.config import Config
from wgan_tf.networks import registry
from wgan_tf.networks.normalization import BatchNormalization
from wgan_tf.networks.standing_statistics import StandingStatistics

Randomize = Callable[[Iterable[keras.Variable]], None]


def build(config: Config, **options: object) -> keras.Model:
    changed = dataclasses.replace(config, mlp_generator_units=(5, 4), **options)
    return registry.build_average_generator(changed, info_of((2,)))


def test_statistics_are_means_over_batches_of_which_each_takes_its_own(
    mlp_config: Config, randomize: Randomize
) -> None:
    network = build(mlp_config, mlp_generator_norm="batch", mlp_generator_dropout=(0.5, 0.5))
    randomize(network.variables)
    batches = np.random.default_rng(1).normal(1.0, 2.0, size=(3, 6, 3))
    hidden = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)][:2]
    norms = [layer for layer in network.layers if isinstance(layer, BatchNormalization)]

    x, expected = batches, []
    for dense, norm in zip(hidden, norms, strict=True):
        weights = [weight.numpy() for weight in dense.weights]
        x = x @ weights[0] + sum(weights[1:])
        means, variances = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
        expected += [means.mean(axis=(0, 1)), variances.mean(axis=(0, 1))]
        x = (x - means) / np.sqrt(variances + 1e-5) * norm.gamma.numpy() + norm.beta.numpy()
        x = np.maximum(x, 0)

    trained = [variable.numpy() for variable in network.trainable_variables]
    statistics = StandingStatistics(network)
    # What was there before has no part in it.
    for _ in range(2):
        statistics.update([batch] for batch in batches)
        actual = [value for norm in norms for value in (norm.moving_mean, norm.moving_variance)]
        for value, wanted in zip(actual, expected, strict=True):
            np.testing.assert_allclose(value, wanted, rtol=1e-12)
    for variable, value in zip(network.trainable_variables, trained, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_a_network_without_batch_norm_is_left_as_it_is(mlp_config: Config) -> None:
    network = build(mlp_config)
    before = network.get_weights()
    StandingStatistics(network).update(iter([]))
    for value, now in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(now, value)
