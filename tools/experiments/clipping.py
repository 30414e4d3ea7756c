"""What clipping does to a critic: weights, gradients by depth, surfaces and the distance told."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments import plots, training
from experiments.document import Claim, Finding, Settings, Verdict, table
from experiments.trials import Measured, Trial

DATASETS = ("8gaussians", "25gaussians", "swissroll")
AXIS = np.linspace(-2.5, 2.5, 51)
COMPARED_POINTS = 1000
BINS = 41
# The share of the slopes between the points that a critic's estimate is divided by the largest of.
STEEP = 0.99
# What is left of a gradient that float32 cannot hold.
LEAST = 1e-45
COMMON = {
    **training.RESTING_GENERATOR,
    "mlp_initializer": "wgan_gp",
    "latent_dim": 2,
    "batch_size": 128,
    "critic_steps": 5,
    "steps": 500,
    "summary_every": 250,
    "steps_per_call": 50,
}
PENALIZED = {
    **training.ADAM,
    "lipschitz": "gradient_penalty",
    "critic_learning_rate": 1e-3,
}
CLIPPED = {
    **training.AUTHORS_RMSPROP,
    "lipschitz": "weight_clipping",
    "clip_value": 0.01,
    "critic_learning_rate": 5e-4,
}
SURFACES = {
    "gradient penalty": PENALIZED,
    "clipped": CLIPPED,
    "clipped, Keras 3's RMSprop": CLIPPED | training.KERAS_RMSPROP,
}
DEPTHS = {
    "clip 0.1": CLIPPED | {"clip_value": 0.1},
    "clip 0.01": CLIPPED,
    "clip 0.001": CLIPPED | {"clip_value": 0.001},
    "gradient penalty": PENALIZED | {"critic_learning_rate": 1e-4},
}
DEPTH = 12
DEEP = {"mlp_critic_units": (128,) * DEPTH, "batch_size": 128, "steps": 100, "summary_every": 100}


def surface(folder: pathlib.Path, options: Mapping[str, Any]) -> Measured:
    """Trains a critic between a toy distribution and a resting Gaussian; tells what it became."""
    from wgan_tf.data.sources.toy import sample_toy
    from wgan_tf.evaluation.wasserstein import exact_wasserstein

    run = training.train(folder, options)
    critic = run.critic()
    random = np.random.default_rng(options["seed"])
    points, _ = sample_toy(options["dataset"].partition(":")[2])
    real = points[random.choice(len(points), COMPARED_POINTS, replace=False)]
    generated = run.sample(COMPARED_POINTS, seed=1)
    grid = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2)
    scores = training.critic_scores(critic, grid)
    mixing = random.uniform(size=(COMPARED_POINTS, 1))
    slopes = training.critic_gradients(critic, mixing * real + (1 - mixing) * generated)
    of_real, of_generated = (training.critic_scores(critic, x) for x in (real, generated))
    # Divided by it, the critic is 1-Lipschitz but in few places, and its estimate at most W1.
    steep = np.quantile(slopes, STEEP)
    weights = np.concatenate([np.ravel(v) for v in critic.get_weights()])
    largest = float(np.abs(weights).max())
    counts, _ = np.histogram(weights, BINS, (-largest, largest))
    estimate = float(of_real.mean() - of_generated.mean())
    exact = exact_wasserstein(real, generated)
    return {
        "surface": [float(f"{score:.4g}") for score in scores],
        "exact": exact,
        "reached": float(estimate / steep / exact),
        "slope": float(slopes.mean()),
        "slope_variation": float(slopes.std() / slopes.mean()),
        "at_bound": float(np.mean(np.abs(weights) >= options["clip_value"] * (1 - 1e-6)))
        if "clip_value" in options
        else None,
        "weights": counts.tolist(),
        "largest_weight": largest,
    }


def depth(folder: pathlib.Path, options: Mapping[str, Any]) -> Measured:
    """Trains a deep critic; tells the norm of the gradient of its output in each layer's."""
    import keras
    import tensorflow as tf

    run = training.train(folder, options)
    critic = run.critic()
    hidden = [x.output for x in critic.layers if isinstance(x, keras.layers.Activation)]
    layers = keras.Model(critic.inputs, [*hidden, critic.outputs[0]])
    points = tf.constant(run.sample(COMPARED_POINTS, seed=1))
    with tf.GradientTape() as tape:
        tape.watch(points)
        *features, scores = layers(points)
    gradients = tape.gradient(scores, features)
    return {"norms": [float(tf.reduce_mean(tf.norm(gradient, axis=1))) for gradient in gradients]}


def surface_trial(dataset: str, system: str, seed: int) -> Trial:
    """The trial of a surface."""
    options = {
        **COMMON,
        "mlp_critic_units": (128, 128, 128),
        **SURFACES[system],
        "dataset": f"toy:{dataset}",
        "seed": seed,
    }
    number = list(SURFACES).index(system)
    return Trial(f"clipping/{dataset}-{number}-{seed}", surface, {"options": options})


def depth_trial(system: str, seed: int) -> Trial:
    """The trial of a deep critic, on the Swiss roll as in the paper."""
    options = {**COMMON, **DEEP, **DEPTHS[system], "dataset": "toy:swissroll", "seed": seed}
    number = list(DEPTHS).index(system)
    return Trial(f"clipping/depth-{number}-{seed}", depth, {"options": options})


def trials(settings: Settings) -> Sequence[Trial]:
    """Surfaces and depths."""
    seeds = settings.seeds(3)
    surfaces = [surface_trial(d, s, seed) for d in DATASETS for s in SURFACES for seed in seeds]
    return surfaces + [depth_trial(s, seed) for s in DEPTHS for seed in seeds]


def report(settings: Settings) -> Finding:
    """Weights, gradients by depth, surfaces and how near each critic comes to the distance."""
    seeds = settings.seeds(3)
    surfaces = {
        (d, s): [settings.result(surface_trial(d, s, seed)) for seed in seeds]
        for d in DATASETS
        for s in SURFACES
    }
    depths = {
        s: np.array([settings.result(depth_trial(s, seed))["norms"] for seed in seeds])
        for s in DEPTHS
    }
    _plot_surfaces(settings, surfaces)
    _plot_norms(settings, surfaces, depths)

    def column(dataset: str, system: str, name: str) -> str:
        values = [result[name] for result in surfaces[dataset, system]]
        return "" if None in values else training.per_seed(values)

    rows = [
        [
            f"{dataset}, {system}",
            column(dataset, system, "reached"),
            column(dataset, system, "slope_variation"),
            column(dataset, system, "at_bound"),
        ]
        for dataset in DATASETS
        for system in SURFACES
    ]
    falls = {s: [float(max(n[0] / n[-1], LEAST)) for n in norms] for s, norms in depths.items()}
    reached = {
        s: float(np.mean([r["reached"] for d in DATASETS for r in surfaces[d, s]]))
        for s in SURFACES
    }
    bound = np.mean([r["at_bound"] for d in DATASETS for r in surfaces[d, "clipped"]])
    orders = {s: float(np.mean(np.log10(values))) for s, values in falls.items()}
    penalty_order = abs(orders["gradient penalty"])
    clipped_order = min(abs(orders[s]) for s in DEPTHS if s != "gradient penalty")
    signs = [
        bound > 0.5,
        reached["gradient penalty"] > reached["clipped"] + 0.1,
        clipped_order > penalty_order + 1,
    ]
    verdict = {3: Verdict.HOLDS, 0: Verdict.DOES_NOT_HOLD}.get(sum(signs), Verdict.IN_PART)
    keras = "clipped, Keras 3's RMSprop"
    keras_bound = np.mean([r["at_bound"] for d in DATASETS for r in surfaces[d, keras]])
    told = ", ".join(
        f"10^{orders[s]:.1f} with {s}" if min(falls[s]) > LEAST else f"to nothing with {s}"
        for s in DEPTHS
    )
    return Finding(
        table(["", "share of W1 reached", "slopes' variation", "weights at the bound"], rows)
        + "\n\n"
        + table(
            [f"{DEPTH} layers", "gradient in the first layer / in the last"],
            [
                [s, training.per_seed(values) if max(values) > LEAST else "0, in float32"]
                for s, values in falls.items()
            ],
        )
        + "\n\n![Weights, and gradients by depth](claims/clipping_norms.png)",
        verdict,
        f"{bound:.0%} of the clipped weights are at the bound. Divided by the slope that "
        f"{STEEP:.0%} of the places between the points stay below, a critic's estimate is at most "
        "W1 but for those few places: critics under the penalty reach "
        f"{reached['gradient penalty']:.0%} of it, clipped ones {reached['clipped']:.0%}, and "
        "their surfaces bend in few straight folds. As to the optimizer: Keras 3's RMSprop, whose "
        "epsilon inside the root leaves small gradients small, keeps fewer weights at the bound, "
        f"{keras_bound:.0%}, and the critics reach {reached[keras]:.0%}. On its way from the last "
        f"of {DEPTH} layers to the first the gradient changes by {told}.",
    )


def _plot_surfaces(settings: Settings, surfaces: Mapping[Any, Sequence[Measured]]) -> None:
    from wgan_tf.data.sources.toy import sample_toy

    with plots.figure(
        settings.plot("clipping"),
        rows=len(SURFACES),
        columns=len(DATASETS),
        width=8.0,
        height=2.6,
    ) as panels:
        for row, system in zip(panels, SURFACES, strict=True):
            for axes, dataset in zip(row, DATASETS, strict=True):
                values = np.reshape(surfaces[dataset, system][0]["surface"], (len(AXIS),) * 2)
                axes.contour(AXIS, AXIS, values, 14, cmap="viridis", linewidths=0.9)
                points = sample_toy(dataset)[0][:800]
                axes.plot(*points.T, ".", color=plots.RED, markersize=1, alpha=0.5)
                axes.set(xticks=(), yticks=(), aspect="equal")
                axes.set_title(f"{dataset}\n{system}", fontsize=8)


def _plot_norms(
    settings: Settings,
    surfaces: Mapping[Any, Sequence[Measured]],
    depths: Mapping[str, np.ndarray],
) -> None:
    with plots.figure(settings.plot("clipping_norms"), columns=3) as (first, second, third):
        for axes, system in ((first, "clipped"), (second, "gradient penalty")):
            result = surfaces["swissroll", system][0]
            largest = result["largest_weight"]
            edges = np.linspace(-largest, largest, BINS + 1)
            axes.stairs(result["weights"], edges, fill=True, color=plots.BLUE)
            axes.set(title=f"Weights, swissroll, {system}", yticks=())
        colors = (plots.ORANGE, plots.RED, plots.GRAY, plots.BLUE)
        for (system, norms), color in zip(depths.items(), colors, strict=True):
            for number, values in enumerate(norms):
                label = None if number else system
                third.semilogy(range(1, DEPTH + 1), values, color=color, label=label)
        third.set(title="Gradient norm by layer, swissroll", xlabel="layer")
        third.legend()


CLAIM = Claim(
    name="clipping",
    title="The price of clipping",
    prediction=(
        "Clipped weights pile up at the bounds, gradients vanish or explode with depth by the "
        "bound's size, and the critic learns too simple a function; under a gradient penalty none "
        "of this happens (Gulrajani et al. 2017, section 3 and figure 1)."
    ),
    setup=(
        "The generator rests: z w with z from N(0, 1) in the plane and a random w, where the paper "
        "took real points with noise. Critics of three layers of 128 ReLU take 2,500 steps of 128 "
        "points: with lambda 10 and Adam, or clipped at 0.01 with PyTorch's RMSprop or Keras 3's "
        "(epsilon 1e-7 inside the root, rho 0.9). Told is the critic's estimate of 1,000 points "
        f"of each distribution, divided by the slope that {STEEP:.0%} of the places between them "
        "stay below and by their exact W1; the standard deviation of the slopes there over their "
        f"mean; and, of critics of {DEPTH} "
        "layers of 128 after 500 steps, the norm of the gradient of the output in each layer's "
        "output. Surfaces are of seed 0."
    ),
    trials=trials,
    report=report,
)
