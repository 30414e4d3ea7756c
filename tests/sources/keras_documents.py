"""Rows of documents that are written with Keras, and what their layers and optimizers are.

The clipped WGAN and the auxiliary-classifier WGAN for MNIST, and the WGAN-GP example of the Keras
project. Keras begins kernels by Glorot's uniform rule where nothing else is said.
"""

import math

from tests.sources.notation import (
    MAX_POOL,
    MULTIPLY,
    ONES,
    RELU,
    REPEAT,
    SIGMOID,
    TANH,
    WASSERSTEIN,
    ZEROS,
    First,
    Layer,
    Network,
    Optimizer,
    Row,
    always,
    clipping,
    constant_rates,
    dropout,
    leaky_relu,
    normal,
    penalty,
    uniform,
)

SMALL = normal(0.02)


def glorot(fan_in: float, fan_out: float) -> First:
    return uniform(math.sqrt(2.0 / (fan_in + fan_out)))


def dense(inputs: int, units: int, first: First | None = None, *, bias: bool = True) -> Layer:
    return Layer(
        "dense",
        units,
        first=first or glorot(inputs, units),
        bias=ZEROS if bias else None,
    )


def convolution(
    channels: int,
    filters: int,
    kernel: int,
    stride: int = 1,
    first: First | None = None,
    *,
    bias: bool = True,
    kind: str = "convolution",
) -> Layer:
    return Layer(
        kind,
        filters,
        kernel,
        stride,
        first=first or glorot(channels * kernel**2, filters * kernel**2),
        bias=ZEROS if bias else None,
    )


def deconvolution(
    channels: int, filters: int, kernel: int, stride: int, first: First | None = None
) -> Layer:
    return convolution(channels, filters, kernel, stride, first, kind="deconvolution")


def norm(features: int, momentum: float = 0.99, *, corrected: bool = True) -> Layer:
    """Batch norm, whose moving variance is corrected, but by tf.keras after dense layers."""
    return Layer(
        "batch_norm",
        features,
        scale=ONES,
        bias=ZEROS,
        epsilon=1e-3,
        momentum=momentum,
        corrected=corrected,
    )


def rmsprop(rate: float, epsilon: float = 1e-7) -> Optimizer:
    return Optimizer("rmsprop", rate, epsilon, rho=0.9)


SLOPE = leaky_relu(0.2)

MNIST_WGAN = Row(
    generator=Network(
        (
            dense(100, 7 * 7 * 128),
            *(norm(128), RELU, deconvolution(128, 128, 5, 2)),
            *(norm(128), RELU, deconvolution(128, 64, 5, 2)),
            *(norm(64), RELU, deconvolution(64, 32, 5, 1)),
            *(norm(32), RELU, deconvolution(32, 1, 5, 1)),
            SIGMOID,
        ),
        parameters=1_300_801,
    ),
    critic=Network(
        (
            *(SLOPE, convolution(1, 32, 5, 2)),
            *(SLOPE, convolution(32, 64, 5, 2)),
            *(SLOPE, convolution(64, 128, 5, 2)),
            *(SLOPE, convolution(128, 256, 5, 1)),
            dense(4 * 4 * 256, 1),
        ),
        parameters=1_080_577,
    ),
    output_range=(0.0, 1.0),
    latent=(100, "uniform"),
    objective=WASSERSTEIN,
    constraint=clipping(0.01),
    clip_timing="after",
    generator_optimizer=rmsprop(5e-5),
    critic_optimizer=rmsprop(5e-5),
    learning_rates=constant_rates,
    batch_size=64,
    generator_batch_size=64,
    critic_steps=always(5),
    steps=40_000,
    critic_updates="separate",
    critic_batches="new",
    critic_step_generator="inference",
    norm_examples=(None, 64),
    ema_decay=0,
    sampling_statistics="moving",
    dataset="mnist",
    examples=60_000,
    real_batches="independent",
    precision="float32",
    dequantized=False,
)

_MILD_SLOPE = leaky_relu(0.3)


def _warm(step: int) -> int:
    return 100 if step % 1000 < 25 or step % 500 == 0 else 5


# Its max pools of size 1 do nothing. Written in September 2017, when Keras was 2.0.8, whose
# RMSprop has an epsilon of 1e-8. Its generator has neither batch norm nor dropout.
MNIST_ACWGAN = Row(
    generator=Network(
        (
            Layer("embedding", 100, first=glorot(10, 100), classes=10),
            MULTIPLY,
            *(dense(100, 1024), _MILD_SLOPE),
            *(dense(1024, 128 * 7 * 7), _MILD_SLOPE),
            *(REPEAT, convolution(128, 256, 5, 1, SMALL), _MILD_SLOPE),
            *(REPEAT, convolution(256, 128, 5, 1, SMALL), _MILD_SLOPE),
            *(convolution(128, 1, 2, 1, SMALL), TANH),
        ),
        parameters=8_172_521,
    ),
    critic=Network(
        (
            *(convolution(1, 32, 3, 1, SMALL), _MILD_SLOPE, MAX_POOL, dropout(0.3)),
            *(convolution(32, 64, 3, 1, SMALL), _MILD_SLOPE, dropout(0.3)),
            *(convolution(64, 128, 3, 1, SMALL), MAX_POOL, _MILD_SLOPE, dropout(0.3)),
            *(convolution(128, 256, 3, 1, SMALL), _MILD_SLOPE, dropout(0.3)),
        ),
        heads=(dense(7 * 7 * 256, 1), dense(7 * 7 * 256, 10)),
        parameters=525_835,
    ),
    output_range=(-1.0, 1.0),
    latent=(100, "normal"),
    objective=WASSERSTEIN,
    constraint=clipping(0.01),
    clip_timing="before",
    generator_optimizer=rmsprop(5e-5, 1e-8),
    critic_optimizer=rmsprop(5e-5, 1e-8),
    learning_rates=constant_rates,
    batch_size=100,
    generator_batch_size=100,
    critic_steps=_warm,
    steps=20_000,
    critic_updates="separate",
    critic_batches="new",
    class_weights=(1.0, 1.0, 1.0),
    critic_step_labels="drawn",
    label_distribution="uniform",
    ema_decay=0,
    dataset="mnist",
    examples=70_000,
    real_batches="independent",
    precision="float32",
    dequantized=False,
)

_EXAMPLE_ADAM = Optimizer("adam", 2e-4, 1e-7, betas=(0.5, 0.9))

# The Keras project's examples/generative/wgan_gp.py: 20 epochs of 118 batches, the last of 96.
FASHION_MNIST_KERAS = Row(
    generator=Network(
        (
            dense(128, 4 * 4 * 256, bias=False),
            *(norm(4 * 4 * 256, corrected=False), SLOPE),
            *(REPEAT, convolution(256, 128, 3, bias=False), norm(128), SLOPE),
            *(REPEAT, convolution(128, 64, 3, bias=False), norm(64), SLOPE),
            *(REPEAT, convolution(64, 1, 3, bias=False), norm(1), TANH),
            Layer("crop", (2, 2)),
        ),
        parameters=902_082,
    ),
    critic=Network(
        (
            Layer("pad", (2, 2)),
            *(convolution(1, 64, 5, 2), SLOPE),
            *(convolution(64, 128, 5, 2), SLOPE, dropout(0.3)),
            *(convolution(128, 256, 5, 2), SLOPE, dropout(0.3)),
            *(convolution(256, 512, 5, 2), SLOPE),
            *(dropout(0.2), dense(2 * 2 * 512, 1)),
        ),
        parameters=4_305_409,
    ),
    output_range=(-1.0, 1.0),
    latent=(128, "normal"),
    objective=WASSERSTEIN,
    constraint=penalty(10.0, mixing="normal"),
    generator_optimizer=_EXAMPLE_ADAM,
    critic_optimizer=_EXAMPLE_ADAM,
    learning_rates=constant_rates,
    batch_size=512,
    generator_batch_size=512,
    critic_steps=always(3),
    steps=20 * 118,
    critic_updates="joint",
    critic_batches="same",
    critic_step_generator="training",
    norm_examples=(512, 512),
    ema_decay=0,
    sampling_statistics="moving",
    dataset="fashion_mnist",
    examples=60_000,
    real_batches="epochs",
    precision="float32",
    dequantized=False,
)

ROWS = {
    "mnist_wgan": MNIST_WGAN,
    "mnist_acwgan": MNIST_ACWGAN,
    "fashion_mnist_keras": FASHION_MNIST_KERAS,
}
