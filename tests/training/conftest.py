import dataclasses

import pytest

from wgan_tf.config import Config


@pytest.fixture(scope="session")
def small_config(mlp_config: Config) -> Config:
    """One hidden layer of tanh each; learning rates that float32 has exactly."""
    return dataclasses.replace(
        mlp_config,
        mlp_generator_units=(4,),
        mlp_generator_norm="batch",
        mlp_generator_activation="tanh",
        mlp_critic_units=(5,),
        mlp_critic_activation="tanh",
        batch_size=6,
        generator_learning_rate=2**-5,
        critic_learning_rate=2**-6,
        seed=3,
    )
