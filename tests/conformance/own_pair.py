"""A pair as a caller would write it, with every layer that takes care in training."""

import keras

from wgan_tf import layers
from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo

L = keras.layers


def build_generator(config: Config, info: DatasetInfo) -> keras.Model:
    latent = keras.Input((config.latent_dim,))
    inputs, x = [latent], latent
    if info.num_classes:
        label = keras.Input((), dtype="int32")
        inputs.append(label)
        x = L.Concatenate()([latent, L.Embedding(info.num_classes, 3)(label)])
    height, width, channels = info.example_shape
    x = L.Reshape((height // 2, width // 2, 4))(L.Dense(height * width)(x))
    x = L.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.GroupNormalization(2)(L.Conv2D(4, 3, padding="same")(L.UpSampling2D()(x)))
    x = layers.Dropout(0.3, number=1)(L.Activation("relu")(x))
    return keras.Model(inputs, L.Conv2D(channels, 3, padding="same", activation="tanh")(x))


def build_critic(config: Config, info: DatasetInfo) -> keras.Model:
    image = keras.Input(info.example_shape)
    fine = L.LeakyReLU(0.2)(L.Conv2D(3, 3, padding="same")(image))
    coarse = layers.LeakyReLU(0.2)(L.Conv2D(4, 3, 2, padding="same")(fine))
    x = L.Concatenate()([fine, L.UpSampling2D()(coarse)])
    block = keras.Sequential(
        [keras.Input(x.shape[1:]), L.Conv2D(4, 3, 2), layers.LayerNormalization(), L.LeakyReLU()]
    )
    x = L.Flatten()(layers.Dropout(0.2, number=1)(block(x)))
    heads = [L.Dense(1)(x), *([L.Dense(info.num_classes)(x)] if info.num_classes else [])]
    return keras.Model(image, heads)
