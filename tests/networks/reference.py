"""Layers in numpy, for [B, H, W, C] in float64."""

import numpy as np


def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | float = 0.0) -> np.ndarray:
    """A convolution of stride 1 with zeros around, an even kernel's extra zero at the far end."""
    size = kernel.shape[0]
    before, after = (size - 1) // 2, size // 2
    padded = np.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))
    height, width = x.shape[1:3]
    return bias + sum(
        padded[:, row : row + height, column : column + width] @ kernel[row, column]
        for row in range(size)
        for column in range(size)
    )


def quarters(x: np.ndarray) -> np.ndarray:
    """The four pixels of every square of 2x2: [4, B, H / 2, W / 2, C]."""
    return np.stack([x[:, row::2, column::2] for row in (0, 1) for column in (0, 1)])


def repeat(x: np.ndarray) -> np.ndarray:
    """Every pixel four times."""
    return x.repeat(2, axis=1).repeat(2, axis=2)


def relu(x: np.ndarray, slope: float = 0.0) -> np.ndarray:
    """x above zero, slope x below."""
    return np.where(x > 0, x, slope * x)
