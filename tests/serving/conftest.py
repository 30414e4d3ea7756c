import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from tests.untrained import build_generator, write_checkpoint, write_run
from wgan_tf.config import Config
from wgan_tf.networks import registry
from wgan_tf.pixels import PixelScale
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.served_module import ImageModule, PointModule

LATENT_DIM = 5
NUM_CLASSES = 4


class LinearPoints(tf.Module):
    """Maps [latents [N, 5]] to points [N, 2] by `latent @ weights + offset`."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable(np.arange(10, dtype=np.float32).reshape(5, 2) - 4)
        self.offset = tf.Variable([10.0, -20.0])

    def __call__(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        (latent,) = inputs
        return latent @ self.weights + self.offset


@pytest.fixture(scope="session")
def image_generator() -> keras.Model:
    """Draws 6x6 RGB pictures in [-1, 1], its batch statistics moved off their start."""
    keras.utils.set_random_seed(7)
    latent = keras.Input([LATENT_DIM])
    x = keras.layers.Reshape([3, 3, 4])(keras.layers.Dense(3 * 3 * 4)(latent))
    x = keras.layers.BatchNormalization(momentum=0.5)(x)
    x = keras.layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh")(x)
    model = keras.Model([latent], x)
    model([np.random.default_rng(0).normal(size=[32, LATENT_DIM])], training=True)
    return model


@pytest.fixture(scope="session")
def image_spec() -> GeneratorSpec:
    return GeneratorSpec((6, 6, 3), LATENT_DIM, "normal", pixel_scale=PixelScale(-1.0, 1.0))


@pytest.fixture(scope="session")
def image_module(image_generator: keras.Model, image_spec: GeneratorSpec) -> ImageModule:
    return ImageModule(image_generator, image_spec)


@pytest.fixture
def point_module() -> PointModule:
    return PointModule(LinearPoints(), GeneratorSpec((2,), LATENT_DIM, "uniform"))


@pytest.fixture(scope="session")
def conditional_generator() -> keras.Model:
    """Draws 8x8 gray pictures in [-1, 1] of four classes that look different."""
    config = Config(
        dcgan_width=2,
        dcgan_kernel_size=3,
        dcgan_initializer="he_uniform",
        latent_dim=LATENT_DIM,
        conditional="auxiliary_classifier",
        generator_conditioning="concatenate",
    )
    return registry.build_average_generator(config, info_of((8, 8, 1), NUM_CLASSES))


@pytest.fixture(scope="session")
def conditional_module(conditional_generator: keras.Model) -> ImageModule:
    names = tuple(map(str, range(NUM_CLASSES)))
    spec = GeneratorSpec((8, 8, 1), LATENT_DIM, "normal", names, PixelScale(-1.0, 1.0))
    return ImageModule(conditional_generator, spec)


@pytest.fixture(scope="module")
def conditional_run(dcgan_config: Config, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    config = dataclasses.replace(
        dcgan_config,
        conditional="auxiliary_classifier",
        sampling_statistics="standing",
        dequantize=True,
    )
    folder = write_run(tmp_path_factory.mktemp("runs") / "run", config, steps=(2, 3))
    write_checkpoint(folder.best_checkpoints, build_generator(config), 1)
    lines = [
        {"step": 1, "fid_classifier": 9.0, "critic_loss": 1.0},
        {"step": 2, "critic_loss": 2.0},
        {"step": 3, "critic_loss": None},
        {"step": 4, "fid_classifier": 7.0},
    ]
    Path(folder.metrics_file).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder
