from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from wgan_tf import layers
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks.soundness import check_pair

L = keras.layers
SHAPE = (8, 8, 1)
CONFIG = Config(workdir="unused", latent_dim=5)
NO_PENALTY = Config(workdir="unused", latent_dim=5, lipschitz="none", objective="non_saturating")
Change = Callable[[keras.KerasTensor], keras.KerasTensor]


def unchanged(x: keras.KerasTensor) -> keras.KerasTensor:
    return x


def generator(
    change: Change = unchanged,
    *,
    activation: str = "tanh",
    classes: int = 0,
    takes_label: bool = True,
) -> keras.Model:
    latent = keras.Input((5,))
    inputs, features = [latent], latent
    if classes:
        label = keras.Input((), dtype="int32")
        inputs.append(label)
        if takes_label:
            features = L.Multiply()([latent, L.Embedding(classes, 5)(label)])
    x = change(L.Reshape((4, 4, 6))(L.Dense(96)(features)))
    x = L.UpSampling2D(2)(x)
    return keras.Model(inputs, L.Conv2D(1, 3, padding="same", activation=activation)(x))


def critic(change: Change = unchanged, *, classes: int = 0) -> keras.Model:
    image = keras.Input(SHAPE)
    x = L.LeakyReLU(0.2)(L.Conv2D(6, 3, 2, padding="same")(image))
    x = L.Flatten()(change(x))
    heads = [L.Dense(1)(x), *([L.Dense(classes)(x)] if classes else [])]
    return keras.Model(image, heads)


def check(
    config: Config = CONFIG,
    made: keras.Model | None = None,
    judge: keras.Model | None = None,
    classes: int = 0,
) -> None:
    check_pair(
        config,
        SHAPE,
        classes,
        made or generator(classes=classes),
        judge or critic(classes=classes),
    )


@pytest.mark.parametrize("classes", [0, 3])
def test_sound_networks_pass(classes: int) -> None:
    def generator_layers(x: keras.KerasTensor) -> keras.KerasTensor:
        x = layers.BatchNormalization()(x)
        return layers.Dropout(0.5, number=1)(layers.GroupNormalization(3)(x))

    def critic_layers(x: keras.KerasTensor) -> keras.KerasTensor:
        skipped = L.UpSampling2D(2)(L.AveragePooling2D(2)(x))
        x = layers.Dropout(0.5, number=1)(L.Concatenate()([x, skipped]))
        return layers.LayerNormalization()(L.Conv2DTranspose(4, 3, padding="same")(x))

    check(
        CONFIG,
        generator(generator_layers, classes=classes),
        critic(critic_layers, classes=classes),
        classes,
    )


def test_checking_changes_no_weight() -> None:
    networks = generator(layers.BatchNormalization()), critic()
    before = [network.get_weights() for network in networks]
    check(CONFIG, *networks)
    for network, values in zip(networks, before, strict=True):
        for value, now in zip(values, network.get_weights(), strict=True):
            np.testing.assert_array_equal(now, value)


# By layer, what the sentence has to say of it.
WRONG_IN_CRITIC: dict[str, tuple[Callable[[], keras.Layer], str]] = {
    "layer norm": (L.LayerNormalization, "wgan_tf.layers.LayerNormalization"),
    "group norm": (lambda: L.GroupNormalization(3), "wgan_tf.layers.GroupNormalization"),
    "bilinear": (lambda: L.UpSampling2D(2, interpolation="bilinear"), 'interpolation="nearest"'),
    "bicubic": (lambda: L.Resizing(3, 3, interpolation="bicubic"), "has no second derivatives"),
}


@pytest.mark.parametrize("name", WRONG_IN_CRITIC)
def test_a_layer_with_wrong_second_derivatives_is_named_with_its_replacement(name: str) -> None:
    make, words = WRONG_IN_CRITIC[name]
    layer = make()
    with pytest.raises(UserError) as error:
        check(judge=critic(layer))
    assert f"layer {layer.name} ({type(layer).__name__})" in str(error.value)
    assert "--lipschitz=gradient_penalty" in str(error.value)
    assert words in str(error.value)
    # No penalty takes them.
    check(NO_PENALTY, judge=critic(make()))


class WithHidden(L.Layer):
    """Holds a layer that no graph shows."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.inner = L.LayerNormalization()

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.inner.build(shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.inner(inputs)


def test_a_wrong_layer_within_one_of_the_callers_own_is_found() -> None:
    with pytest.raises(UserError, match=r"layer hiding \(WithHidden\) has wrong second deriv"):
        check(judge=critic(WithHidden(name="hiding")))


def test_a_wrong_layer_within_a_model_is_named_with_the_model() -> None:
    block = keras.Sequential([L.Conv2D(4, 3), L.LayerNormalization(name="norm")], name="block")
    with pytest.raises(UserError, match=r"layer block/norm \(LayerNormalization\)"):
        check(judge=critic(block))


@pytest.mark.parametrize("make", [layers.BatchNormalization, L.BatchNormalization])
def test_batch_norm_in_a_critic_does_not_go_with_a_penalty(make: Callable[[], Any]) -> None:
    layer = (
        make(name="norm")
        if make is layers.BatchNormalization
        else make(name="norm", synchronized=True)
    )
    with pytest.raises(UserError, match=r"layer norm \(BatchNormalization\) makes the score"):
        check(judge=critic(layer))
    check(NO_PENALTY, judge=critic(layers.BatchNormalization()))


@pytest.mark.parametrize("network", ["generator", "critic"])
@pytest.mark.parametrize(
    "make", [lambda: L.Dropout(0.5), lambda: L.GaussianNoise(0.1)], ids=["dropout", "noise"]
)
def test_draws_that_no_checkpoint_has_are_refused(
    network: str, make: Callable[[], keras.Layer]
) -> None:
    layer = make()
    networks = {"made": generator(layer)} if network == "generator" else {"judge": critic(layer)}
    with pytest.raises(UserError, match=rf"The {network}'s layer {layer.name} .* draws at random"):
        check(**networks)


def test_dropouts_that_would_share_their_masks_are_refused() -> None:
    def twice(x: keras.KerasTensor) -> keras.KerasTensor:
        return layers.Dropout(0.5, number=1)(layers.Dropout(0.2, number=1)(x))

    with pytest.raises(UserError, match="several Dropout layers of number=1"):
        check(judge=critic(twice))


def test_statistics_that_differ_between_replicas_are_refused() -> None:
    with pytest.raises(UserError, match=r"layer norm \(BatchNormalization\) keeps a state"):
        check(made=generator(L.BatchNormalization(name="norm")))
    check(made=generator(L.BatchNormalization(synchronized=True)))


def test_standing_statistics_take_our_batch_norm() -> None:
    config = Config(workdir="unused", latent_dim=5, sampling_statistics="standing")
    with pytest.raises(UserError, match="--sampling_statistics=standing"):
        check(config, generator(L.BatchNormalization(synchronized=True)))
    check(config, generator(layers.BatchNormalization()))


def test_a_regularizer_is_refused() -> None:
    layer = L.Conv2D(6, 3, kernel_regularizer="l2", name="decayed")
    with pytest.raises(UserError, match=r"layer decayed \(Conv2D\) adds a loss of its own"):
        check(judge=critic(layer))


def test_a_weight_without_a_gradient_is_named() -> None:
    with pytest.raises(UserError, match="weight cut/kernel has no gradient"):
        check(judge=critic(lambda x: x + keras.ops.stop_gradient(L.Conv2D(6, 1, name="cut")(x))))


def test_a_generator_outside_the_range_of_pixels_is_refused() -> None:
    with pytest.raises(UserError, match=r"outside of \[-1.0, 1.0\].*activation=\"tanh\""):
        check(made=generator(activation="linear"))


def test_a_generator_that_takes_no_notice_of_its_label_is_refused() -> None:
    with pytest.raises(UserError, match="the same whatever its label is"):
        check(made=generator(classes=3, takes_label=False), classes=3)


def test_spectral_norm_needs_layers_that_have_it() -> None:
    config = Config(workdir="unused", latent_dim=5, lipschitz="spectral_norm", objective="hinge")
    with pytest.raises(UserError, match="no spectrally normalized layer"):
        check(config)
    check(config, judge=critic(layers.SpectralConv2D(4, 3)))


class Forgetful(L.Layer):
    """Does not tell what it was made with."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units

    def get_config(self) -> dict[str, Any]:
        return L.Layer.get_config(L.Layer())

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs * self.units


def test_a_layer_that_cannot_be_made_again_is_named() -> None:
    with pytest.raises(UserError, match=r"layer lost \(Forgetful\) cannot be made again"):
        check(judge=critic(Forgetful(3, name="lost")))
