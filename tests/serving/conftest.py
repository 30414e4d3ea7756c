import keras
import numpy as np
import pytest
import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.networks import registry
from wgan_tf.pixels import PixelScale
from wgan_tf.serving.sampler import ImageSampler, PointSampler

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
def image_sampler(image_generator: keras.Model) -> ImageSampler:
    return ImageSampler(
        image_generator,
        latent_dim=LATENT_DIM,
        latent_distribution="normal",
        image_shape=(6, 6, 3),
        pixel_scale=PixelScale(-1.0, 1.0),
    )


@pytest.fixture
def point_sampler() -> PointSampler:
    return PointSampler(
        LinearPoints(), latent_dim=LATENT_DIM, latent_distribution="uniform", example_shape=[2]
    )


@pytest.fixture(scope="session")
def conditional_generator() -> keras.Model:
    """Draws 8x8 grey pictures in [-1, 1] of four classes that look different."""
    config = Config(
        dcgan_width=2,
        dcgan_kernel_size=3,
        dcgan_initializer="he_uniform",
        latent_dim=LATENT_DIM,
        conditional="auxiliary_classifier",
        generator_conditioning="concatenate",
    )
    return registry.build_average_generator(config, (8, 8, 1), NUM_CLASSES)


@pytest.fixture(scope="session")
def conditional_sampler(conditional_generator: keras.Model) -> ImageSampler:
    return ImageSampler(
        conditional_generator,
        latent_dim=LATENT_DIM,
        latent_distribution="normal",
        image_shape=(8, 8, 1),
        pixel_scale=PixelScale(-1.0, 1.0),
        num_classes=NUM_CLASSES,
    )
