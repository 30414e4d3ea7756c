"""A pair with one hidden layer of tanh each, in numpy, and what it is trained by.

Gradients are by the complex step (Squire and Trapp 1998), Im f(x + ih) / h, which is exact to
rounding; so everything here takes complex numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray
Arrays = list[Array]


def gradients(loss: Callable[[Arrays], Any], parameters: Sequence[Array]) -> Arrays:
    """Of a number, by each of the parameters."""
    shifted = [parameter.astype(np.complex128) for parameter in parameters]
    found = []
    for parameter in shifted:
        gradient = np.zeros(parameter.shape)
        for index in np.ndindex(parameter.shape):
            parameter[index] += 1e-30j
            gradient[index] = np.imag(loss(shifted)) / 1e-30
            parameter[index] = parameter[index].real
        found.append(gradient)
    return found


def softplus(x: Array) -> Array:
    return np.log1p(np.exp(x))


def positive_part(x: Array) -> Array:
    return np.where(np.real(x) > 0, x, 0)


# Of scores on real examples, of those on generated ones, and the generator's.
LOSSES: Mapping[str, tuple[Callable[[Array], Array], ...]] = {
    "wasserstein": (lambda s: -s, lambda s: s, lambda s: -s),
    "minimax": (lambda s: softplus(-s), softplus, lambda s: -softplus(s)),
    "non_saturating": (lambda s: softplus(-s), softplus, lambda s: softplus(-s)),
    "hinge": (lambda s: positive_part(1 - s), lambda s: positive_part(1 + s), lambda s: -s),
}
PENALTIES: Mapping[str, Callable[[Array], Array]] = {
    "gradient_penalty": lambda norms: (norms - 1) ** 2,
    "one_sided_gradient_penalty": lambda norms: positive_part(norms - 1) ** 2,
}


def cross_entropy(logits: Array, label: Array) -> Array:
    """-log of the softmax at the label."""
    return np.log(np.exp(logits).sum(1)) - logits[np.arange(len(label)), label]


def judge(critic: Sequence[Array], x: Array) -> tuple[Array, Array | None]:
    """Scores [B] and class logits if there are any."""
    w, b, v, c, *class_head = critic
    hidden = np.tanh(x @ w + b)
    class_logits = hidden @ class_head[0] + class_head[1] if class_head else None
    return (hidden @ v + c)[:, 0], class_logits


def slope_norms(critic: Sequence[Array], x: Array) -> Array:
    """||dD/dx||, [B]."""
    w, b, v = critic[:3]
    slopes = ((1 - np.tanh(x @ w + b) ** 2) * v[:, 0]) @ w.T
    return np.sqrt((slopes**2).sum(1))


def draw(
    generator: Sequence[Array],
    latent: Array,
    label: Array | None = None,
    *,
    conditioning: str = "",
    moments: tuple[Array, Array] | None = None,
) -> tuple[Array, tuple[Array, Array]]:
    """Examples, and the moments that normalize them: those of the batch where none are given."""
    table = generator[:-5]
    w, scale, offset, v, c = generator[-5:]
    x = latent
    if conditioning == "multiply":
        x = latent * table[0][label]
    elif conditioning == "concatenate":
        x = np.concatenate([latent, table[0][label]], axis=1)
    elif conditioning == "batch_norm":
        scale, offset = scale[label], offset[label]
    x = x @ w
    if moments is None:
        mean = x.mean(0)
        moments = mean, ((x - mean) ** 2).mean(0)
    x = (x - moments[0]) / np.sqrt(moments[1] + 1e-5)
    return np.tanh(x * scale + offset) @ v + c, moments


def unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)


class SpectralNorms:
    """The vectors of the power iterations, one a kernel; none without spectral norm."""

    def __init__(self, vectors: Arrays) -> None:
        self.vectors = vectors

    def normalize(self, critic: Sequence[Array]) -> Arrays:
        """Kernels, every other one of the variables, over v' W u with v and u held fixed."""
        normalized = list(critic)
        for number, vector in enumerate(self.vectors):
            kernel = critic[2 * number]
            v, u = self._iterate(kernel.real, vector)
            normalized[2 * number] = kernel / (v @ kernel @ u)
        return normalized

    def keep_iteration(self, critic: Sequence[Array]) -> None:
        """Takes one power iteration."""
        self.vectors = [
            self._iterate(critic[2 * number], vector)[1]
            for number, vector in enumerate(self.vectors)
        ]

    @staticmethod
    def _iterate(kernel: Array, vector: Array) -> tuple[Array, Array]:
        v = unit(kernel @ vector)
        return v, unit(kernel.T @ v)
