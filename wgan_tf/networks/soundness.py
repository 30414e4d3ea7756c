"""Whether networks of the caller's own train right, found out by trying them on a small batch.

What is refused here would train without an error, and wrong: on several replicas, after it is
resumed, or under a gradient penalty. Everything is tried on copies; the networks are not touched.
"""

from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from wgan_tf import lipschitz
from wgan_tf.config import Config
from wgan_tf.errors import UserError, reason
from wgan_tf.networks import spectral
from wgan_tf.networks.derivatives import TOLERANCE, layer_error, penalty_error
from wgan_tf.networks.dropout import Dropout, masks_from
from wgan_tf.networks.graph import LayerCall, LayerError, layers_within, recast, trace
from wgan_tf.networks.layers import OUTPUT_RANGES
from wgan_tf.networks.normalization import BatchNormalization

_EXAMPLES = 4
# Of what a layer gives: rounding in float32, in another order, stays below.
_ROUNDING = 1e-4
_FAR = 1e3

_SMOOTH_REPLACEMENTS = {
    "LayerNormalization": "wgan_tf.layers.LayerNormalization",
    "GroupNormalization": "wgan_tf.layers.GroupNormalization",
    "UpSampling2D": 'keras.layers.UpSampling2D with interpolation="nearest"',
    "Resizing": 'keras.layers.UpSampling2D with interpolation="nearest", or pooling',
}
_SMOOTH_ADVICE = "a layer whose second derivatives are right"


def check_pair(
    config: Config,
    example_shape: tuple[int, ...],
    num_classes: int,
    generator: keras.Model,
    critic: keras.Model,
) -> None:
    """Checks that two networks keep every promise that training makes.

    Each network's draws come from the run's seed alone, whatever state it keeps is the same on
    all replicas, and every weight has a gradient; a critic under a penalty judges each example
    alone and has second derivatives that equal central differences.

    Args:
        config: the run's configuration.
        example_shape: shape of an example.
        num_classes: of the labels; 0 without.
        generator: [latent [B, latent_dim], label int32 [B] if any] -> examples [B, ...].
        critic: examples [B, ...] -> [scores [B, 1], class logits [B, num_classes] if any].

    Raises:
        UserError: they do not; names the layer, and what to put in its place.
    """
    random = np.random.default_rng(0)
    examples = tf.constant(random.uniform(0, 1, (_EXAMPLES, *example_shape)), tf.float32)
    inputs = [tf.constant(random.normal(size=(_EXAMPLES, config.latent_dim)), tf.float32)]
    if num_classes:
        inputs.append(tf.range(_EXAMPLES, dtype=tf.int32) % num_classes)
    key = tf.constant([0, 0], tf.int64)
    try:
        with masks_from(key, replica=0, replicas=1):
            _Trial("generator", generator, inputs).check(config)
            _check_drawn(config, generator, inputs)
            trial = _Trial("critic", critic, [examples])
            trial.check(config)
            _check_constraint(config, critic, trial)
    except LayerError as error:
        raise UserError(str(error)) from error


class _Trial:
    """A copy of a network in float32, and one batch."""

    def __init__(self, name: str, network: keras.Model, inputs: Sequence[tf.Tensor]) -> None:
        self._name = name
        self.inputs = inputs
        self._network = recast(network, "float32")

    def check(self, config: Config) -> None:
        """What any network has to keep to."""
        self._check_numbers()
        self._check_losses()
        self._check_gradients()
        self._check_draws()
        self._check_state(config)

    def run(self, inputs: Sequence[tf.Tensor] | None = None) -> list[tf.Tensor]:
        return tf.nest.flatten(
            self._network(list(self.inputs if inputs is None else inputs), training=True)
        )

    def blame(self, is_so: Callable[[LayerCall], bool]) -> str:
        """The layer of which something is so, as the subject of a sentence; else the network."""
        for call in trace(self._network, self.inputs):
            if is_so(call):
                return f"The {self._name}'s layer {call.name}"
        return f"The {self._name}"

    def _check_numbers(self) -> None:
        numbers = [x.number for x in layers_within(self._network) if isinstance(x, Dropout)]
        for number in numbers:
            if numbers.count(number) > 1:
                raise UserError(
                    f"The {self._name} has several Dropout layers of number={number}, which would "
                    "drop the same entries; give each a number of its own."
                )

    def _check_losses(self) -> None:
        self.run()
        for layer in _leaves(self._network):
            if layer.losses:
                raise UserError(
                    f"The {self._name}'s layer {_named(layer)} adds a loss of its own, such as a "
                    "regularizer's, which no objective here has; take it out."
                )

    def _check_gradients(self) -> None:
        floats = [x for x in self.inputs if x.dtype.is_floating]
        weights = self._network.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(floats)
            total = tf.add_n([tf.reduce_sum(output) for output in self.run()])
        by_input, by_weight = tape.gradient(total, (floats, [weight.value for weight in weights]))
        if None in by_input:
            raise UserError(
                f"The {self._name}'s outputs have no gradient in its inputs; let differentiable "
                "layers lead from the one to the other."
            )
        for weight, gradient in zip(weights, by_weight, strict=True):
            if gradient is None:
                raise UserError(
                    f"The {self._name}'s weight {weight.path} has no gradient; let its outputs "
                    "depend on it, or make its layer trainable=False."
                )

    def _check_draws(self) -> None:
        if _agree(self.run(), self.run()):
            return
        subject = self.blame(lambda call: not _agree(call.run(), call.run()))
        raise UserError(
            f"{subject} draws at random by a state of its own, which no checkpoint has and which "
            "is not the same on every replica; use wgan_tf.layers.Dropout in its place."
        )

    def _check_state(self, config: Config) -> None:
        leaves = [layer for layer in _leaves(self._network) if layer.non_trainable_weights]
        before = [layer.get_weights() for layer in leaves]
        self.run()
        for layer, values in zip(leaves, before, strict=True):
            now = layer.get_weights()
            if all(np.array_equal(*pair) for pair in zip(values, now, strict=True)):
                continue
            if not _is_kept_alike(layer, config):
                raise UserError(
                    f"The {self._name}'s layer {_named(layer)} keeps a state that each replica "
                    "makes of its own examples"
                    f"{_without_standing_statistics(config)}; use "
                    "wgan_tf.layers.BatchNormalization in its place."
                )


def _check_drawn(config: Config, generator: keras.Model, inputs: Sequence[tf.Tensor]) -> None:
    """Checks the range of what a generator draws, and that every input has a say in it."""
    disturbed = recast(generator, "float32")
    random = np.random.default_rng(1)
    for weight in disturbed.trainable_variables:
        weight.assign_add(0.02 * random.normal(size=weight.shape))

    def draw(given: Sequence[tf.Tensor]) -> np.ndarray:
        return tf.nest.flatten(disturbed(list(given)))[0].numpy()

    latent, *label = inputs
    drawn = draw([_FAR * latent, *label])
    allowed = OUTPUT_RANGES[config.output_activation]
    if allowed and not (allowed[0] - 1e-3 <= drawn.min() and drawn.max() <= allowed[1] + 1e-3):
        raise UserError(
            f"The generator draws {drawn.min():.3g} to {drawn.max():.3g}, outside of "
            f"{list(allowed)}, the range of --output_activation={config.output_activation}; end "
            f'it with activation="{config.output_activation}".'
        )
    others = {"latent": [tf.reverse(latent, [0]), *label]}
    if label:
        others["label"] = [latent, tf.reverse(label[0], [0])]
    for name, changed in others.items():
        if np.array_equal(draw(changed), draw(inputs)):
            raise UserError(
                f"The generator draws the same whatever its {name} is; let its layers take it in."
            )


def _check_constraint(config: Config, critic: keras.Model, trial: _Trial) -> None:
    if config.lipschitz == "spectral_norm" and not spectral.is_normalized(critic):
        raise UserError(
            "The critic has no spectrally normalized layer, which --lipschitz=spectral_norm asks "
            "for; make it of wgan_tf.layers.SpectralConv2D and SpectralDense."
        )
    if lipschitz.find_penalty(config.lipschitz) is None:
        return
    _check_judges_alone(config, trial)
    _check_second_derivatives(config, critic)


def _check_judges_alone(config: Config, trial: _Trial) -> None:
    def are_coupled(before: Sequence[tf.Tensor], after: Sequence[tf.Tensor]) -> bool:
        return not _agree([x[:1] for x in before], [x[:1] for x in after])

    def couples(call: LayerCall) -> bool:
        if any(x.shape.rank == 0 for x in call.tensors):
            return False
        return are_coupled(call.run(), call.run([_with_others(x) for x in call.tensors]))

    if are_coupled(trial.run(), trial.run([_with_others(x) for x in trial.inputs])):
        raise UserError(
            f"{trial.blame(couples)} makes the score of an example depend on the others of its "
            f"batch, which --lipschitz={config.lipschitz} does not go with; use "
            "wgan_tf.layers.LayerNormalization or GroupNormalization in its place."
        )


def _check_second_derivatives(config: Config, critic: keras.Model) -> None:
    try:
        exact = recast(critic, "float64")
        random = np.random.default_rng(2)
        points = tf.constant(random.uniform(-1, 1, (2, *critic.inputs[0].shape[1:])))
        calls = trace(exact, [points])
    except LayerError as error:
        raise LayerError(f"{error} Second derivatives are checked in float64.") from error
    try:
        if penalty_error(exact, points) < TOLERANCE:
            return
    except LookupError:
        pass
    for call in calls:
        try:
            is_wrong, why = layer_error(call) > TOLERANCE, "has wrong second derivatives"
        except LookupError as error:
            is_wrong, why = True, f"has no second derivatives ({reason(error)})"
        if is_wrong:
            advice = _SMOOTH_REPLACEMENTS.get(type(call.layer).__name__, _SMOOTH_ADVICE)
            raise UserError(
                f"The critic's layer {call.name} {why}, which --lipschitz={config.lipschitz} "
                f"takes; use {advice} in its place."
            )
    raise UserError(
        f"The critic's second derivatives, which --lipschitz={config.lipschitz} takes, differ "
        f"from central differences; use {_SMOOTH_ADVICE} wherever a layer is of your own."
    )


def _is_kept_alike(layer: keras.Layer, config: Config) -> bool:
    """Whether all replicas update a layer's state alike."""
    if isinstance(layer, BatchNormalization):
        return True
    return (
        isinstance(layer, keras.layers.BatchNormalization)
        and layer.synchronized
        and config.sampling_statistics == "moving"
    )


def _without_standing_statistics(config: Config) -> str:
    if config.sampling_statistics == "standing":
        return ", or that --sampling_statistics=standing cannot put in place"
    return ""


def _leaves(network: keras.Model) -> Iterator[keras.Layer]:
    """The layers that hold no others."""
    for layer in layers_within(network):
        if not list(layer._flatten_layers(include_self=False)):
            yield layer


def _named(layer: keras.Layer) -> str:
    return f"{layer.name} ({type(layer).__name__})"


def _with_others(x: tf.Tensor) -> tf.Tensor:
    """A batch whose first example is the same and whose others are not."""
    others = x[1:]
    changed = 0.5 * others + 0.25 if x.dtype.is_floating else tf.reverse(others, [0])
    return tf.concat([x[:1], changed], axis=0)


def _agree(first: Sequence[tf.Tensor], second: Sequence[tf.Tensor]) -> bool:
    return all(
        np.max(np.abs(x - y), initial=0.0) <= _ROUNDING * np.max(np.abs(x), initial=0.0)
        for x, y in zip(
            [tf.cast(x, tf.float64).numpy() for x in first],
            [tf.cast(y, tf.float64).numpy() for y in second],
            strict=True,
        )
    )
