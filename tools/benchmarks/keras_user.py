"""The same training as a user of Keras would write it: `train_step`, `compile` and `fit`.

After Keras's own example of WGAN-GP: the critic's steps all take the batch of the step, and the
networks are Keras's layers alone.
"""

import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.contestant import Turn
from benchmarks.plain_networks import build_plain
from wgan_tf.config import Config
from wgan_tf.data.store import open_store

_IMAGES = 20_000


class KerasFit:
    """`fit` of a model that is compiled as Keras does by default: by XLA where it can be."""

    _JIT_COMPILE: bool | str = "auto"

    def __init__(self, config: Config) -> None:
        if config.precision == "bfloat16":
            keras.mixed_precision.set_global_policy("mixed_bfloat16")
        store = open_store(config, config.train_split)
        stored, _ = store.read(np.arange(min(_IMAGES, store.num_examples)))
        self._images = stored.astype(np.float32) / 127.5 - 1.0
        self._config = config
        self._model = _Wgan(config, *build_plain(config, store.info))
        self._model.compile(jit_compile=self._JIT_COMPILE)

    def turn(self, steps: int) -> Turn:
        """See `Contestant`; the start of `fit` does not count."""
        clock = _Clock()
        self._model.fit(
            self._images,
            batch_size=self._config.batch_size,
            steps_per_epoch=steps + 1,
            verbose=0,
            callbacks=[clock],
        )
        images = steps * self._config.critic_steps * self._config.batch_size
        return Turn(images, steps, clock.ended - clock.began)


class KerasFitWithoutXla(KerasFit):
    """`fit` of a model that is compiled without XLA."""

    _JIT_COMPILE = False


class _Clock(keras.callbacks.Callback):
    """From the end of the first batch to the end of the last."""

    began = 0.0
    ended = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.ended = time.perf_counter()
        if batch == 0:
            self.began = self.ended


class _Wgan(keras.Model):
    def __init__(self, config: Config, generator: keras.Model, critic: keras.Model) -> None:
        super().__init__()
        self.generator, self.critic = generator, critic
        self._settings = config
        self.generator_optimizer, self.critic_optimizer = (
            _optimizer(config, rate)
            for rate in (config.generator_learning_rate, config.critic_learning_rate)
        )

    def train_step(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        config = self._settings
        if isinstance(real, tuple):
            (real,) = real
        for _ in range(config.critic_steps):
            latent = tf.random.normal([config.batch_size, config.latent_dim])
            with tf.GradientTape() as tape:
                generated = self.generator(latent, training=True)
                of_generated = self.critic(generated, training=True)
                of_real = self.critic(real, training=True)
                loss = tf.reduce_mean(of_generated) - tf.reduce_mean(of_real)
                if config.lipschitz == "gradient_penalty":
                    loss += config.penalty_weight * self._penalty(real, generated)
            gradients = tape.gradient(loss, self.critic.trainable_variables)
            self.critic_optimizer.apply_gradients(
                zip(gradients, self.critic.trainable_variables, strict=True)
            )
            if config.lipschitz == "weight_clipping":
                for variable in self.critic.trainable_variables:
                    bound = config.clip_value
                    variable.assign(tf.clip_by_value(variable, -bound, bound))
        latent = tf.random.normal([config.batch_size, config.latent_dim])
        with tf.GradientTape() as tape:
            generated = self.generator(latent, training=True)
            generator_loss = -tf.reduce_mean(self.critic(generated, training=True))
        gradients = tape.gradient(generator_loss, self.generator.trainable_variables)
        self.generator_optimizer.apply_gradients(
            zip(gradients, self.generator.trainable_variables, strict=True)
        )
        return {"critic_loss": loss, "generator_loss": generator_loss}

    def _penalty(self, real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
        mixing = tf.random.uniform([self._settings.batch_size, 1, 1, 1])
        points = mixing * real + (1.0 - mixing) * generated
        with tf.GradientTape() as tape:
            tape.watch(points)
            scores = self.critic(points, training=True)
        slopes = tape.gradient(scores, points)
        norms = tf.sqrt(tf.reduce_sum(tf.square(slopes), axis=[1, 2, 3]))
        return tf.reduce_mean(tf.square(norms - 1.0))


def _optimizer(config: Config, rate: float) -> keras.Optimizer:
    if config.optimizer == "rmsprop":
        return keras.optimizers.RMSprop(rate, config.rho)
    return keras.optimizers.Adam(rate, config.beta_1, config.beta_2)
