"""The silent observer of training on the workers that are not the chief."""

from collections.abc import Mapping

import numpy as np


class Bystander:
    """Takes what a run shows and shows nothing: the chief does."""

    def advance(self, step: int) -> None:
        """Does nothing."""

    def summary(
        self, step: int, metrics: Mapping[str, float], histograms: Mapping[str, np.ndarray]
    ) -> None:
        """Does nothing."""

    def samples(self, step: int, examples: np.ndarray) -> None:
        """Does nothing."""

    def flush(self) -> None:
        """Does nothing."""

    def histograms(self) -> Mapping[str, np.ndarray]:
        """None."""
        return {}

    def scalars(self) -> Mapping[str, float]:
        """None."""
        return {}

    def evaluation(self) -> Mapping[str, float]:
        """None."""
        return {}

    def offer(self, step: int, metrics: Mapping[str, float]) -> None:
        """Does nothing."""

    def draw_samples(self) -> np.ndarray:
        """None."""
        return np.empty(0)
