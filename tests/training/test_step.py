import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

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


class Network:
    """x -> relu(x w + b) v + c and its gradients, by hand."""

    def __init__(self, network: keras.Model) -> None:
        self.w, self.b, self.v, self.c = (v.numpy() for v in network.trainable_variables)

    def forward(self, x: np.ndarray) -> np.ndarray:
        return np.maximum(x @ self.w + self.b, 0) @ self.v + self.c

    def backward(self, x: np.ndarray, upward: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """From dL/d(output) [B, out]: dL/d(w, b, v, c) and dL/dx."""
        hidden = np.maximum(x @ self.w + self.b, 0)
        inner = (upward @ self.v.T) * (hidden > 0)
        gradients = [x.T @ inner, inner.sum(0), hidden.T @ upward, upward.sum(0)]
        return gradients, inner @ self.w.T

    def input_gradient_norms(self, x: np.ndarray) -> np.ndarray:
        active = (x @ self.w + self.b > 0) * self.v[:, 0]
        return np.linalg.norm(active @ self.w.T, axis=1)

    def penalty_gradients(self, x: np.ndarray, weight: float) -> list[np.ndarray]:
        """Of mean weight (||dD/dx|| - 1)^2, where dD/dx = w (v where the unit is active)."""
        mask = x @ self.w + self.b > 0
        active = mask * self.v[:, 0]
        slopes = active @ self.w.T
        norms = np.linalg.norm(slopes, axis=1, keepdims=True)
        upward = weight * 2 * (norms - 1) * slopes / norms / len(x)
        by_v = ((upward @ self.w) * mask).sum(0)[:, None]
        return [upward.T @ active, np.zeros_like(self.b), by_v, np.zeros_like(self.c)]


class Adam:
    """Kingma and Ba 2015, algorithm 1 in the form of section 2's end."""

    def __init__(self, rate: float, beta_1: float, beta_2: float) -> None:
        self._rate, self._beta_1, self._beta_2 = rate, beta_1, beta_2
        self._count = 0
        self._mean: Any = 0.0
        self._square: Any = 0.0

    def updates(self, gradients: list[np.ndarray]) -> list[np.ndarray]:
        flat = np.concatenate([gradient.ravel() for gradient in gradients])
        self._count += 1
        self._mean = self._beta_1 * self._mean + (1 - self._beta_1) * flat
        self._square = self._beta_2 * self._square + (1 - self._beta_2) * flat**2
        rate = self._rate * np.sqrt(1 - self._beta_2**self._count) / (1 - self._beta_1**self._count)
        change = -rate * self._mean / (np.sqrt(self._square) + 1e-7)
        ends = np.cumsum([gradient.size for gradient in gradients])[:-1]
        shapes = [gradient.shape for gradient in gradients]
        parts = np.split(change, ends)
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def make(
    config: Config, example_shape: tuple[int, ...], randomize: Randomize | None = None
) -> tuple[TrainingState, Step]:
    state = TrainingState(config, example_shape, 0)
    if randomize:
        for network in (state.generator, state.critic, state.average_generator):
            randomize(network.variables)
    return state, Step(config, state, ())


def values(variables: Iterable[keras.Variable]) -> list[np.ndarray]:
    return [np.array(variable.numpy()) for variable in variables]


def latent_of(config: Config, purpose: Purpose, step: int, critic_step: int = 0) -> np.ndarray:
    key = draw_key(config.seed, purpose, step, critic_step)
    shape = [config.batch_size, config.latent_dim]
    return draw_latents(key, shape, config.latent_distribution).numpy().astype(np.float64)


def assert_moved(
    before: list[np.ndarray], updates: list[np.ndarray], after: list[np.ndarray]
) -> None:
    for start, update, end in zip(before, updates, after, strict=True):
        np.testing.assert_allclose(end - start, update, rtol=1e-6, atol=1e-9)


def assert_equal(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)


def test_critic_steps_are_those_of_algorithm_1(mlp_config: Config, randomize: Randomize) -> None:
    config = dataclasses.replace(mlp_config, seed=3, critic_learning_rate=0.02)
    state, step = make(config, (2,), randomize)
    generator = Network(state.generator)
    adam = Adam(0.02, beta_1=0.5, beta_2=0.9)
    for critic_step in range(3):
        real = POINTS + critic_step
        generated = generator.forward(latent_of(config, Purpose.CRITIC_LATENT, 6, critic_step))
        key = draw_key(3, Purpose.MIXING, 6, critic_step)
        mixing = tf.random.stateless_uniform([4], key, alg="philox").numpy().astype(np.float64)
        points = mixing[:, None] * real + (1 - mixing[:, None]) * generated

        critic = Network(state.critic)
        scores = critic.forward(real)[:, 0], critic.forward(generated)[:, 0]
        norms = critic.input_gradient_norms(points)
        expected = {
            "critic_loss": np.mean(scores[1] - scores[0] + 10 * (norms - 1) ** 2),
            "wasserstein_estimate": np.mean(scores[0] - scores[1]),
            "gradient_penalty": np.mean((norms - 1) ** 2),
            "gradient_norm": np.mean(norms),
            "real_score": np.mean(scores[0]),
            "generated_score": np.mean(scores[1]),
        }
        quarter = np.full([4, 1], 0.25)
        parts = (
            critic.backward(real, -quarter)[0],
            critic.backward(generated, quarter)[0],
            critic.penalty_gradients(points, weight=10),
        )
        gradients = [sum(terms) for terms in zip(*parts, strict=True)]

        before = values(state.critic.variables)
        metrics = step.critic_step(tf.constant(real), None, at(6), tf.constant(critic_step), WHOLE)
        assert set(metrics) == set(expected) == set(step.critic_metrics)
        for name, value in expected.items():
            np.testing.assert_allclose(metrics[name], value, rtol=1e-9, err_msg=name)
        assert_moved(before, adam.updates(gradients), values(state.critic.variables))


def test_generator_steps_are_those_of_algorithm_1(mlp_config: Config, randomize: Randomize) -> None:
    config = dataclasses.replace(mlp_config, generator_learning_rate=0.02, beta_1=0.3)
    state, step = make(config, (2,), randomize)
    critic = Network(state.critic)
    critic_before = values(state.critic.variables)
    adam = Adam(0.02, beta_1=0.3, beta_2=0.9)
    for number in range(3):
        latent = latent_of(config, Purpose.GENERATOR_LATENT, number)
        generator = Network(state.generator)
        generated = generator.forward(latent)
        _, by_example = critic.backward(generated, np.full([4, 1], -0.25))
        gradients, _ = generator.backward(latent, by_example)

        before = values(state.generator.variables)
        metrics = step.generator_step(at(number), WHOLE)
        assert set(metrics) == set(step.generator_metrics)
        np.testing.assert_allclose(
            metrics["generator_loss"], -np.mean(critic.forward(generated)), rtol=1e-9
        )
        assert_moved(before, adam.updates(gradients), values(state.generator.variables))
    assert_equal(critic_before, values(state.critic.variables))


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
        return {**critic, **step.generator_step(at(1), replica)}

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


def test_rmsprop_divides_by_the_root_of_the_mean_square(
    mlp_config: Config, randomize: Randomize
) -> None:
    config = dataclasses.replace(
        mlp_config, optimizer="rmsprop", lipschitz="none", critic_learning_rate=0.01
    )
    state, step = make(config, (2,), randomize)
    critic = Network(state.critic)
    latent = latent_of(config, Purpose.CRITIC_LATENT, 0)
    generated = Network(state.generator).forward(latent)
    quarter = np.full([4, 1], 0.25)
    parts = critic.backward(POINTS, -quarter)[0], critic.backward(generated, quarter)[0]
    gradients = [sum(terms) for terms in zip(*parts, strict=True)]
    # The first step's mean square is a tenth of the square.
    updates = [-0.01 * g / (np.sqrt(0.1 * g**2 + 1e-7)) for g in gradients]
    before = values(state.critic.variables)
    step.critic_step(tf.constant(POINTS), None, at(0), tf.constant(0), WHOLE)
    assert_moved(before, updates, values(state.critic.variables))


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
    difference = step.score_difference(tf.constant(PICTURES), at(2))
    assert_equal(before, values(everything))
    assert norms.shape == (4,)
    assert np.all(norms > 0)
    assert difference.shape == ()


def test_what_is_looked_at_is_what_the_networks_say(
    mlp_config: Config, randomize: Randomize
) -> None:
    state, step = make(mlp_config, (2,), randomize)
    generator, critic = Network(state.generator), Network(state.critic)
    generated = generator.forward(latent_of(mlp_config, Purpose.HELD_OUT_LATENT, 4))
    np.testing.assert_allclose(
        step.score_difference(tf.constant(POINTS), at(4)),
        critic.forward(POINTS).mean() - critic.forward(generated).mean(),
        rtol=1e-9,
    )
    generated = generator.forward(latent_of(mlp_config, Purpose.INSPECTION_LATENT, 4))
    key = draw_key(mlp_config.seed, Purpose.INSPECTION_MIXING, 4)
    mixing = tf.random.stateless_uniform([4, 1], key, alg="philox").numpy().astype(np.float64)
    np.testing.assert_allclose(
        step.gradient_norms(tf.constant(POINTS), at(4)),
        critic.input_gradient_norms(mixing * POINTS + (1 - mixing) * generated),
        rtol=1e-9,
    )


def softmax_cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return -log_probabilities[np.arange(len(labels)), labels]


@pytest.mark.parametrize("conditioning", ["multiply", "concatenate"])
@pytest.mark.parametrize("classify_generated", [False, True])
def test_the_classifiers_losses_are_added_by_their_weights(
    classify_generated: bool, conditioning: str, mlp_config: Config, randomize: Randomize
) -> None:
    config = dataclasses.replace(
        mlp_config,
        lipschitz="none",
        conditional="auxiliary_classifier",
        generator_conditioning=conditioning,
        critic_class_weight=0.7,
        generator_class_weight=0.3,
        classify_generated=classify_generated,
    )
    state = TrainingState(config, (2,), 3)
    randomize((*state.generator.variables, *state.critic.variables))
    step = Step(config, state, (1, 1, 1))
    labels = np.array([2, 0, 0, 1], np.int32)

    def drawn(latent: Purpose, label: Purpose) -> tuple[np.ndarray, np.ndarray]:
        key = draw_key(config.seed, label, 4, 0)
        drawn_labels = tf.random.stateless_uniform([4], key, 0, 3, tf.int32, alg="philox").numpy()
        generated = state.generator([latent_of(config, latent, 4), drawn_labels])
        return generated.numpy(), drawn_labels

    generated, drawn_labels = drawn(Purpose.CRITIC_LATENT, Purpose.CRITIC_LABEL)
    real_scores, real_logits = (output.numpy() for output in state.critic(POINTS))
    scores, logits = (output.numpy() for output in state.critic(generated))
    class_losses = softmax_cross_entropy(real_logits, labels)
    if classify_generated:
        class_losses += softmax_cross_entropy(logits, drawn_labels)
    metrics = step.critic_step(tf.constant(POINTS), tf.constant(labels), at(4), 0, WHOLE)
    assert set(metrics) == set(step.critic_metrics)
    expected = {
        "critic_loss": np.mean(scores) - np.mean(real_scores) + 0.7 * np.mean(class_losses),
        "critic_class_loss": np.mean(class_losses),
        "real_class_accuracy": np.mean(real_logits.argmax(1) == labels),
        "generated_class_accuracy": np.mean(logits.argmax(1) == drawn_labels),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-9, err_msg=name)

    generated, drawn_labels = drawn(Purpose.GENERATOR_LATENT, Purpose.GENERATOR_LABEL)
    scores, logits = (output.numpy() for output in state.critic(generated))
    class_loss = np.mean(softmax_cross_entropy(logits, drawn_labels))
    metrics = step.generator_step(at(4), WHOLE)
    assert set(metrics) == set(step.generator_metrics)
    np.testing.assert_allclose(metrics["generator_class_loss"], class_loss, rtol=1e-9)
    np.testing.assert_allclose(
        metrics["generator_loss"], -np.mean(scores) + 0.3 * class_loss, rtol=1e-9
    )


@pytest.mark.parametrize("objective", ["minimax", "non_saturating", "hinge"])
def test_other_objectives_are_followed(
    objective: str, mlp_config: Config, randomize: Randomize
) -> None:
    config = dataclasses.replace(
        mlp_config, objective=objective, lipschitz="one_sided_gradient_penalty", penalty_weight=5.0
    )
    state, step = make(config, (2,), randomize)
    critic, generator = Network(state.critic), Network(state.generator)
    generated = generator.forward(latent_of(config, Purpose.CRITIC_LATENT, 0))
    key = draw_key(config.seed, Purpose.MIXING, 0)
    mixing = tf.random.stateless_uniform([4, 1], key, alg="philox").numpy().astype(np.float64)
    norms = critic.input_gradient_norms(mixing * POINTS + (1 - mixing) * generated)
    penalty = np.mean(np.maximum(norms - 1, 0) ** 2)
    real_scores, scores = critic.forward(POINTS)[:, 0], critic.forward(generated)[:, 0]
    loss = {
        "hinge": np.maximum(0, 1 - real_scores) + np.maximum(0, 1 + scores),
    }.get(objective, np.log1p(np.exp(-real_scores)) + np.log1p(np.exp(scores)))
    metrics = step.critic_step(tf.constant(POINTS), None, at(0), 0, WHOLE)
    assert set(metrics) == set(step.critic_metrics)
    np.testing.assert_allclose(metrics["gradient_penalty"], penalty, rtol=1e-9)
    np.testing.assert_allclose(metrics["critic_loss"], np.mean(loss) + 5 * penalty, rtol=1e-9)
    if objective != "hinge":
        np.testing.assert_allclose(metrics["real_accuracy"], np.mean(real_scores > 0))
        np.testing.assert_allclose(metrics["generated_accuracy"], np.mean(scores < 0))


def test_the_generators_batch_may_be_a_multiple(mlp_config: Config, randomize: Randomize) -> None:
    config = dataclasses.replace(mlp_config, generator_batch_multiple=3)
    state, step = make(config, (2,), randomize)
    larger = dataclasses.replace(config, batch_size=12)
    generated = Network(state.generator).forward(latent_of(larger, Purpose.GENERATOR_LATENT, 1))
    expected = -np.mean(Network(state.critic).forward(generated))
    np.testing.assert_allclose(
        step.generator_step(at(1), WHOLE)["generator_loss"], expected, rtol=1e-9
    )


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
