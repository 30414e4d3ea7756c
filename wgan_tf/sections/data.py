"""Options: data."""

import dataclasses

from wgan_tf.options import option


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """Data."""

    dataset: str = option(
        "digits",
        "What to train on: a TFDS name, digits, toy:25gaussians, toy:8gaussians or toy:swissroll "
        "(new points in every batch of the whole of these two), folder:DIR, idx:DIR or npy:FILE. A "
        "run goes on from another place if the examples are the same.",
        may_change=True,
    )
    data_dir: str = option(
        "~/tensorflow_datasets",
        "Folder of TFDS data sets and of the stores prepared from them.",
        may_change=True,
    )
    image_size: int = option(
        0,
        "Side of the square images in pixels, reached by --resize and an antialiased "
        "resize; 0 keeps the data set's own.",
        minimum=0,
        maximum=8192,
    )
    resize: str = option(
        "crop",
        "How images that are not square get to --image_size: by their central square (crop), with "
        "--background on the shorter sides (pad), or out of proportion (stretch).",
        choices=("crop", "pad", "stretch"),
    )
    train_split: str = option(
        "train",
        "Split to train on, in TFDS syntax: train[:50%], train+test. Parts of folder:, idx: and "
        "npy: are drawn at random, always the same, with every class in its share. Of a folder "
        "without splits and with 100 images or more, a tenth is held out for --eval_split, to show "
        "whether the critic learns the others by heart, unless either is named; train[:100%] is "
        "all of it.",
    )
    eval_split: str = option(
        "",
        "Split of held-out examples for the critic's estimate, in TFDS syntax.",
        may_change=True,
    )
    classes: tuple[str, ...] = option((), "Keep these classes only, by name or number.")
    background: str = option(
        "white",
        "Color that transparent pixels of the images in folder:DIR are laid on, and that "
        "--resize=pad adds.",
        choices=("white", "black", "gray"),
    )
    verify_data: bool = option(
        False,
        "Compare all of the prepared data with their checksums at the start, rather than a part of "
        "a large file.",
        may_change=True,
    )
    dequantize: bool = option(
        False,
        "Spread each pixel's value evenly over its step of 1/256 by uniform noise.",
    )
    mirror: bool = option(
        False,
        "Flip each real image left to right with probability 1/2 whenever it is trained on.",
    )
