import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.data.batches import batch_indices, example_indices
from wgan_tf.data.store import Store

from .helpers import open_all, replica_batches, told, write_idx


@pytest.fixture
def store(tmp_path: Path) -> Store:
    # The picture of row n is all n, and its label n % 3.
    images = np.broadcast_to(np.arange(30)[:, None, None], (30, 4, 4))
    write_idx(tmp_path / "train-images-idx3-ubyte", images)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.arange(30) % 3)
    return open_all(f"idx:{tmp_path}", tmp_path)


def take(dataset: tf.data.Dataset, count: int) -> list[np.ndarray]:
    return [batch["examples"][:, 0, 0, 0] for batch in dataset.take(count).as_numpy_iterator()]


@pytest.mark.parametrize(
    ("num_examples", "batch_size"), [(1, 1), (1, 3), (2, 3), (10, 4), (10, 25), (97, 32)]
)
def test_every_epoch_is_a_permutation_though_batches_cross_epochs(
    num_examples: int, batch_size: int
) -> None:
    num_batches = -(-5 * num_examples // batch_size)
    order = np.concatenate(
        [batch_indices(num_examples, batch_size, 7, number) for number in range(num_batches)]
    )
    assert order.dtype == np.int64
    for epoch in order[: 5 * num_examples].reshape(5, num_examples):
        assert sorted(epoch) == list(range(num_examples))


def test_order_depends_on_epoch_and_on_all_64_bits_of_the_seed() -> None:
    orders = [
        batch_indices(1000, 1000, seed, epoch)
        for seed, epoch in [(0, 0), (0, 1), (1, 0), (1 << 32, 0), (-1, 0)]
    ]
    for i, first in enumerate(orders):
        for second in orders[i + 1 :]:
            assert np.mean(first == second) < 0.05


@pytest.mark.parametrize("num_examples", [1797, 60000, 65536, 100000])
def test_orders_of_neighbouring_epochs_do_not_correlate(num_examples: int) -> None:
    epochs = [batch_indices(num_examples, num_examples, 7, epoch) for epoch in range(4)]
    limit = 5 / np.sqrt(num_examples)
    for i, first in enumerate(epochs):
        for second in [*epochs[i + 1 :], np.arange(num_examples)]:
            assert abs(np.corrcoef(first, second)[0, 1]) < limit
        for lag in (1, 64, 256):
            assert abs(np.corrcoef(first[lag:], first[:-lag])[0, 1]) < limit


def test_far_batches_are_addressed_directly() -> None:
    number = 1 << 40
    positions = tf.constant(np.arange(8, dtype=np.int64) + number * 8)
    expected = example_indices(positions, num_examples=100, seed=3).numpy()
    np.testing.assert_array_equal(batch_indices(100, 8, 3, number), expected)
    assert expected.max() < 100


def test_batches_hold_the_examples_that_batch_indices_names(store: Store) -> None:
    batches = replica_batches(
        store, global_batch_size=8, seed=5, first_batch=3, slices=[0], num_slices=1
    )
    for number, batch in enumerate(batches.take(6).as_numpy_iterator(), start=3):
        rows = batch_indices(30, 8, 5, number)
        np.testing.assert_array_equal(
            batch["examples"], np.broadcast_to(rows[:, None, None, None], (8, 4, 4, 1))
        )
        np.testing.assert_array_equal(batch["labels"], rows % 3)
        assert batch["examples"].dtype == np.uint8
        assert batch["labels"].dtype == np.int32


@pytest.mark.parametrize("num_slices", [2, 4])
def test_slices_make_up_the_same_global_batches(store: Store, num_slices: int) -> None:
    whole = replica_batches(
        store, global_batch_size=8, seed=5, first_batch=2, slices=[0], num_slices=1
    )
    sliced = replica_batches(
        store,
        global_batch_size=8,
        seed=5,
        first_batch=2,
        slices=range(num_slices),
        num_slices=num_slices,
    )
    np.testing.assert_array_equal(
        np.concatenate(take(sliced, 3 * num_slices)), np.concatenate(take(whole, 3))
    )


def test_one_host_reads_only_its_own_slices(store: Store) -> None:
    batches = replica_batches(
        store, global_batch_size=8, seed=5, first_batch=0, slices=[1, 3], num_slices=4
    )
    global_batches = [batch_indices(30, 8, 5, number) for number in range(2)]
    expected = [batch[start : start + 2] for batch in global_batches for start in (2, 6)]
    np.testing.assert_array_equal(take(batches, 4), expected)


def test_shapes_are_static_and_labels_are_absent_without_any(store: Store, tmp_path: Path) -> None:
    options = {"global_batch_size": 6, "seed": 0, "first_batch": 0, "slices": [0], "num_slices": 2}
    assert replica_batches(store, **options).element_spec == {
        "examples": tf.TensorSpec([3, 4, 4, 1], tf.uint8),
        "labels": tf.TensorSpec([3], tf.int32),
    }
    np.save(tmp_path / "points.npy", np.eye(5, dtype=np.float32))
    points = open_all(f"npy:{tmp_path / 'points.npy'}", tmp_path)
    assert replica_batches(points, **options).element_spec == {
        "examples": tf.TensorSpec([3, 5], tf.float32)
    }


def test_an_epoch_covers_exactly_the_chosen_classes(store: Store, tmp_path: Path) -> None:
    chosen = open_all(f"idx:{tmp_path}", tmp_path, classes=("2", "0"))
    (batch,) = (
        replica_batches(
            chosen, global_batch_size=20, seed=1, first_batch=0, slices=[0], num_slices=1
        )
        .take(1)
        .as_numpy_iterator()
    )
    rows = batch["examples"][:, 0, 0, 0]
    assert sorted(rows) == [n for n in range(30) if n % 3 != 1]
    np.testing.assert_array_equal(batch["labels"], rows % 3 // 2)


def test_batch_must_divide_into_the_replicas(store: Store) -> None:
    with told("--batch_size=9", "2 replicas"):
        replica_batches(store, global_batch_size=9, seed=0, first_batch=0, slices=[0], num_slices=2)


@pytest.mark.long
def test_an_epoch_over_a_large_store_stays_out_of_memory(tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("/proc is absent: memory is not told")
    script = (
        "import re, sys; from pathlib import Path\n"
        "from wgan_tf.config import Config\n"
        "from wgan_tf.data import batches, store\n"
        "def anonymous_megabytes():\n"
        "    status = Path('/proc/self/status').read_text()\n"
        "    return int(re.search(r'RssAnon:\\s+(\\d+) kB', status)[1]) / 1e3\n"
        "def highest_while_reading(dataset, count):\n"
        "    config = Config(dataset=dataset, data_dir=sys.argv[1])\n"
        "    opened = store.open_store(config, 'train')\n"
        "    source = batches.BatchSource(opened, global_batch_size=16, seed=0, num_slices=1)\n"
        "    read = batches.streamed_batches(source, first_batch=0, slices=[0]).take(count)\n"
        "    return opened, max(anonymous_megabytes() for _ in read)\n"
        "_, before = highest_while_reading('digits', 4)\n"
        "opened, highest = highest_while_reading(sys.argv[2], 96)\n"
        "assert opened.examples.nbytes == 16 * 96 * 256 * 256 * 3\n"
        "print(highest - before)\n"
    )
    path = tmp_path / "pictures.npy"
    shape = (16 * 96, 256, 256, 3)
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    open_all(f"npy:{path}", tmp_path)
    process = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), f"npy:{path}"],
        capture_output=True,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    shutil.rmtree(tmp_path / "wgan_tf_stores")
    assert process.returncode == 0, process.stderr
    assert float(process.stdout) < 100
