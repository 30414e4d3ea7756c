"""Rows of sources that are written with PyTorch, of DCGAN's paper, and of presets that are ours.

A preset of ours takes a few constants from its source; the rest of its row is open.
"""

import dataclasses
import math

from tests.sources.notation import (
    CROSS_ENTROPY,
    HINGE,
    MINIMAX,
    RELU,
    SIGMOID,
    TANH,
    UNCONSTRAINED,
    WASSERSTEIN,
    ZEROS,
    Constraint,
    First,
    Layer,
    Layers,
    Network,
    Optimizer,
    Row,
    Style,
    always,
    clipping,
    constant_rates,
    dropout,
    leaky_relu,
    normal,
    penalty,
    uniform,
)

# The heuristic GAN for MNIST, of April 2017: PyTorch begins linear layers within 1 / sqrt(fan_in),
# biases too; its batch norm's scales were uniform on (0, 1) until version 1.2, and its Adam's
# epsilon stood beside the uncorrected root until 1.3. The networks are never put into evaluation.
_MILD_SLOPE = leaky_relu(0.01)
_TORCH_ADAM = Optimizer("adam", 1e-3, 1e-8, betas=(0.9, 0.999))


def _linear(inputs: int, units: int) -> Layer:
    first = uniform(math.sqrt(1.0 / (3.0 * inputs)))
    return Layer("dense", units, first=first, bias=first)


def _torch_norm(features: int, scale: First) -> Layer:
    """PyTorch's momentum of 0.1 is the share of the batch."""
    return Layer("batch_norm", features, scale=scale, bias=ZEROS, epsilon=1e-5, momentum=0.9)


def _hidden(inputs: int, units: int, rate: float) -> Layers:
    scale = First(math.sqrt(1.0 / 12.0), "uniform", mean=0.5)
    return (_linear(inputs, units), _torch_norm(units, scale), _MILD_SLOPE, dropout(rate))


MNIST_HEURISTIC_GAN = Row(
    generator=Network(
        (
            *_hidden(100, 196, 0.5),
            *_hidden(196, 289, 0.5),
            *_hidden(289, 361, 0.5),
            *_hidden(361, 400, 0.4),
            *_hidden(400, 512, 0.4),
            *_hidden(512, 625, 0.4),
            *_hidden(625, 784, 0.4),
            *(_linear(784, 784), SIGMOID),
        ),
        parameters=1_964_714,
    ),
    critic=Network(
        (
            *(_linear(784, 441), _MILD_SLOPE, dropout(0.2)),
            *(_linear(441, 256), _MILD_SLOPE, dropout(0.2)),
            *(_linear(256, 32), _MILD_SLOPE, _linear(32, 1)),
        ),
        parameters=467_594,
    ),
    output_range=(0.0, 1.0),
    latent=(100, "normal"),
    objective=CROSS_ENTROPY,
    constraint=UNCONSTRAINED,
    generator_optimizer=_TORCH_ADAM,
    critic_optimizer=_TORCH_ADAM,
    learning_rates=constant_rates,
    batch_size=32,
    generator_batch_size=32,
    critic_steps=always(1),
    steps=100 * 60_000 // 32,
    critic_updates="joint",
    critic_batches="new",
    critic_step_generator="training",
    norm_examples=(32, 32),
    ema_decay=0,
    sampling_statistics="batch",
    sampling_dropout=True,
    dataset="mnist",
    examples=60_000,
    real_batches="epochs",
    precision="float32",
    dequantized=False,
)

# Arjovsky et al. 2017: main.py and models/dcgan.py. Its first and last convolutions, of 4x4 to or
# from one pixel, are dense layers. The generator is never put into evaluation.
_SMALL = normal(0.02)
_SLOPE = leaky_relu(0.2)
_BEDROOMS = 3_033_042


def _dense(units: int) -> Layer:
    return Layer("dense", units, first=_SMALL)


def _convolution(filters: int, kind: str = "convolution") -> Layer:
    return Layer(kind, filters, 4, 2, first=_SMALL)


def _deconvolution(filters: int) -> Layer:
    return _convolution(filters, "deconvolution")


def _norm(features: int) -> Layer:
    return _torch_norm(features, normal(0.02, mean=1.0))


def _critic_steps(step: int) -> int:
    return 100 if step < 25 or step % 500 == 0 else 5


def _steps(epochs: int = 25, batch_size: int = 64) -> int:
    """Generator steps of the loop over epochs, the last of each with what batches are left."""
    steps = 0
    for _ in range(epochs):
        left = math.ceil(_BEDROOMS / batch_size)
        while left > 0:
            left -= _critic_steps(steps)
            steps += 1
    return steps


_TORCH_RMSPROP = Optimizer("rmsprop", 5e-5, 1e-8, rho=0.99)

LSUN_BEDROOM = Row(
    generator=Network(
        (
            *(_dense(4 * 4 * 512), _norm(512), RELU),
            *(_deconvolution(256), _norm(256), RELU),
            *(_deconvolution(128), _norm(128), RELU),
            *(_deconvolution(64), _norm(64), RELU),
            *(_deconvolution(3), TANH),
        ),
        parameters=3_576_704,
    ),
    critic=Network(
        (
            *(_convolution(64), _SLOPE),
            *(_convolution(128), _norm(128), _SLOPE),
            *(_convolution(256), _norm(256), _SLOPE),
            *(_convolution(512), _norm(512), _SLOPE),
            _dense(1),
        ),
        parameters=2_765_568,
    ),
    output_range=(-1.0, 1.0),
    latent=(100, "normal"),
    objective=WASSERSTEIN,
    constraint=clipping(0.01),
    clip_timing="before",
    generator_optimizer=_TORCH_RMSPROP,
    critic_optimizer=_TORCH_RMSPROP,
    learning_rates=constant_rates,
    batch_size=64,
    generator_batch_size=64,
    critic_steps=_critic_steps,
    steps=_steps(),
    critic_updates="joint",
    critic_passes=2,
    critic_batches="new",
    critic_step_generator="training",
    norm_examples=(64, 64),
    ema_decay=0,
    sampling_statistics="batch",
    dataset="lsun/bedroom",
    examples=_BEDROOMS,
    real_batches="epochs",
    preparation="cropped",
    precision="float32",
    dequantized=False,
)

# Goodfellow et al. 2014 with the guidelines and settings of Radford et al. 2016, and of its code.
_DCGAN_ADAM = Optimizer("adam", 2e-4, 1e-8, "corrected", betas=(0.5, 0.999))

MNIST_GAN = Row(
    style=Style(kernels=_SMALL, scales=normal(0.02, mean=1.0), kernel=5, stride=2, slope=0.2),
    output_range=(-1.0, 1.0),
    latent=(100, "uniform"),
    objective=MINIMAX,
    constraint=UNCONSTRAINED,
    generator_optimizer=_DCGAN_ADAM,
    critic_optimizer=_DCGAN_ADAM,
    learning_rates=constant_rates,
    batch_size=128,
    generator_batch_size=128,
    critic_steps=always(1),
    critic_updates="joint",
    critic_passes=2,
    critic_batches="new",
    critic_step_generator="training",
    norm_examples=(128, 128),
    ema_decay=0,
    precision="float32",
    dequantized=False,
)


def _constants(optimizer: Optimizer, objective: Row) -> Row:
    return dataclasses.replace(objective, generator_optimizer=optimizer, critic_optimizer=optimizer)


_WGAN_GP = Row(objective=WASSERSTEIN, constraint=penalty(10.0), critic_updates="joint")
_GAN = Row(constraint=UNCONSTRAINED, critic_steps=always(1))
_RADFORD = Optimizer("adam", 2e-4, None, betas=(0.5, 0.999))
_MIYATO = Optimizer("adam", 2e-4, None, betas=(0.0, 0.9))
_SMALL_PICTURES = Optimizer("adam", None, None, betas=(0.5, 0.9))

FASHION_MNIST = _constants(_SMALL_PICTURES, _WGAN_GP)

ROWS = {
    "mnist_heuristic_gan": MNIST_HEURISTIC_GAN,
    "lsun_bedroom": LSUN_BEDROOM,
    "mnist_gan": MNIST_GAN,
    "digits": FASHION_MNIST,
    "fashion_mnist": FASHION_MNIST,
    "fashion_mnist_acwgan": dataclasses.replace(FASHION_MNIST, class_weights=(1.0, 0.0, 0.1)),
    "fashion_mnist_gan": _constants(_RADFORD, dataclasses.replace(_GAN, objective=MINIMAX)),
    "fashion_mnist_ns_gan": _constants(
        _RADFORD, dataclasses.replace(_GAN, objective=CROSS_ENTROPY)
    ),
    "own_pictures": FASHION_MNIST,
    "fashion_mnist_resnet": dataclasses.replace(
        _constants(Optimizer("adam", 2e-4, None, betas=(0.0, 0.9)), _WGAN_GP),
        learning_rates=lambda progress: 1.0 - progress,
    ),
    "fashion_mnist_sn_hinge": _constants(
        _MIYATO, Row(objective=HINGE, constraint=Constraint("spectral_norm"))
    ),
    "fashion_mnist_wgan": _constants(
        _TORCH_RMSPROP,
        Row(
            objective=WASSERSTEIN,
            constraint=clipping(0.01),
            clip_timing="after",
            critic_steps=always(5),
            critic_updates="joint",
        ),
    ),
    "fashion_mnist_wgan_lp": dataclasses.replace(
        FASHION_MNIST, constraint=penalty(10.0, "one_sided")
    ),
}
