"""What a source says of its networks and its training, in words that no framework owns.

A network is a tuple of layers in the order of computation. What a source leaves open is None, and
is not compared.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class First:
    """How the entries of a kernel, bias or scale begin.

    Attributes:
        deviation: their standard deviation.
        shape: normal or uniform.
        mean: their mean.
    """

    deviation: float
    shape: str
    mean: float = 0.0

    @property
    def bound(self) -> float:
        """The largest distance from the mean; infinite for a normal one."""
        return self.deviation * math.sqrt(3.0) if self.shape == "uniform" else math.inf


def normal(deviation: float, mean: float = 0.0) -> First:
    return First(deviation, "normal", mean)


def uniform(deviation: float) -> First:
    """Uniform about zero."""
    return First(deviation, "uniform")


def constant(value: float) -> First:
    return First(0.0, "normal", value)


ZEROS, ONES = constant(0.0), constant(1.0)


@dataclasses.dataclass(frozen=True)
class Layer:
    """One operation of a network; what does not concern its kind is left as it is here.

    Attributes:
        kind: dense, convolution, deconvolution, embedding, batch_norm, layer_norm, relu,
            leaky_relu, tanh, sigmoid, dropout, repeat, mean_pool, max_pool, global_mean, crop,
            pad, multiply or residual.
        size: units, filters, features that are normalized, the factor of repeat and pools, or the
            (top, bottom) pixels of crop and pad.
        kernel: side of a convolution's kernel.
        stride: of a convolution.
        first: the first values of the kernel or table.
        bias: those of the bias, or of a norm's offsets; None for no bias.
        scale: those of a norm's scales.
        classes: of an embedding or a conditional norm.
        epsilon: of a norm, added to the variance.
        momentum: of a batch norm's moving statistics; None where the source has none.
        corrected: whether the moving variance is that of the batch times n / (n - 1); None where
            nothing is drawn by it.
        slope: of a leaky rectifier.
        rate: of dropout.
        branches: of a residual block: the shortcut and what is added to it.
    """

    kind: str
    size: int | tuple[int, int] = 0
    kernel: int = 0
    stride: int = 1
    first: First | None = None
    bias: First | None = None
    scale: First | None = None
    classes: int = 0
    epsilon: float | None = None
    momentum: float | None = None
    corrected: bool | None = None
    slope: float | None = None
    rate: float | None = None
    branches: tuple["Layers", ...] = ()

    @property
    def is_elementwise(self) -> bool:
        return self.kind in ("relu", "leaky_relu", "tanh", "sigmoid")


Layers = tuple[Layer, ...]

RELU, TANH, SIGMOID = Layer("relu"), Layer("tanh"), Layer("sigmoid")
REPEAT = Layer("repeat", 2)
MEAN_POOL, MAX_POOL = Layer("mean_pool", 2), Layer("max_pool", 2)
GLOBAL_MEAN = Layer("global_mean")
MULTIPLY = Layer("multiply")


def leaky_relu(slope: float) -> Layer:
    return Layer("leaky_relu", slope=slope)


def dropout(rate: float) -> Layer:
    return Layer("dropout", rate=rate)


@dataclasses.dataclass(frozen=True)
class Network:
    """A network and how many trainable numbers it has.

    Attributes:
        layers: from the input on.
        parameters: trainable numbers.
        heads: of a critic with several outputs, what computes each from the last layer's.
    """

    layers: Layers
    parameters: int
    heads: tuple[Layer, ...] = ()


@dataclasses.dataclass(frozen=True)
class Style:
    """What is said of all layers of both networks alike.

    Batch norm follows every layer but the generator's last and the critic's first and last. The
    generator has rectifiers, the critic leaky ones.

    Attributes:
        kernels: how every kernel begins.
        scales: how the scales of every norm begin.
        kernel: side of every convolution.
        stride: of every convolution.
        slope: of the leaky rectifiers.
    """

    kernels: First
    scales: First
    kernel: int
    stride: int
    slope: float


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """What one network's variables are changed by.

    Attributes:
        kind: adam or rmsprop.
        rate: learning rate at first; None where the source leaves it open.
        epsilon: see `place`; None where the source leaves it open.
        place: outside: sqrt(v) + epsilon; inside: sqrt(v + epsilon); corrected: the root of
            Adam's bias-corrected v, + epsilon.
        betas: Adam's decays.
        rho: RMSprop's decay.
        first_square: RMSprop's v at first.
    """

    kind: str
    rate: float | None
    epsilon: float | None
    place: str = "outside"
    betas: tuple[float, float] = (0.0, 0.0)
    rho: float = 0.0
    first_square: float = 0.0

    def path(self, gradients: np.ndarray) -> np.ndarray:
        """Where variables that begin at zero go: gradients [T, n] -> [T, n], in float64."""
        steps = np.arange(1, len(gradients) + 1)[:, None]
        if self.kind == "rmsprop":
            squares = _decayed(gradients**2, self.rho, self.first_square)
            return -np.cumsum(self.rate * gradients / self._root(squares), axis=0)
        means, squares = _decayed(gradients, self.betas[0]), _decayed(gradients**2, self.betas[1])
        one, two = (1.0 - beta**steps for beta in self.betas)
        if self.place == "corrected":
            changes = means / one / (np.sqrt(squares / two) + self.epsilon)
        else:
            changes = np.sqrt(two) / one * means / self._root(squares)
        return -np.cumsum(self.rate * changes, axis=0)

    def _root(self, squares: np.ndarray) -> np.ndarray:
        if self.place == "inside":
            return np.sqrt(squares + self.epsilon)
        return np.sqrt(squares) + self.epsilon


def _decayed(values: np.ndarray, decay: float, first: float = 0.0) -> np.ndarray:
    result, mean = [], np.full(values.shape[1:], first)
    for value in values:
        mean = decay * mean + (1.0 - decay) * value
        result.append(mean)
    return np.stack(result)


@dataclasses.dataclass(frozen=True)
class Objective:
    """Losses of one score each, in numpy.

    Attributes:
        real: the critic's, of a real example's score.
        generated: the critic's, of a generated example's score.
        generator: the generator's, of the same.
    """

    real: Callable[[np.ndarray], np.ndarray]
    generated: Callable[[np.ndarray], np.ndarray]
    generator: Callable[[np.ndarray], np.ndarray]


def _surprise(logit: np.ndarray) -> np.ndarray:
    """-log D, where D is the sigmoid of the logit."""
    return np.log1p(np.exp(-logit))


WASSERSTEIN = Objective(lambda score: -score, lambda score: score, lambda score: -score)
# -log D(x) - log(1 - D(G(z))), and for the generator -log D(G(z)).
CROSS_ENTROPY = Objective(_surprise, lambda score: _surprise(-score), _surprise)
# The same, but the generator minimizes log(1 - D(G(z))).
MINIMAX = dataclasses.replace(CROSS_ENTROPY, generator=lambda score: -_surprise(-score))
HINGE = Objective(
    lambda score: np.maximum(0.0, 1.0 - score),
    lambda score: np.maximum(0.0, 1.0 + score),
    lambda score: -score,
)


@dataclasses.dataclass(frozen=True)
class Constraint:
    """How the critic is kept Lipschitz.

    Attributes:
        kind: none, clipping, two_sided or one_sided (penalty), or spectral_norm.
        amount: the bound, or the penalty's weight.
        mixing: how a penalty's points are mixed: by weights uniform on [0, 1] or normal.
    """

    kind: str
    amount: float = 0.0
    mixing: str | None = None


UNCONSTRAINED = Constraint("none")


def clipping(bound: float) -> Constraint:
    return Constraint("clipping", bound)


def penalty(weight: float, kind: str = "two_sided", mixing: str = "uniform") -> Constraint:
    return Constraint(kind, weight, mixing)


@dataclasses.dataclass(frozen=True)
class Row:
    """A source, as one preset follows it; its names are those that departures go by.

    Attributes:
        generator: network.
        critic: network.
        style: of networks whose sizes the source leaves open.
        output_range: of the data as the networks see them; None for points.
        latent: width and distribution (normal or uniform on (-1, 1)).
        objective: losses.
        constraint: on the critic.
        clip_timing: before or after a critic step's updates.
        generator_optimizer: of the generator.
        critic_optimizer: of the critic.
        learning_rates: progress in [0, 1) -> what both rates are multiplied with.
        batch_size: of the critic's step.
        generator_batch_size: of the generator's step.
        critic_steps: number of a generator step -> critic steps before it.
        steps: of the source's loop over generator steps. (The WGAN-GP code leaves out the
            generator's step in the first round: the order of steps is the same, but it ends with
            the critic's.)
        critic_updates: joint (one, on real and generated examples) or separate (one on each).
        critic_passes: through a critic with batch norm: 1 (together) or 2.
        critic_batches: of real examples: new in every critic step, or the same in all of a
            generator step.
        critic_step_generator: training (the batch's statistics, dropout) or inference.
        norm_examples: over which the generator's batch norm is taken in the critic's and in the
            generator's step; None where it is not by the batch's statistics.
        class_weights: of the classification loss: in the critic's on real and on generated
            examples, and in the generator's.
        critic_step_labels: of the examples generated in the critic's step: drawn or real.
        label_distribution: of labels that are drawn: uniform.
        ema_decay: of the moving average that is drawn from; 0 for none.
        sampling_statistics: of batch norm in what is drawn: moving, standing or batch.
        sampling_dropout: whether dropout acts in what is drawn.
        dataset: by its name.
        examples: that are trained on; None where they are drawn afresh for ever.
        real_batches: epochs (every example once) or independent (each drawn from all).
        preparation: cropped (to the central square) or squeezed; None where nothing is resized.
        precision: of layers.
        dequantized: whether pixels are spread over their step of 1/256.
    """

    generator: Network | None = None
    critic: Network | None = None
    style: Style | None = None
    output_range: tuple[float, float] | str | None = None
    latent: tuple[int, str] | None = None
    objective: Objective | None = None
    constraint: Constraint | None = None
    clip_timing: str | None = None
    generator_optimizer: Optimizer | None = None
    critic_optimizer: Optimizer | None = None
    learning_rates: Callable[[float], float] | None = None
    batch_size: int | None = None
    generator_batch_size: int | None = None
    critic_steps: Callable[[int], int] | None = None
    steps: int | None = None
    critic_updates: str | None = None
    critic_passes: int | None = None
    critic_batches: str | None = None
    critic_step_generator: str | None = None
    norm_examples: tuple[int | None, int] | None = None
    class_weights: tuple[float, float, float] | None = None
    critic_step_labels: str | None = None
    label_distribution: str | None = None
    ema_decay: float | None = None
    sampling_statistics: str | None = None
    sampling_dropout: bool | None = None
    dataset: str | None = None
    examples: int | str | None = None
    real_batches: str | None = None
    preparation: str | None = None
    precision: str | None = None
    dequantized: bool | None = None


def constant_rates(progress: float) -> float:
    del progress
    return 1.0


def always(count: int) -> Callable[[int], int]:
    """So many critic steps before every generator step."""
    return lambda step: count
