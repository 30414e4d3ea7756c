import dataclasses
from collections.abc import Callable, Iterable, Mapping

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from tests.training.reference_networks import draw, judge, slope_norms
from tests.training.reference_step import Reference, values
from wgan_tf.config import Config
from wgan_tf.latents import draw_latents
from wgan_tf.training.draws import Replica
from wgan_tf.training.randomness import Purpose, draw_key
from wgan_tf.training.state import TrainingState
from wgan_tf.training.step import Step

Randomize = Callable[[Iterable[keras.Variable]], None]
WHOLE = Replica(0, 1)
POINTS = np.random.default_rng(5).normal(size=(4, 2))
PICTURES = np.random.default_rng(5).integers(256, size=(4, 8, 8, 1), dtype=np.uint8)


def at(step: int) -> tf.Tensor:
    return tf.constant(step, tf.int64)


def make(
    config: Config, example_shape: tuple[int, ...], randomize: Randomize | None = None
) -> tuple[TrainingState, Step]:
    state = TrainingState(config, info_of(example_shape))
    if randomize:
        for network in (state.generator, state.critic, state.average_generator):
            randomize(network.variables)
    return state, Step(config, state, ())


def latent_of(config: Config, purpose: Purpose, step: int, critic_step: int = 0) -> np.ndarray:
    key = draw_key(config.seed, purpose, step, critic_step)
    shape = [config.batch_size, config.latent_dim]
    return draw_latents(key, shape, config.latent_distribution).numpy().astype(np.float64)


def assert_equal(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_critic_step_leaves_the_generators_weights(
    mlp_config: Config, randomize: Randomize
) -> None:
    state, step = make(mlp_config, (2,), randomize)
    kept = (*state.generator.variables, *state.average_generator.variables)
    before = values(kept)
    step.critic_step(tf.constant(POINTS), None, at(0), tf.constant(0), WHOLE)
    assert_equal(before, values(kept))


@pytest.mark.parametrize("lipschitz", ["gradient_penalty", "weight_clipping", "none"])
def test_the_replicas_metrics_add_up_to_the_global(
    lipschitz: str, mlp_config: Config, randomize: Randomize
) -> None:
    config = dataclasses.replace(mlp_config, lipschitz=lipschitz)

    def metrics(replica: Replica, real: np.ndarray) -> Mapping[str, tf.Tensor]:
        _, step = make(config, (2,), randomize)
        critic = step.critic_step(tf.constant(real), None, at(1), tf.constant(2), replica)
        _, step = make(config, (2,), randomize)
        found = {**critic, **step.generator_step(at(1), replica)}
        names = (*step.critic_metrics, *step.generator_metrics)
        return {name: found[name] for name in names}

    whole = metrics(WHOLE, POINTS)
    halves = [metrics(Replica(i, 2), POINTS[2 * i : 2 * i + 2]) for i in range(2)]
    for name, value in whole.items():
        np.testing.assert_allclose(
            halves[0][name] + halves[1][name], value, rtol=1e-9, err_msg=name
        )
    if lipschitz != "gradient_penalty":
        assert whole["gradient_penalty"] == 0
        assert whole["critic_loss"] == -whole["wasserstein_estimate"]


@pytest.mark.parametrize("ema_decay", [0.9, 0.0])
def test_the_average_follows_weights_and_batch_statistics(
    ema_decay: float, dcgan_config: Config
) -> None:
    config = dataclasses.replace(dcgan_config, ema_decay=ema_decay, generator_learning_rate=0.01)
    state, step = make(config, (8, 8, 1))
    assert sum("moving_" in variable.path for variable in state.generator.weights) == 2
    expected = values(state.average_generator.weights)
    for number in (0, 1, 200):
        step.generator_step(at(number), WHOLE)
        decay = min(ema_decay, (1 + number) / (10 + number))
        current = values(state.generator.weights)
        expected = [
            decay * average.astype(np.float64) + (1 - decay) * new
            for average, new in zip(expected, current, strict=True)
        ]
        for average, value in zip(values(state.average_generator.weights), expected, strict=True):
            np.testing.assert_allclose(average, value, rtol=1e-5, atol=1e-7)


def test_without_an_average_the_generator_is_taken_as_it_is(dcgan_config: Config) -> None:
    config = dataclasses.replace(dcgan_config, ema_decay=0.0, generator_learning_rate=0.01)
    state, step = make(config, (8, 8, 1))
    for number in range(3):
        step.generator_step(at(number), WHOLE)
    assert_equal(values(state.average_generator.weights), values(state.generator.weights))


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_every_critic_variable_is_kept_in_bounds(
    optimizer: str, norm: str, dcgan_config: Config
) -> None:
    config = dataclasses.replace(
        dcgan_config,
        lipschitz="weight_clipping",
        clip_value=0.03,
        optimizer=optimizer,
        critic_learning_rate=0.01,
        dcgan_critic_norm=norm,
        dcgan_start_size=2,
    )
    state, step = make(config, (8, 8, 1))
    for critic_step in range(4):
        step.critic_step(tf.constant(PICTURES), None, at(0), tf.constant(critic_step), WHOLE)
        largest = [np.abs(v.numpy()).max() for v in state.critic.trainable_variables]
        assert max(largest) == np.float32(0.03)
        assert all(value <= np.float32(0.03) for value in largest)


@pytest.mark.parametrize("passes", [1, 2])
def test_batch_norm_is_over_the_examples_of_one_pass(passes: int, dcgan_config: Config) -> None:
    config = dataclasses.replace(
        dcgan_config,
        lipschitz="none",
        critic_passes=passes,
        dcgan_critic_norm="batch",
        dcgan_start_size=2,
    )
    state, step = make(config, (8, 8, 1))
    latent = latent_of(config, Purpose.CRITIC_LATENT, 0).astype(np.float32)
    generated = state.generator([latent], training=True)
    real = tf.constant(PICTURES / 127.5 - 1, tf.float32)
    if passes == 2:
        scores = [state.critic(examples, training=True) for examples in (real, generated)]
    else:
        scores = tf.split(state.critic(tf.concat([real, generated], 0), training=True), 2)
    expected = np.mean(scores[0]) - np.mean(scores[1])
    metrics = step.critic_step(tf.constant(PICTURES), None, at(0), tf.constant(0), WHOLE)
    np.testing.assert_allclose(metrics["wasserstein_estimate"], expected, rtol=1e-4, atol=1e-7)


def test_looking_at_the_critic_changes_nothing(dcgan_config: Config) -> None:
    state, step = make(dcgan_config, (8, 8, 1))
    everything = (
        *state.generator.variables,
        *state.critic.variables,
        *state.generator_optimizer.variables,
        *state.critic_optimizer.variables,
    )
    before = values(everything)
    norms = step.gradient_norms(tf.constant(PICTURES), at(2))
    held_out = step.held_out_metrics(tf.constant(PICTURES), at(2))
    assert_equal(before, values(everything))
    assert norms.shape == (4,)
    assert np.all(norms > 0)
    assert set(held_out) == {"wasserstein_estimate"}
    assert held_out["wasserstein_estimate"].shape == ()


@pytest.mark.parametrize("objective", ["wasserstein", "non_saturating"])
def test_what_is_looked_at_is_what_the_networks_say(
    objective: str, small_config: Config, randomize: Randomize
) -> None:
    config = dataclasses.replace(small_config, objective=objective, batch_size=4)
    state, step = make(config, (2,), randomize)
    reference = Reference(config, state)
    moments = (reference.moments[0], reference.moments[1])

    def generated(purpose: Purpose) -> np.ndarray:
        return draw(reference.generator, latent_of(config, purpose, 4), moments=moments)[0]

    scores = judge(reference.critic, POINTS)[0]
    drawn_scores = judge(reference.critic, generated(Purpose.HELD_OUT_LATENT))[0]
    expected = {"wasserstein_estimate": scores.mean() - drawn_scores.mean()}
    if objective == "non_saturating":
        expected["real_accuracy"] = np.mean(scores > 0)
        expected["generated_accuracy"] = np.mean(drawn_scores < 0)
    held_out = step.held_out_metrics(tf.constant(POINTS), at(4))
    assert set(held_out) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(held_out[name], value, rtol=1e-9, err_msg=name)

    key = draw_key(config.seed, Purpose.INSPECTION_MIXING, 4)
    mixing = tf.random.stateless_uniform([4, 1], key, alg="philox").numpy().astype(np.float64)
    points = mixing * POINTS + (1 - mixing) * generated(Purpose.INSPECTION_LATENT)
    np.testing.assert_allclose(
        step.gradient_norms(tf.constant(POINTS), at(4)),
        slope_norms(reference.critic, points),
        rtol=1e-9,
    )


def test_the_generators_batch_may_be_a_multiple(small_config: Config, randomize: Randomize) -> None:
    config = dataclasses.replace(small_config, generator_batch_multiple=3, objective="minimax")
    state, step = make(config, (2,), randomize)
    reference = Reference(config, state)
    larger = dataclasses.replace(config, batch_size=18)
    expected = reference.generator_step(latent_of(larger, Purpose.GENERATOR_LATENT, 1), None)
    metrics = step.generator_step(at(1), WHOLE)
    assert set(metrics) == {*expected, *step.generator_gradients}
    for name, value in expected.items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-9, err_msg=name)
    after = zip(values(state.generator.trainable_variables), reference.generator, strict=True)
    for value, wanted in after:
        np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-9)


def test_dequantized_pixels_are_spread_over_their_step(
    mlp_config: Config, randomize: Randomize
) -> None:
    config = dataclasses.replace(
        mlp_config, dequantize=True, output_activation="tanh", lipschitz="none"
    )
    state, step = make(config, (8, 8, 1), randomize)
    noise = tf.random.stateless_uniform(
        PICTURES.shape, draw_key(config.seed, Purpose.DEQUANTIZATION, 2, 1), alg="philox"
    )
    real = 2 * (PICTURES / 256 - 0.5) + noise.numpy().astype(np.float64) / 128
    generated = state.generator([latent_of(config, Purpose.CRITIC_LATENT, 2, 1)])
    expected = np.mean(state.critic(real)) - np.mean(state.critic(generated))
    metrics = step.critic_step(tf.constant(PICTURES), None, at(2), tf.constant(1), WHOLE)
    np.testing.assert_allclose(metrics["wasserstein_estimate"], expected, rtol=1e-9)


def test_spectral_norm_brings_every_kernels_norm_to_one(dcgan_config: Config) -> None:
    config = dataclasses.replace(dcgan_config, objective="hinge", lipschitz="spectral_norm")
    state, step = make(config, (8, 8, 1))
    for critic_step in range(30):
        step.critic_step(tf.constant(PICTURES), None, at(0), tf.constant(critic_step), WHOLE)
    kernels = [layer.kernel.numpy() for layer in state.critic.layers if hasattr(layer, "direction")]
    assert len(kernels) == 2
    for kernel in kernels:
        norm = np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), ord=2)
        assert norm == pytest.approx(1, abs=1e-2)
