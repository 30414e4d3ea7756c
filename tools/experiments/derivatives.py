"""Layers that a gradient penalty cannot bear: wrong second derivatives, and batch norm."""

import importlib
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments import plots, training
from experiments.document import Claim, Finding, Settings, Verdict, table
from experiments.trials import Measured, Trial

FLOAT64 = {"dtype": "float64"}
BATCHES = (4, 16, 64, 256)
# By which the output of a critic with batch norm before it is multiplied.
SCALES = (1, 10, 100)
CLOUD_POINTS = 256
# Of images of several channels: where it is, the class and its arguments.
LAYERS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "none": ("keras", "Identity", {}),
    "average pooling": ("keras", "AveragePooling2D", {"pool_size": 2}),
    "max pooling": ("keras", "MaxPooling2D", {}),
    "repeated pixels": ("keras", "UpSampling2D", {}),
    "transposed convolution": (
        *("keras", "Conv2DTranspose"),
        {"filters": 4, "kernel_size": 4, "strides": 2},
    ),
    "layer norm of this package": ("wgan_tf", "LayerNormalization", {}),
    "group norm of this package": ("wgan_tf", "GroupNormalization", {"groups": 2}),
    "Keras's layer norm": ("keras", "LayerNormalization", {}),
    "Keras's group norm": ("keras", "GroupNormalization", {"groups": 2}),
    "bilinear upsampling": ("keras", "UpSampling2D", {"interpolation": "bilinear"}),
}
REFUSED = ("Keras's layer norm", "Keras's group norm", "bilinear upsampling")
# The trainer's own limit of the relative error.
LIMIT = 3e-6


def compare(folder: pathlib.Path, layer: str, seed: int) -> Measured:
    """Puts a layer into a small critic; tells how far its penalty's gradient is from differences.

    The penalty is the mean of the squared norms, of which every other penalty makes its own.
    """
    import keras
    import tensorflow as tf

    from wgan_tf.networks.derivatives import penalty_error

    del folder
    keras.utils.set_random_seed(seed)
    image = keras.Input((6, 6, 1), **FLOAT64)
    x = keras.layers.Conv2D(4, 3, padding="same", **FLOAT64)(image)
    package, name, arguments = LAYERS[layer]
    layers = importlib.import_module(f"{package}.layers")
    x = getattr(layers, name)(**arguments, **FLOAT64)(x)
    x = keras.layers.Activation("tanh", **FLOAT64)(x)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="tanh", **FLOAT64)(x)
    critic = keras.Model(
        image, keras.layers.Dense(1, **FLOAT64)(keras.layers.Flatten(**FLOAT64)(x))
    )
    points = np.random.default_rng(seed).normal(size=(8, 6, 6, 1))
    try:
        return {"error": penalty_error(critic, tf.constant(points))}
    except LookupError:
        return {"error": None}


def normalize(folder: pathlib.Path, batch_size: int, seed: int) -> Measured:
    """Compares what a penalty sees of a critic with batch norm with the slopes that it has.

    The penalty takes the gradient of the sum of all scores in each point, which is the point's own
    slope only if no score depends on another point. The critic's weights are the first ones.
    """
    import keras
    import tensorflow as tf

    del folder
    keras.utils.set_random_seed(seed)
    point = keras.Input((2,))
    x = keras.layers.BatchNormalization(epsilon=1e-5)(keras.layers.Dense(64)(point))
    x = keras.layers.Dense(64)(keras.layers.Activation("relu")(x))
    x = keras.layers.Activation("relu")(keras.layers.BatchNormalization(epsilon=1e-5)(x))
    critic = keras.Model(point, keras.layers.Dense(1)(x))
    points = tf.constant(np.random.default_rng(seed).normal(size=(batch_size, 2)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(points)
        scores = critic(points, training=True)[:, 0]
    jacobian = tape.jacobian(scores, points).numpy()
    seen = np.linalg.norm(jacobian.sum(axis=0), axis=1)
    own = np.linalg.norm(jacobian[np.arange(batch_size), np.arange(batch_size)], axis=1)
    return {"seen": float(seen.mean() / own.mean()), "off": float(np.abs(seen / own - 1).mean())}


def enlarge(folder: pathlib.Path, scale: float, seed: int) -> Measured:
    """Multiplies a critic with batch norm before its output; tells its estimate and its penalty.

    Between two clouds that are one apart, so that W1 is 1. The output's weights are the difference
    of the features' means, so that the estimate is positive.
    """
    import keras
    import tensorflow as tf

    from wgan_tf import lipschitz

    del folder
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    generated = tf.constant(random.normal(size=(CLOUD_POINTS, 2)), tf.float32)
    real = generated + tf.constant([1.0, 0.0])
    point = keras.Input((2,))
    hidden = keras.layers.Dense(64, activation="relu")(point)
    features = keras.Model(point, keras.layers.BatchNormalization(epsilon=1e-5)(hidden))
    both = features(tf.concat([real, generated], axis=0), training=True)
    means = [tf.reduce_mean(part, axis=0) for part in tf.split(both, 2)]
    weights = scale * (means[0] - means[1]) / 64

    def scores(points: tf.Tensor) -> tf.Tensor:
        return tf.linalg.matvec(features(points, training=True), weights)

    of_real, of_generated = tf.split(scores(tf.concat([real, generated], axis=0)), 2)
    mixing = tf.constant(random.uniform(size=CLOUD_POINTS), tf.float32)
    between = lipschitz.interpolate(real, generated, mixing)
    seen = lipschitz.gradient_norms(scores, between)
    return {
        "estimate": float(tf.reduce_mean(of_real - of_generated)),
        "seen": float(tf.reduce_mean(seen)),
        "penalty": float(tf.reduce_mean(lipschitz.two_sided_penalty(seen))),
    }


def layer_trial(layer: str, seed: int) -> Trial:
    """The trial of a layer."""
    number = list(LAYERS).index(layer)
    return Trial(f"derivatives/{number}-{seed}", compare, {"layer": layer, "seed": seed})


def batch_trial(batch_size: int, seed: int) -> Trial:
    """The trial of batch norm over so many points."""
    arguments = {"batch_size": batch_size, "seed": seed}
    return Trial(f"derivatives/batch-{batch_size}-{seed}", normalize, arguments)


def scale_trial(scale: float, seed: int) -> Trial:
    """The trial of a critic that is multiplied by so much."""
    return Trial(f"derivatives/scale-{scale}-{seed}", enlarge, {"scale": scale, "seed": seed})


def trials(settings: Settings) -> Sequence[Trial]:
    """All layers, and batch norm over all sizes of batches."""
    seeds = settings.seeds(3)
    of_layers = [layer_trial(layer, seed) for layer in LAYERS for seed in seeds]
    of_batches = [batch_trial(size, seed) for size in BATCHES for seed in seeds]
    return of_layers + of_batches + [scale_trial(s, seed) for s in SCALES for seed in seeds]


def report(settings: Settings) -> Finding:
    """Errors of second derivatives, and what a penalty sees through batch norm."""
    seeds = settings.seeds(3)
    errors = {
        layer: [settings.result(layer_trial(layer, seed))["error"] for seed in seeds]
        for layer in LAYERS
    }
    batches = {
        size: [settings.result(batch_trial(size, seed)) for seed in seeds] for size in BATCHES
    }
    scaled = {
        scale: [settings.result(scale_trial(scale, seed)) for seed in seeds] for scale in SCALES
    }
    rows = [
        [
            layer,
            "no gradient at all" if None in values else f"{min(values):.0e} to {max(values):.0e}",
            "refused" if layer in REFUSED else "taken",
        ]
        for layer, values in errors.items()
    ]
    known = {layer: values for layer, values in errors.items() if None not in values}
    with plots.figure(settings.plot("derivatives"), columns=2) as (left, right):
        for number, (layer, values) in enumerate(known.items()):
            color = plots.RED if layer in REFUSED else plots.BLUE
            left.semilogx(values, [number] * len(values), "o", color=color)
        left.set_yticks(range(len(known)), list(known))
        left.axvline(LIMIT, color=plots.GRAY, linestyle="--", linewidth=0.8)
        left.set_title("Relative error of the penalty's gradient")
        for size, values in batches.items():
            right.plot([size] * len(seeds), [v["seen"] for v in values], "x", color=plots.RED)
        right.axhline(1, color=plots.BLUE, linewidth=0.8, label="each example alone")
        right.set_xscale("log")
        right.set_xticks(BATCHES, [str(size) for size in BATCHES])
        right.minorticks_off()
        right.set_title("Batch norm: norm that a penalty sees, by the slope")
        right.set_xlabel("batch")
        right.set_ylim(bottom=0)
        right.legend()

    def is_right(layer: str) -> bool:
        return layer in known and max(known[layer]) < LIMIT

    def is_wrong(layer: str) -> bool:
        return layer not in known or min(known[layer]) > LIMIT

    told_apart = all(is_wrong(layer) if layer in REFUSED else is_right(layer) for layer in LAYERS)
    seen = [value["seen"] for value in batches[64]]
    off = [value["off"] for value in batches[64]]
    is_coupled = min(off) > 0.02
    verdict = {2: Verdict.HOLDS, 1: Verdict.IN_PART, 0: Verdict.DOES_NOT_HOLD}[
        told_apart + is_coupled
    ]
    return Finding(
        table(["Layer in the critic", "relative error", "the trainer"], rows)
        + "\n\n"
        + table(
            ["Batch norm over", *(f"{size} points" for size in BATCHES)],
            [
                [
                    "norm seen / slope, means",
                    *(training.per_seed([v["seen"] for v in batches[size]]) for size in BATCHES),
                ],
                [
                    "mean relative difference",
                    *(training.per_seed([v["off"] for v in batches[size]]) for size in BATCHES),
                ],
            ],
        )
        + "\n\n"
        + table(
            ["Batch norm before the output, times", *map(str, SCALES)],
            [
                [title, *(training.per_seed([v[name] for v in scaled[s]]) for s in SCALES)]
                for title, name in (
                    ("estimate, where W1 is 1", "estimate"),
                    ("norm seen", "seen"),
                    ("penalty, without lambda", "penalty"),
                )
            ],
        ),
        verdict,
        "Every layer that the trainer refuses under a penalty has a gradient that is wrong, and "
        "every other one that is right to rounding. Through batch norm over 64 points, a penalty "
        f"sees {np.mean(seen):.2f} times the slopes that the critic has, "
        f"{np.mean(off):.0%} off for the single point: what it holds at one is not the slope, and "
        "differs with the batch. Directly before the output it is worse: batch norm takes the "
        "mean from every feature, so that the sum of a batch's scores is constant and the norm "
        "seen is 0, however steep the critic: the penalty is always 1, and the estimate, "
        f"{np.mean([v['estimate'] for v in scaled[SCALES[-1]]]):.0f} where W1 is 1, is without "
        "bound.",
    )


CLAIM = Claim(
    name="derivatives",
    title="Batch norm, and wrong second derivatives",
    prediction=(
        "Batch norm in a critic makes each score depend on the whole batch, so that a penalty on "
        "each example's gradient is no longer valid (Gulrajani et al. 2017, section 4); and the "
        "penalty's own gradient takes second derivatives, which some layers have wrong without an "
        "error."
    ),
    setup=(
        "The trainer refuses both, so nothing is trained here: they are measured on critics with "
        "first weights. Layers: between two convolutions, in float64, the gradient of the mean "
        "squared norm in all weights, beside central differences along random directions, by "
        "`wgan_tf.networks.derivatives`, which is how the trainer finds them. Batch norm: a "
        "perceptron with batch norm before both activations, in training mode; what a penalty "
        "takes for the gradient at a point, that of the sum of all scores, beside the gradient of "
        "the point's own score. And one with batch norm before its output, which is multiplied by "
        f"{', '.join(map(str, SCALES))}, between two clouds of {CLOUD_POINTS} points that are one "
        "apart."
    ),
    trials=trials,
    report=report,
)
