"""Few images, with and without augmentation: quality over time against images never seen."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from experiments import plots, training
from experiments.document import table
from experiments.trials import Measured, Trial, read_result

SIZE = 16
MEASURED = 10
"""Checkpoints of a run whose distances are measured."""
SAMPLES = 5000
SHOWN = 24
# Steers adaptive augmentation; neither trained on nor what distances are measured to.
HELD_OUT = "train[50000:51000]"
ARMS: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "mirror": {"mirror": True},
    "diffaugment": {"augment": "diffaugment"},
    "translation": {"augment": "diffaugment", "augment_changes": ("translation",)},
    "adaptive": {"augment": "adaptive"},
}
_COLORS = (plots.GRAY, plots.ORANGE, plots.BLUE, plots.RED, plots.GREEN)
COLORS = dict(zip(ARMS, _COLORS, strict=True))
LOGGED = ("training_wasserstein_estimate", "held_out_wasserstein_estimate", "overfitting")
OPTIONS = {
    "image_size": SIZE,
    "eval_split": HELD_OUT,
    "eval_metrics": (),
    "architecture": "dcgan",
    "dcgan_width": 16,
    "dcgan_critic_units": 256,
    "latent_dim": 64,
    "batch_size": 32,
    "optimizer": "adam",
    "generator_learning_rate": 1e-3,
    "critic_learning_rate": 1e-3,
    "ema_decay": 0.998,
    "precision": "float32",
    "keep_checkpoints": MEASURED,
}
OBJECTIVES: Mapping[str, Mapping[str, Any]] = {
    "wasserstein": {
        "objective": "wasserstein",
        "lipschitz": "gradient_penalty",
        "penalty_weight": 10.0,
        "dcgan_critic_norm": "layer",
        "critic_steps": 2,
        "beta_1": 0.0,
        "beta_2": 0.9,
        "steps": 10_000,
    },
    "non_saturating": {
        "objective": "non_saturating",
        "lipschitz": "none",
        "dcgan_critic_norm": "none",
        "critic_steps": 1,
        "beta_1": 0.5,
        "beta_2": 0.999,
        "steps": 20_000,
    },
}


class Setting(NamedTuple):
    """What is compared under one heading: the arms of an objective, on so many images."""

    objective: str
    size: int

    @property
    def heading(self) -> str:
        """Of its table and its curves."""
        return f"{self.objective}, {self.size:,} images"


def follow(folder: pathlib.Path, options: Mapping[str, Any]) -> Measured:
    """Trains, and measures the generator against the whole test split at every checkpoint.

    Returns:
        Lists of a value a checkpoint: the step, the Frechet distance, each of `LOGGED`, and
        augment_probability where it is adapted; and uint8 samples at the least distance and at the
        end, [`SHOWN`, H, W].
    """
    run = training.train(folder, options)
    lines = run.metrics()
    if not isinstance(lines, list):
        lines = lines.to_dict("records")
    evaluated = [line for line in lines if line["step"] % options["checkpoint_every"] == 0]
    names = [name for name in ("step", *LOGGED, "augment_probability") if name in evaluated[-1]]
    courses = {name: [float(line[name]) for line in evaluated] for name in names}
    distances = _distances(run, [int(step) for step in courses["step"]])
    best = int(courses["step"][int(np.argmin(distances))])
    return {
        **courses,
        "fid": distances,
        "best_images": run.sample(SHOWN, seed=1, checkpoint=best)[..., 0].tolist(),
        "last_images": run.sample(SHOWN, seed=1)[..., 0].tolist(),
    }


def measure_training_images(
    folder: pathlib.Path, size: int, options: Mapping[str, Any]
) -> Measured:
    """The Frechet distance of the training images themselves, each as often as another."""
    import wgan_tf
    from wgan_tf.data.store import open_store

    config = wgan_tf.Config(
        workdir=str(folder / "run"), data_dir=str(folder.parents[1] / "data"), **options
    )
    images = open_store(config, config.train_split).read(np.arange(size))[0]
    repeated = np.resize(images, (SAMPLES, *images.shape[1:]))
    return {"fid": _evaluator(config).evaluate(np.array_split(repeated, 10))["fid_classifier"]}


def _distances(run: Any, steps: Sequence[int]) -> list[float]:
    from wgan_tf.run_folder import RunFolder
    from wgan_tf.serving.trained_generator import restore_sampler

    evaluator = _evaluator(run.config)
    found = []
    for step in steps:
        sampler, _ = restore_sampler(RunFolder(run.workdir), step)
        found.append(evaluator.evaluate(sampler.batches(SAMPLES))["fid_classifier"])
    return found


def _evaluator(run_config: Any) -> Any:
    """Measures against the test images, by a classifier of all training images."""
    from wgan_tf.data.store import open_store
    from wgan_tf.evaluation.evaluator import build_evaluator

    config = run_config.changed(train_split="train", eval_split="test", eval_features="classifier")
    return build_evaluator(
        config,
        *(open_store(config, split) for split in ("train", "test")),
        num_examples=SAMPLES,
        metrics=("fid",),
        log=print,
    )


def reference_trial(data: str, size: int) -> Trial:
    """The measurement of the first `size` images themselves."""
    options = {"dataset": data, "image_size": SIZE, "train_split": f"train[:{size}]"}
    return Trial(
        f"small_sets/{size}-training-images",
        measure_training_images,
        {"size": size, "options": options},
    )


def trial(
    data: str, setting: Setting, arm: str, seed: int, steps: int | None, evaluations: int
) -> Trial:
    """The trial of an arm on the first `setting.size` images, and of a seed.

    Args:
        data: the --dataset, gray and with classes.
        setting: the objective, and how many images.
        arm: one of `ARMS`.
        seed: of the run.
        steps: of the generator; None for as many as the objective has in `OBJECTIVES`.
        evaluations: how often overfitting is measured and the augmentation adapted, about.
    """
    of_objective = OBJECTIVES[setting.objective]
    evaluations_each = max(1, evaluations // MEASURED)
    eval_every = max(1, (steps or of_objective["steps"]) // (MEASURED * evaluations_each))
    checkpoint_every = eval_every * evaluations_each
    options = {
        **OPTIONS,
        **of_objective,
        **ARMS[arm],
        **dict.fromkeys(("summary_every", "eval_every"), eval_every),
        "checkpoint_every": checkpoint_every,
        "dataset": data,
        "train_split": f"train[:{setting.size}]",
        "steps": checkpoint_every * MEASURED,
        "seed": seed,
    }
    name = f"{setting.objective}-{setting.size}-{arm}-{evaluations}-evaluations-{seed}"
    return Trial(f"small_sets/{name}", follow, {"options": options})


def report(
    results: Mapping[tuple[Setting, str], Sequence[Measured]],
    references: Mapping[int, float],
    folder: pathlib.Path,
) -> Sequence[str]:
    """Draws the curves of every objective, and tells a Markdown table of each and of each size.

    Args:
        results: by setting and arm, a result a seed.
        references: by size, the distance of the training images themselves.
        folder: of the plots, `small_sets_OBJECTIVE.png`.
    """
    of_objectives = {
        objective: sorted(
            {setting.size for setting, _ in results if setting.objective == objective}
        )
        for objective in OBJECTIVES
    }
    tables = []
    for objective, sizes in of_objectives.items():
        if not sizes:
            continue
        file = folder / f"small_sets_{objective}.png"
        with plots.figure(file, columns=len(sizes), width=4.5 * len(sizes)) as drawn:
            for axes, size in zip(np.atleast_1d(drawn), sizes, strict=True):
                setting = Setting(objective, size)
                of_arms = {arm: results.get((setting, arm), ()) for arm in ARMS}
                _draw(axes, setting, of_arms, references[size])
                tables.append(_table(setting, of_arms, references[size]))
            np.atleast_1d(drawn)[0].set_ylabel("Frechet distance to the test images")
    return tables


def _draw(
    axes: Any, setting: Setting, results: Mapping[str, Sequence[Measured]], reference: float
) -> None:
    for arm, found in results.items():
        for number, result in enumerate(found):
            axes.plot(
                result["step"],
                result["fid"],
                color=COLORS[arm],
                linewidth=1,
                label=None if number else arm,
            )
    axes.axhline(reference, color="black", linewidth=0.8, linestyle=":", label="training images")
    axes.set(title=setting.heading, xlabel="generator steps", yscale="log")
    plots.label_logarithmic(axes.yaxis)
    axes.legend(ncols=2, loc="best")


def _table(setting: Setting, results: Mapping[str, Sequence[Measured]], reference: float) -> str:
    heading = [setting.heading, "seeds", "least distance", "at step", "last", "last / least"]
    heading += ["overfitting at the end", "probability at the end"]
    rows = []
    for arm, found in results.items():
        if not found:
            continue
        least = [min(each["fid"]) for each in found]
        last = [each["fid"][-1] for each in found]
        at = [each["step"][int(np.argmin(each["fid"]))] for each in found]
        probabilities = [each["augment_probability"][-1] for each in found if arm == "adaptive"]
        rows.append(
            [
                *(arm, str(len(found)), training.per_seed(least)),
                ", ".join(f"{step:,.0f}" for step in at),
                training.per_seed(last),
                training.per_seed([b / a for a, b in zip(least, last, strict=True)]),
                training.per_seed([each["overfitting"][-1] for each in found]),
                training.per_seed(probabilities) if probabilities else "",
            ]
        )
    rows.append(["training images", "", f"{reference:.2f}", *[""] * (len(heading) - 3)])
    return table(heading, rows)


def read_results(
    trials: Mapping[tuple[Setting, str], Sequence[Trial]], workdir: pathlib.Path
) -> Mapping[tuple[Setting, str], Sequence[Measured]]:
    """What is measured already, by setting and arm."""
    found = {
        key: [result.values for each in of_key if (result := read_result(each, workdir))]
        for key, of_key in trials.items()
    }
    return {key: values for key, values in found.items() if values}
