"""Rows of the residual pairs of the code of Gulrajani et al. 2017: gan_{cifar_resnet,64x64}.py."""

import dataclasses

from tests.sources.notation import (
    GLOBAL_MEAN,
    MEAN_POOL,
    RELU,
    REPEAT,
    TANH,
    Layer,
    Network,
)
from tests.sources.wgan_gp_code import (
    CELEB_A_DCGAN,
    NORMALIZED,
    adam,
    convolution,
    layer_norm,
    linear,
    norm,
)


def _doubling(inputs: int, filters: int, *, classes: int = 0, first_bias: bool = True) -> Layer:
    shortcut = (REPEAT, convolution(inputs, filters, 1, he=False))
    branch = (
        *(norm(inputs, classes), RELU, REPEAT),
        convolution(inputs, filters, 3, bias=first_bias),
        *(norm(filters, classes), RELU, convolution(filters, filters, 3)),
    )
    return Layer("residual", branches=(shortcut, branch))


_OPTIMIZED_FIRST_BLOCK = Layer(
    "residual",
    branches=(
        (MEAN_POOL, convolution(3, 128, 1, he=False)),
        (convolution(3, 128, 3), RELU, convolution(128, 128, 3), MEAN_POOL),
    ),
)
_KEEPING = Layer(
    "residual",
    branches=((), (RELU, convolution(128, 128, 3), RELU, convolution(128, 128, 3))),
)
_HALVING = Layer(
    "residual",
    branches=(
        (convolution(128, 128, 1, he=False), MEAN_POOL),
        (RELU, convolution(128, 128, 3), RELU, convolution(128, 128, 3), MEAN_POOL),
    ),
)


def _cifar_generator(classes: int, parameters: int) -> Network:
    layers = (
        linear(128, 4 * 4 * 128),
        *(_doubling(128, 128, classes=classes) for _ in range(3)),
        *(norm(128), RELU, convolution(128, 3, 3, he=False), TANH),
    )
    return Network(layers, parameters)


_CIFAR_CRITIC = Network(
    (
        *(_OPTIMIZED_FIRST_BLOCK, _HALVING, _KEEPING, _KEEPING),
        *(RELU, GLOBAL_MEAN, linear(128, 1)),
    ),
    parameters=1_053_825,
)

# Mode CONDITIONAL = False. Batches are split in two, also on one device, so that the generator's
# batch norm is over 32 examples in the critic's steps, and over 64 in its own, which has 128.
CIFAR = dataclasses.replace(
    NORMALIZED,
    generator=_cifar_generator(0, 1_204_483),
    critic=_CIFAR_CRITIC,
    generator_optimizer=adam(2e-4, 0.0),
    critic_optimizer=adam(2e-4, 0.0),
    learning_rates=lambda progress: 1.0 - progress,
    generator_batch_size=128,
    norm_examples=(32, 64),
    steps=100_000,
    dataset="cifar10",
    examples=50_000,
    dequantized=True,
)

CIFAR_ACGAN = dataclasses.replace(
    CIFAR,
    generator=_cifar_generator(10, 1_218_307),
    critic=Network(_CIFAR_CRITIC.layers[:-1], 1_055_115, heads=(linear(128, 1), linear(128, 10))),
    class_weights=(1.0, 0.0, 0.1),
    critic_step_labels="real",
    label_distribution="uniform",
)


def _judging(inputs: int, filters: int) -> Layer:
    shortcut = (MEAN_POOL, convolution(inputs, filters, 1, he=False))
    branch = (
        *(layer_norm(inputs), RELU, convolution(inputs, inputs, 3, bias=False)),
        *(layer_norm(inputs), RELU, convolution(inputs, filters, 3), MEAN_POOL),
    )
    return Layer("residual", branches=(shortcut, branch))


# GoodGenerator and GoodDiscriminator of the same script.
IMAGENET64_RESNET = dataclasses.replace(
    CELEB_A_DCGAN,
    generator=Network(
        (
            linear(128, 4 * 4 * 512),
            _doubling(512, 512, first_bias=False),
            _doubling(512, 256, first_bias=False),
            _doubling(256, 128, first_bias=False),
            _doubling(128, 64, first_bias=False),
            *(norm(64), RELU, convolution(64, 3, 3), TANH),
        ),
        parameters=8_540_483,
    ),
    critic=Network(
        (
            convolution(3, 64, 3, he=False),
            *(_judging(64, 128), _judging(128, 256), _judging(256, 512), _judging(512, 512)),
            linear(4 * 4 * 512, 1),
        ),
        parameters=7_491_841,
    ),
)

ROWS = {
    "cifar": CIFAR,
    "cifar_acgan": CIFAR_ACGAN,
    "imagenet64_resnet": IMAGENET64_RESNET,
}
