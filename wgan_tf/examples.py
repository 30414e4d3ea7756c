"""The examples that a configuration names."""

from collections.abc import Iterator

import numpy as np

from wgan_tf.config import Config
from wgan_tf.data import store
from wgan_tf.data.store import Description, Store
from wgan_tf.errors import UserError
from wgan_tf.run_folder import RunFolder

_VALUES_IN_BLOCK = 20_000_000


def open_examples(config: Config, split: str) -> Store:
    """A split of `--dataset`, prepared if it is not yet.

    Raises:
        UserError: it cannot be had.
    """
    return store.open_store(
        config.dataset,
        data_dir=config.data_dir,
        split=split,
        image_size=config.image_size,
        classes=config.classes,
    )


def describe_examples(config: Config, split: str) -> Description:
    """What is known of a split of `--dataset` without preparing it.

    Raises:
        UserError: anything that is known to be wrong with it.
    """
    return store.describe(
        config.dataset,
        data_dir=config.data_dir,
        split=split,
        image_size=config.image_size,
        classes=config.classes,
    )


def open_training_examples(folder: RunFolder) -> Store:
    """The examples that a run was trained on; they must be on this machine.

    Raises:
        UserError: they are not there, or are others.
    """
    config = folder.read_config()
    if describe_examples(config, config.train_split).num_examples is None:
        raise UserError(
            f"The examples of --dataset={config.dataset} are not on this machine; start the run "
            "again, which brings them."
        )
    examples = open_examples(config, config.train_split)
    if examples.digest != folder.read_dataset_card().digest:
        raise UserError(
            f"The examples of --dataset={config.dataset} are not those that the run in "
            f"{folder.path} was trained on; bring the old ones back."
        )
    return examples


def read_blocks(examples: Store, numbers: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Reads many examples, some at a time: their numbers int64 [n], and the examples [n, ...]."""
    size = max(1, _VALUES_IN_BLOCK // int(np.prod(examples.example_shape)))
    for start in range(0, len(numbers), size):
        block = numbers[start : start + size]
        yield block, examples.read(block)[0]
