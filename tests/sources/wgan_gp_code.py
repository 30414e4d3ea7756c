"""Rows of the code of Gulrajani et al. 2017: gan_{toy,mnist,cifar,64x64}.py and tflib.

It is in TensorFlow 1. Its batch norm always takes the batch's statistics, in what is drawn too.
"""

import dataclasses
import math

from tests.sources.notation import (
    ONES,
    RELU,
    SIGMOID,
    TANH,
    WASSERSTEIN,
    ZEROS,
    First,
    Layer,
    Layers,
    Network,
    Optimizer,
    Row,
    always,
    clipping,
    constant_rates,
    leaky_relu,
    penalty,
    uniform,
)

SLOPE = leaky_relu(0.2)


def adam(rate: float, beta_1: float) -> Optimizer:
    return Optimizer("adam", rate, 1e-8, betas=(beta_1, 0.9))


def linear(inputs: int, units: int, *, he: bool = False, first: First | None = None) -> Layer:
    rule = math.sqrt(2.0 / inputs) if he else math.sqrt(2.0 / (inputs + units))
    return Layer("dense", units, first=first or uniform(rule), bias=ZEROS)


def convolution(
    channels: int,
    filters: int,
    kernel: int,
    stride: int = 1,
    *,
    he: bool = True,
    bias: bool = True,
    first: First | None = None,
) -> Layer:
    """Of variance 4 / (fan_in + fan_out), or half of it, with fan_out divided by the stride^2."""
    fans = channels * kernel**2 + filters * kernel**2 / stride**2
    rule = math.sqrt((4.0 if he else 2.0) / fans)
    return Layer(
        *("convolution", filters, kernel, stride),
        first=first or uniform(rule),
        bias=ZEROS if bias else None,
    )


def deconvolution(channels: int, filters: int, first: First | None = None) -> Layer:
    """5x5 of stride 2; here the stride divides fan_in."""
    fans = channels * 5**2 / 2**2 + filters * 5**2
    return Layer(
        *("deconvolution", filters, 5, 2), first=first or uniform(math.sqrt(4.0 / fans)), bias=ZEROS
    )


def norm(features: int, classes: int = 0) -> Layer:
    return Layer("batch_norm", features, scale=ONES, bias=ZEROS, epsilon=1e-5, classes=classes)


def layer_norm(features: int) -> Layer:
    return Layer("layer_norm", features, scale=ONES, bias=ZEROS, epsilon=1e-5)


# What every script has.
COMMON = Row(
    latent=(128, "normal"),
    output_range=(-1.0, 1.0),
    objective=WASSERSTEIN,
    constraint=penalty(10.0),
    learning_rates=constant_rates,
    batch_size=64,
    generator_batch_size=64,
    critic_steps=always(5),
    steps=200_000,
    critic_updates="joint",
    critic_batches="new",
    ema_decay=0,
    real_batches="epochs",
    precision="float32",
    dequantized=False,
)
# What those with batch norm in the generator have besides.
NORMALIZED = dataclasses.replace(
    COMMON,
    critic_step_generator="training",
    norm_examples=(64, 64),
    sampling_statistics="batch",
)


def _perceptron(outputs: int) -> Layers:
    return (
        *(linear(2, 512, he=True), RELU),
        *(linear(512, 512, he=True), RELU),
        *(linear(512, 512, he=True), RELU),
        linear(512, outputs),
    )


TOY = dataclasses.replace(
    COMMON,
    generator=Network(_perceptron(2), parameters=527_874),
    critic=Network(_perceptron(1), parameters=527_361),
    output_range="points",
    latent=(2, "normal"),
    constraint=penalty(0.1),
    generator_optimizer=adam(1e-4, 0.5),
    critic_optimizer=adam(1e-4, 0.5),
    batch_size=256,
    generator_batch_size=256,
    steps=100_000,
    dequantized=None,
)
TOY_8GAUSSIANS = dataclasses.replace(
    TOY, dataset="8gaussians", examples="endless", real_batches="independent"
)
TOY_SWISSROLL = dataclasses.replace(
    TOY, dataset="swissroll", examples="endless", real_batches="independent"
)
TOY_25GAUSSIANS = dataclasses.replace(TOY, dataset="25gaussians", examples=100_000)

# Side 8 is cropped to 7 after the rectifier. The data are the first 50,000 digits.
MNIST = dataclasses.replace(
    COMMON,
    generator=Network(
        (
            *(linear(128, 4 * 4 * 256), RELU),
            *(deconvolution(256, 128), RELU, Layer("crop", (0, 1))),
            *(deconvolution(128, 64), RELU),
            *(deconvolution(64, 1), SIGMOID),
        ),
        parameters=1_554_177,
    ),
    critic=Network(
        (
            *(convolution(1, 64, 5, 2), SLOPE),
            *(convolution(64, 128, 5, 2), SLOPE),
            *(convolution(128, 256, 5, 2), SLOPE),
            linear(4 * 4 * 256, 1),
        ),
        parameters=1_030_145,
    ),
    output_range=(0.0, 1.0),
    generator_optimizer=adam(1e-4, 0.5),
    critic_optimizer=adam(1e-4, 0.5),
    batch_size=50,
    generator_batch_size=50,
    dataset="mnist",
    examples=50_000,
)

_CIFAR_GENERATOR = Network(
    (
        *(linear(128, 4 * 4 * 512), norm(4 * 4 * 512), RELU),
        *(deconvolution(512, 256), norm(256), RELU),
        *(deconvolution(256, 128), norm(128), RELU),
        *(deconvolution(128, 3), TANH),
    ),
    parameters=5_179_907,
)

CIFAR_DCGAN = dataclasses.replace(
    NORMALIZED,
    generator=_CIFAR_GENERATOR,
    critic=Network(
        (
            *(convolution(3, 128, 5, 2), SLOPE),
            *(convolution(128, 256, 5, 2), SLOPE),
            *(convolution(256, 512, 5, 2), SLOPE),
            linear(4 * 4 * 512, 1),
        ),
        parameters=4_114_689,
    ),
    generator_optimizer=adam(1e-4, 0.5),
    critic_optimizer=adam(1e-4, 0.5),
    dataset="cifar10",
    examples=50_000,
)

_RMSPROP = Optimizer("rmsprop", 5e-5, 1e-10, "inside", rho=0.9, first_square=1.0)

# The mode `wgan` of the same script.
CIFAR_WGAN = dataclasses.replace(
    CIFAR_DCGAN,
    critic=Network(
        (
            *(convolution(3, 128, 5, 2), SLOPE),
            *(convolution(128, 256, 5, 2), norm(256), SLOPE),
            *(convolution(256, 512, 5, 2), norm(512), SLOPE),
            linear(4 * 4 * 512, 1),
        ),
        parameters=4_116_225,
    ),
    constraint=clipping(0.01),
    clip_timing="after",
    critic_passes=2,
    generator_optimizer=_RMSPROP,
    critic_optimizer=_RMSPROP,
)


# All of its kernels, those of dense layers too.
_DCGAN = uniform(0.02)

CELEB_A_DCGAN = dataclasses.replace(
    NORMALIZED,
    generator=Network(
        (
            *(linear(128, 4 * 4 * 512, first=_DCGAN), norm(512), RELU),
            *(deconvolution(512, 256, _DCGAN), norm(256), RELU),
            *(deconvolution(256, 128, _DCGAN), norm(128), RELU),
            *(deconvolution(128, 64, _DCGAN), norm(64), RELU),
            *(deconvolution(64, 3, _DCGAN), TANH),
        ),
        parameters=5_364_739,
    ),
    critic=Network(
        (
            *(convolution(3, 64, 5, 2, first=_DCGAN), SLOPE),
            *(convolution(64, 128, 5, 2, first=_DCGAN), layer_norm(128), SLOPE),
            *(convolution(128, 256, 5, 2, first=_DCGAN), layer_norm(256), SLOPE),
            *(convolution(256, 512, 5, 2, first=_DCGAN), layer_norm(512), SLOPE),
            linear(4 * 4 * 512, 1, first=_DCGAN),
        ),
        parameters=4_316_545,
    ),
    generator_optimizer=adam(1e-4, 0.0),
    critic_optimizer=adam(1e-4, 0.0),
    dataset="imagenet64",
    examples=1_281_149,
)

ROWS = {
    "toy_8gaussians": TOY_8GAUSSIANS,
    "toy_25gaussians": TOY_25GAUSSIANS,
    "toy_swissroll": TOY_SWISSROLL,
    "mnist": MNIST,
    "cifar_dcgan": CIFAR_DCGAN,
    "cifar_wgan": CIFAR_WGAN,
    "celeb_a_dcgan": CELEB_A_DCGAN,
}
