"""The pictures that a generator was trained on."""

from collections.abc import Iterator

import numpy as np

from wgan_tf.data.store import open_store
from wgan_tf.errors import UserError
from wgan_tf.run_folder import RunFolder

_PICTURES_AT_ONCE = 1024


def of_run(folder: RunFolder) -> Iterator[np.ndarray]:
    """A run's training pictures, uint8 [N, H, W, C] at a time.

    Raises:
        UserError: the data are not there any more, or are others.
    """
    config = folder.read_config()
    store = open_store(
        config.dataset,
        data_dir=config.data_dir,
        split=config.train_split,
        image_size=config.image_size,
        classes=config.classes,
    )
    if store.digest != folder.read_dataset_card().digest:
        raise UserError(
            f"The examples of --dataset={config.dataset} are not those that the run in "
            f"{folder.path} was trained on; bring the old ones back."
        )
    for start in range(0, store.num_examples, _PICTURES_AT_ONCE):
        stop = min(start + _PICTURES_AT_ONCE, store.num_examples)
        yield store.read(np.arange(start, stop))[0]


def of_saved_model() -> Iterator[np.ndarray]:
    """An exported model does not tell where its training pictures are.

    Raises:
        UserError: always.
    """
    raise UserError(
        "--kind=neighbours needs the training pictures, which --saved_model does not have; give "
        "--workdir."
    )
