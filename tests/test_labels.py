import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.data.helpers import open_all, write_idx
from tests.dataset_info import info_of
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.labels import apportion, count_classes, draw_labels, grid_labels, label_weights
from wgan_tf.training.draws import Draws, Moment, Replica
from wgan_tf.training.randomness import Purpose, draw_key
from wgan_tf.training.trainer import Trainer

CONDITIONAL = Config(workdir="run", conditional="auxiliary_classifier")
WEIGHTS = (0, 6, 0, 3, 1, 0)


@pytest.mark.parametrize(
    ("dataset", "distribution", "expected"),
    [
        ("idx:HERE", "auto", (1, 1, 1, 1)),
        ("idx:HERE", "uniform", (1, 1, 1, 1)),
        ("idx:HERE", "data", (1, 0, 3, 2)),
        ("folder:HERE", "auto", (1, 0, 3, 2)),
        ("folder:HERE", "uniform", (1, 1, 1, 1)),
    ],
)
def test_labels_are_as_frequent_as_asked_for(
    dataset: str, distribution: str, expected: tuple[int, ...], tmp_path: Path
) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((15, 4, 4)))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.repeat([0, 2, 3, 4, 9], [2, 6, 4, 2, 1]))
    classes = ("0", "1", "2", "3")
    store = open_all(f"idx:{tmp_path}", tmp_path, classes=classes)
    config = dataclasses.replace(CONDITIONAL, dataset=dataset, label_distribution=distribution)
    assert label_weights(config, store.info) == expected
    assert label_weights(Config(dataset=dataset), store.info) == ()


def test_drawn_labels_have_the_frequencies_of_their_weights() -> None:
    count = 100_000
    labels = draw_labels(tf.constant([3, 2**62], tf.int64), count, WEIGHTS).numpy()
    assert labels.dtype == np.int32
    frequencies = np.bincount(labels, minlength=len(WEIGHTS)) / count
    expected = np.array(WEIGHTS) / sum(WEIGHTS)
    # Five standard deviations of a binomial share: a class of weight 0 is never drawn.
    assert np.all(np.abs(frequencies - expected) <= 5 * np.sqrt(expected * (1 - expected) / count))
    neighbours = np.corrcoef(labels[1:], labels[:-1])[0, 1]
    assert abs(neighbours) < 5 / np.sqrt(count)


@pytest.mark.parametrize("num_classes", [1, 3, 10, 1000])
def test_uniform_labels_are_whole_numbers_drawn_evenly(num_classes: int) -> None:
    key = tf.constant([7, 2**62 + 6], tf.int64)
    expected = tf.random.stateless_uniform([64], key, 0, num_classes, tf.int32, alg="philox")
    np.testing.assert_array_equal(draw_labels(key, 64, (1,) * num_classes), expected)


def test_replicas_share_the_labels_of_the_global_batch(mlp_config: Config) -> None:
    draws = Draws(mlp_config, WEIGHTS, "float64")

    def labels(replica: int, replicas: int) -> tf.Tensor:
        moment = Moment(tf.constant(5, tf.int64), 2, Replica(replica, replicas))
        _, drawn = draws.generator_inputs(moment, Purpose.CRITIC_LATENT, Purpose.CRITIC_LABEL, 32)
        return drawn

    whole = draw_labels(draw_key(mlp_config.seed, Purpose.CRITIC_LABEL, 5, 2), 32, WEIGHTS)
    np.testing.assert_array_equal(labels(0, 1), whole)
    np.testing.assert_array_equal(tf.concat([labels(i, 4) for i in range(4)], 0), whole)


def test_classes_are_counted_for_conditional_runs_alone() -> None:
    labelled, unlabelled = info_of((8, 8, 1), 3), info_of((8, 8, 1))
    assert count_classes(Config(), labelled) == 0
    assert count_classes(Config(), unlabelled) == 0
    conditional = Config(conditional="auxiliary_classifier", dataset="npy:x")
    assert count_classes(conditional, labelled) == 3
    with pytest.raises(UserError, match=r"--conditional=auxiliary_classifier .*npy:x"):
        count_classes(conditional, unlabelled)


def test_training_asks_for_no_class_that_its_examples_lack(
    mlp_config: Config, tmp_path: Path
) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((8, 4, 4)))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.array([0, 0, 0, 0, 2, 2, 2, 3]))
    store = open_all(f"idx:{tmp_path}", tmp_path, classes=("0", "1", "2", "3"))
    config = dataclasses.replace(
        mlp_config,
        conditional="auxiliary_classifier",
        label_distribution="data",
        output_activation="tanh",
        batch_size=16,
        critic_steps=1,
    )
    trainer = Trainer(config, store, tf.distribute.OneDeviceStrategy("/cpu:0"))
    (table,) = (v for v in trainer.state.generator.variables if v.shape[0] == 4)
    before = table.numpy()
    trainer.advance(1)
    np.testing.assert_array_equal(
        np.any(table.numpy() != before, axis=1), [True, False, True, True]
    )


@pytest.mark.parametrize(
    ("count", "weights"),
    [(2000, (1, 1, 1)), (100, WEIGHTS), (7, (5, 1, 1)), (2, (1,) * 10), (10**6, (3, 10**6, 7))],
)
def test_counts_are_the_exact_shares_rounded_by_largest_remainder(
    count: int, weights: tuple[int, ...]
) -> None:
    counts = apportion(count, weights)
    assert counts.sum() == count
    shares = [Fraction(count * weight, sum(weights)) for weight in weights]
    up = [share for share, given in zip(shares, counts, strict=True) if given == int(share) + 1]
    down = [share for share, given in zip(shares, counts, strict=True) if given == int(share)]
    assert len(up) + len(down) == len(weights)
    assert min((share % 1 for share in up), default=1) >= max(share % 1 for share in down)


def test_counts_of_equal_remainders_go_to_lower_labels() -> None:
    np.testing.assert_array_equal(apportion(2000, (1, 1, 1)), [667, 667, 666])
    np.testing.assert_array_equal(apportion(11, (2, 1, 1)), [5, 3, 3])


def test_grids_of_many_classes_have_columns_of_some() -> None:
    assert grid_labels(0).tolist() == []
    assert grid_labels(1).tolist() == [0]
    assert grid_labels(20).tolist() == list(range(20))
    shown = grid_labels(1200)
    assert (len(shown), shown[0], shown[-1]) == (20, 0, 1199)
    assert np.ptp(np.diff(shown)) <= 1
