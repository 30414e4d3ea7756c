"""Rows of chapter 4 of "Generative Deep Learning" (Foster 2019): models/*.py and 04_0*.ipynb.

With Keras 2.2.4; all kernels begin as N(0, 0.02).
"""

from tests.sources.keras_documents import (
    SLOPE,
    SMALL,
    convolution,
    deconvolution,
    dense,
    norm,
    rmsprop,
)
from tests.sources.notation import (
    CROSS_ENTROPY,
    RELU,
    REPEAT,
    TANH,
    UNCONSTRAINED,
    WASSERSTEIN,
    Network,
    Optimizer,
    Row,
    always,
    clipping,
    constant_rates,
    dropout,
    penalty,
)

QUICKDRAW_CAMEL_GAN = Row(
    generator=Network(
        (
            *(dense(100, 7 * 7 * 64, SMALL), norm(7 * 7 * 64, 0.9), RELU),
            *(REPEAT, convolution(64, 128, 5, 1, SMALL), norm(128, 0.9), RELU),
            *(REPEAT, convolution(128, 64, 5, 1, SMALL), norm(64, 0.9), RELU),
            *(deconvolution(64, 64, 5, 1, SMALL), norm(64, 0.9), RELU),
            *(deconvolution(64, 1, 5, 1, SMALL), TANH),
        ),
        parameters=837_377,
    ),
    critic=Network(
        (
            *(convolution(1, 64, 5, 2, SMALL), RELU, dropout(0.4)),
            *(convolution(64, 64, 5, 2, SMALL), RELU, dropout(0.4)),
            *(convolution(64, 128, 5, 2, SMALL), RELU, dropout(0.4)),
            *(convolution(128, 128, 5, 1, SMALL), RELU, dropout(0.4)),
            dense(4 * 4 * 128, 1, SMALL),
        ),
        parameters=720_833,
    ),
    output_range=(-1.0, 1.0),
    latent=(100, "normal"),
    objective=CROSS_ENTROPY,
    constraint=UNCONSTRAINED,
    generator_optimizer=rmsprop(4e-4),
    critic_optimizer=rmsprop(8e-4),
    learning_rates=constant_rates,
    batch_size=64,
    generator_batch_size=64,
    critic_steps=always(1),
    steps=6000,
    critic_updates="separate",
    critic_batches="new",
    critic_step_generator="inference",
    norm_examples=(None, 64),
    ema_decay=0,
    sampling_statistics="moving",
    dataset="camel",
    examples=80_000,
    real_batches="independent",
    precision="float32",
    dequantized=False,
)

CIFAR_HORSE_WGAN = Row(
    generator=Network(
        (
            *(dense(100, 4 * 4 * 128, SMALL), norm(4 * 4 * 128, 0.8), SLOPE),
            *(REPEAT, convolution(128, 128, 5, 1, SMALL), norm(128, 0.8), SLOPE),
            *(REPEAT, convolution(128, 64, 5, 1, SMALL), norm(64, 0.8), SLOPE),
            *(REPEAT, convolution(64, 32, 5, 1, SMALL), norm(32, 0.8), SLOPE),
            *(deconvolution(32, 3, 5, 1, SMALL), TANH),
        ),
        parameters=879_619,
    ),
    critic=Network(
        (
            *(convolution(3, 32, 5, 2, SMALL), SLOPE),
            *(convolution(32, 64, 5, 2, SMALL), SLOPE),
            *(convolution(64, 128, 5, 2, SMALL), SLOPE),
            *(convolution(128, 128, 5, 1, SMALL), SLOPE),
            dense(4 * 4 * 128, 1, SMALL),
        ),
        parameters=670_401,
    ),
    output_range=(-1.0, 1.0),
    latent=(100, "normal"),
    objective=WASSERSTEIN,
    constraint=clipping(0.01),
    clip_timing="after",
    generator_optimizer=rmsprop(5e-5),
    critic_optimizer=rmsprop(5e-5),
    learning_rates=constant_rates,
    batch_size=128,
    generator_batch_size=128,
    critic_steps=always(5),
    steps=6000,
    critic_updates="separate",
    critic_batches="new",
    critic_step_generator="inference",
    norm_examples=(None, 128),
    ema_decay=0,
    sampling_statistics="moving",
    dataset="cifar10",
    examples=6000,
    real_batches="independent",
    precision="float32",
    dequantized=False,
)

_ADAM = Optimizer("adam", 2e-4, 1e-7, betas=(0.5, 0.999))

CELEB_A = Row(
    generator=Network(
        (
            *(dense(100, 4 * 4 * 512, SMALL), norm(4 * 4 * 512, 0.9), SLOPE),
            *(deconvolution(512, 256, 5, 2, SMALL), norm(256, 0.9), SLOPE),
            *(deconvolution(256, 128, 5, 2, SMALL), norm(128, 0.9), SLOPE),
            *(deconvolution(128, 64, 5, 2, SMALL), norm(64, 0.9), SLOPE),
            *(deconvolution(64, 3, 5, 2, SMALL), TANH),
        ),
        parameters=5_150_723,
    ),
    critic=Network(
        (
            *(convolution(3, 64, 5, 2, SMALL), SLOPE),
            *(convolution(64, 128, 5, 2, SMALL), SLOPE),
            *(convolution(128, 256, 5, 2, SMALL), SLOPE),
            *(convolution(256, 512, 5, 2, SMALL), SLOPE),
            dense(4 * 4 * 512, 1, SMALL),
        ),
        parameters=4_314_753,
    ),
    output_range=(-1.0, 1.0),
    latent=(100, "normal"),
    objective=WASSERSTEIN,
    constraint=penalty(10.0),
    generator_optimizer=_ADAM,
    critic_optimizer=_ADAM,
    learning_rates=constant_rates,
    batch_size=64,
    generator_batch_size=64,
    critic_steps=always(5),
    steps=6000,
    critic_updates="joint",
    critic_batches="new",
    critic_step_generator="training",
    norm_examples=(64, 64),
    ema_decay=0,
    sampling_statistics="moving",
    dataset="celeb_a",
    examples=202_599,
    real_batches="epochs",
    preparation="squeezed",
    precision="float32",
    dequantized=False,
)

ROWS = {
    "quickdraw_camel_gan": QUICKDRAW_CAMEL_GAN,
    "cifar_horse_wgan": CIFAR_HORSE_WGAN,
    "celeb_a": CELEB_A,
}
