"""Optimizers in numpy, in float64, by the formulas of their papers and frameworks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray


class Adam:
    """Kingma and Ba 2015, with epsilon where it is placed.

    Attributes:
        rate: of learning.
    """

    def __init__(
        self,
        rate: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        placement: str = "outside_root",
    ) -> None:
        self.rate, self._beta_1, self._beta_2 = rate, beta_1, beta_2
        self._epsilon, self._placement = epsilon, placement
        self._count = 0
        self._moments: list[tuple[Any, Any]] | None = None

    def updates(self, gradients: Sequence[Array]) -> list[Array]:
        """What is added to each variable."""
        self._count += 1
        before = self._moments or [(0.0, 0.0)] * len(gradients)
        self._moments = [
            (
                self._beta_1 * mean + (1 - self._beta_1) * gradient,
                self._beta_2 * square + (1 - self._beta_2) * gradient**2,
            )
            for (mean, square), gradient in zip(before, gradients, strict=True)
        ]
        return [self._update(mean, square) for mean, square in self._moments]

    def _update(self, mean: Array, square: Array) -> Array:
        c_1, c_2 = 1 - self._beta_1**self._count, 1 - self._beta_2**self._count
        if self._placement == "outside_corrected_root":
            return -self.rate * (mean / c_1) / (np.sqrt(square / c_2) + self._epsilon)
        return -self.rate * np.sqrt(c_2) / c_1 * mean / (np.sqrt(square) + self._epsilon)


class RMSprop:
    """Tieleman and Hinton 2012, with epsilon where it is placed.

    Attributes:
        rate: of learning.
    """

    def __init__(
        self,
        rate: float,
        rho: float,
        epsilon: float,
        placement: str = "outside_root",
        initial: float = 0.0,
    ) -> None:
        self.rate, self._rho, self._epsilon, self._placement = rate, rho, epsilon, placement
        self._initial = initial
        self._squares: list[Any] | None = None

    def updates(self, gradients: Sequence[Array]) -> list[Array]:
        """What is added to each variable."""
        before = self._squares or [self._initial] * len(gradients)
        self._squares = [
            self._rho * square + (1 - self._rho) * gradient**2
            for square, gradient in zip(before, gradients, strict=True)
        ]
        return [
            -self.rate * gradient / self._root(square)
            for square, gradient in zip(self._squares, gradients, strict=True)
        ]

    def _root(self, square: Array) -> Array:
        if self._placement == "inside_root":
            return np.sqrt(square + self._epsilon)
        return np.sqrt(square) + self._epsilon
