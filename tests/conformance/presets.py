"""The presets, and data of the shapes that they are for."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
from PIL import Image

from wgan_tf import flagfile
from wgan_tf.config import Config

PRESETS = sorted((pathlib.Path(__file__).parents[2] / "configs").glob("*.flags"))


def preset(path: pathlib.Path, **changes: Any) -> Config:
    """A preset as its flagfile has it, with some options changed."""
    config = flagfile.from_flagfile(path.read_text(), str(path))
    return dataclasses.replace(config, **changes)


# The shape of what each preset's data set holds, for stand-ins of the same shape.
PRESET_SHAPES = {
    "celeb_a": (64, 64, 3),
    "celeb_a_dcgan": (64, 64, 3),
    "cifar": (32, 32, 3),
    "cifar_acgan": (32, 32, 3),
    "cifar_dcgan": (32, 32, 3),
    "cifar_horse_wgan": (32, 32, 3),
    "cifar_wgan": (32, 32, 3),
    "digits": (8, 8, 1),
    "fashion_mnist": (28, 28, 1),
    "fashion_mnist_acwgan": (28, 28, 1),
    "fashion_mnist_gan": (28, 28, 1),
    "fashion_mnist_keras": (28, 28, 1),
    "fashion_mnist_ns_gan": (28, 28, 1),
    "fashion_mnist_resnet": (28, 28, 1),
    "fashion_mnist_sn_hinge": (28, 28, 1),
    "fashion_mnist_wgan": (28, 28, 1),
    "fashion_mnist_wgan_lp": (28, 28, 1),
    "imagenet64_resnet": (64, 64, 3),
    "lsun_bedroom": (64, 64, 3),
    "mnist": (28, 28, 1),
    "mnist_acwgan": (28, 28, 1),
    "mnist_gan": (28, 28, 1),
    "mnist_heuristic_gan": (28, 28, 1),
    "mnist_wgan": (28, 28, 1),
    "own_pictures": (64, 64, 3),
    "quickdraw_camel_gan": (28, 28, 1),
    "toy_25gaussians": (2,),
    "toy_8gaussians": (2,),
    "toy_swissroll": (2,),
}


def stand_in(folder: pathlib.Path, shape: tuple[int, ...], *, labelled: bool) -> str:
    """Writes ten random examples, of a class each if they are labelled, and returns `--dataset`."""
    random = np.random.default_rng(3)
    if len(shape) == 1:
        examples = random.normal(size=(10, *shape)).astype(np.float32)
    else:
        examples = random.integers(256, size=(10, *shape), dtype=np.uint8)
    if labelled:
        for number, example in enumerate(examples):
            (folder / f"pictures/class_{number}").mkdir(parents=True)
            picture = Image.fromarray(example.squeeze())
            picture.save(folder / f"pictures/class_{number}/0.png")
        return f"folder:{folder}/pictures"
    file = folder / "stand_in.npy"
    np.save(file, examples)
    return f"npy:{file}"
