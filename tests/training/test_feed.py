"""Batches are the same ones, wherever they come from."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.trajectory import open_data, variables
from wgan_tf.config import Config
from wgan_tf.data.batches import BatchSource, batch_indices, rows_of
from wgan_tf.data.store import Store
from wgan_tf.training.feed import build_feed, packed, unpacked
from wgan_tf.training.trainer import Trainer

BATCHES = 5
WAYS: dict[str, dict[str, Any]] = {
    "all classes": {},
    "some classes": {"classes": ("3", "8"), "conditional": "auxiliary_classifier"},
    "the same batch": {"critic_batches": "same", "critic_steps": 2},
    "points": {"dataset": "toy:25gaussians", "output_activation": "linear"},
}


@pytest.fixture
def config(mlp_config: Config) -> Config:
    return dataclasses.replace(mlp_config, dataset="digits", output_activation="tanh")


def opened(config: Config, tmp_path: pathlib.Path, way: str, limit: int) -> tuple[Config, Store]:
    changed = dataclasses.replace(config, device_data_limit=limit, **WAYS[way])
    return changed, open_data(changed, str(tmp_path))


@pytest.mark.parametrize("limit", [0, 1024])
@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("way", WAYS)
def test_a_feed_gives_the_batches_of_the_numbers_that_are_asked_for(
    way: str,
    replicas: int,
    limit: int,
    config: Config,
    tmp_path: pathlib.Path,
    two_replicas: tf.distribute.Strategy,
) -> None:
    config, store = opened(config, tmp_path, way, limit)
    alone = tf.distribute.OneDeviceStrategy("/cpu:0")
    strategy = two_replicas if replicas == 2 else alone
    feed = build_feed(config, store, strategy)

    @tf.function
    def take(source: Any, number: tf.Tensor) -> Any:
        return feed.take(source, number)

    # Twice on from where it stood, then back to the start, as after a checkpoint is restored.
    for first in (7, 7 + BATCHES, 0):
        source = feed.source(first, first + BATCHES)
        for number in range(first, first + BATCHES):
            batch = take(source, tf.constant(number, tf.int64))
            indices = batch_indices(store.num_examples, config.batch_size, config.seed, number)
            examples, labels = store.read(indices)
            expected = {"examples": examples}
            if labels is not None:
                expected["labels"] = labels
            assert set(batch) == set(expected)
            for name, values in expected.items():
                parts = strategy.experimental_local_results(batch[name])
                assert len(parts) == replicas
                np.testing.assert_array_equal(np.concatenate(parts), values)
                assert parts[0].dtype == values.dtype


@pytest.mark.parametrize("critic_batches", ["new", "same"])
@pytest.mark.parametrize("dataset", ["digits", "toy:8gaussians"])
def test_a_run_is_the_same_bit_for_bit_where_its_data_are_read_while_training(
    dataset: str, critic_batches: str, config: Config, tmp_path: pathlib.Path
) -> None:
    found = []
    output = "tanh" if dataset == "digits" else "linear"
    for limit, calls in ((1024, [5]), (0, [2, 1, 2])):
        changed = dataclasses.replace(
            config,
            dataset=dataset,
            output_activation=output,
            critic_batches=critic_batches,
            critic_steps=2,
            device_data_limit=limit,
        )
        store = open_data(changed, str(tmp_path))
        trainer = Trainer(changed, store, tf.distribute.OneDeviceStrategy("/cpu:0"))
        for steps in calls:
            trainer.advance(steps)
        found.append(variables(trainer.state))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", [(2, 2, 1), (3, 3, 1), (3, 5, 3), (8, 8, 3)])
def test_bytes_are_packed_into_words_and_back(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    data = {
        "examples": tf.constant(random.integers(256, size=(9, *shape), dtype=np.uint8)),
        "labels": tf.range(9),
        "selection": tf.constant([8, 0, 5, 7], tf.int64),
    }
    words = packed(data)
    assert {each.dtype for each in words.values()} == {tf.int64}
    indices = tf.constant([2, 0, 0], tf.int64)
    found = unpacked(rows_of(words, indices), data["examples"])
    expected = rows_of(data, indices)
    assert set(found) == set(expected) == {"examples", "labels"}
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].dtype == values.dtype
    np.testing.assert_array_equal(expected["labels"], [5, 8, 8])


def test_points_are_not_packed() -> None:
    data = {"examples": tf.constant(np.random.default_rng(0).normal(size=(9, 2)), tf.float32)}
    words = packed(data)
    assert words["examples"].dtype == tf.float32
    found = unpacked(rows_of(words, tf.constant([4], tf.int64)), data["examples"])
    np.testing.assert_array_equal(found["examples"], data["examples"][4:5])


def test_mapped_examples_are_not_copied(config: Config, tmp_path: pathlib.Path) -> None:
    store = open_data(config, str(tmp_path))
    source = BatchSource(store, global_batch_size=4, seed=0, num_slices=1)
    # NumPy's view of a tensor on the CPU is of its own memory.
    assert np.shares_memory(np.asarray(source.data["examples"]), store.examples)
