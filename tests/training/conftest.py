import dataclasses

import pytest

from tests.training.fake_training import FakeClock, FakeTrainer
from wgan_tf.config import Config
from wgan_tf.training import training_loop


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


@pytest.fixture
def loop_config() -> Config:
    """A run whose events come at steps of their own."""
    return Config(
        steps=11,
        steps_per_call=2,
        summary_every=3,
        sample_every=4,
        checkpoint_every=5,
        batch_size=4,
    )


@pytest.fixture
def fake_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that passes in the steps of the trainer alone."""
    clock = FakeClock()
    monkeypatch.setattr(training_loop, "time", clock)
    advance = FakeTrainer.advance

    def timed(self: FakeTrainer, steps: int) -> None:
        advance(self, steps)
        clock.now = self.now

    monkeypatch.setattr(FakeTrainer, "advance", timed)
