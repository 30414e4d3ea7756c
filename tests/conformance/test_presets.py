"""What every preset keeps."""

import dataclasses
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from tests.conformance.presets import PRESET_SHAPES, PRESETS, preset, stand_in
from tests.conformance.trajectory import one_device_trainer, open_data
from wgan_tf.networks import registry


def test_every_preset_is_in_the_table() -> None:
    assert [path.stem for path in PRESETS] == sorted(PRESET_SHAPES)


@pytest.fixture(scope="module")
def cifar10_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with twenty random pictures as TFDS's own builder of CIFAR-10 prepares it."""
    folder = str(tmp_path_factory.mktemp("cifar10"))
    builder = tfds.builder("cifar10", data_dir=folder)
    random = np.random.default_rng(3)
    names = [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ]

    def examples(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for number in range(20):
            image = random.integers(256, size=(32, 32, 3), dtype=np.uint8)
            key = f"{name}_{number}"
            yield key, {"id": key, "image": image, "label": number % 10}

    def split_generators(*_: object, **__: object) -> dict[str, Iterator[Any]]:
        # The builder, too, reads these out of the download.
        builder.info.features["label"].names = names
        return {name: examples(name) for name in ("train", "test")}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builder, "_split_generators", split_generators)
        builder.download_and_prepare()
    return folder


@pytest.mark.parametrize("path", PRESETS, ids=[path.stem for path in PRESETS])
def test_first_step_of_a_preset(
    path: pathlib.Path, data_dir: str, cifar10_dir: str, tmp_path: pathlib.Path
) -> None:
    changes: dict[str, Any] = {
        "workdir": str(tmp_path),
        "batch_size": 4,
        "critic_steps": 1,
        "critic_warmup": False,
        "critic_warmup_period": 0,
    }
    config = preset(path, **changes)
    if config.dataset == "cifar10":
        config = dataclasses.replace(config, data_dir=cifar10_dir)
    else:
        dataset = stand_in(
            tmp_path, PRESET_SHAPES[path.stem], labelled=config.conditional != "none"
        )
        config = dataclasses.replace(
            config, dataset=dataset, data_dir=data_dir, train_split="train", classes=()
        )
    store = open_data(config, config.data_dir)
    assert store.example_shape == PRESET_SHAPES[path.stem]
    registry.check(config, store.info)
    trainer = one_device_trainer(config, config.data_dir)
    # Large networks take longer to compile than to run for so little.
    tf.config.run_functions_eagerly(True)
    try:
        trainer.advance(1)
    finally:
        tf.config.run_functions_eagerly(False)
    assert trainer.step == 1
    assert all(np.isfinite(value) for value in trainer.metrics().values())
