"""Augmentation on few images, measured: a table for docs/own_pictures.md, and its curves.

    python tools/small_sets.py [--objectives=wasserstein,non_saturating] [--sizes=500,2000]
        [--arms=none,adaptive] [--seeds=3] [--steps=N] [--evaluations=100]

Trains a WGAN-GP and a non-saturating GAN without augmentation, with `--mirror`,
`--augment=diffaugment`, with translation alone, and with `--augment=adaptive`, and measures all
against the whole test split. Results are kept in --workdir: stopped, the command goes on from where
it was, and with --report_only it tells what there is.
"""

import importlib.util
import pathlib
from collections.abc import Collection, Sequence

from absl import flags

from wgan_tf import commands
from wgan_tf.errors import Status, UserError

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")


def main() -> Status:
    """Measures what is not measured yet, prints the tables and draws the curves."""
    from experiments import small_sets
    from experiments.trials import read_result, run_trials

    if importlib.util.find_spec("matplotlib") is None:
        raise UserError("The plots need matplotlib; pip install 'wgan_tf[claims]'.")
    given = flags.FLAGS
    _check("objectives", given.objectives, small_sets.OBJECTIVES)
    _check("arms", given.arms, small_sets.ARMS)
    workdir = pathlib.Path(given.workdir).expanduser().resolve()
    settings = [
        small_sets.Setting(objective, int(size))
        for objective in given.objectives or small_sets.OBJECTIVES
        for size in given.sizes
    ]
    trials = {
        (setting, arm): [
            small_sets.trial(given.data, setting, arm, seed, given.steps, given.evaluations)
            for seed in range(1, given.seeds + 1)
        ]
        for setting in settings
        for arm in given.arms or small_sets.ARMS
    }
    sizes = {setting.size for setting in settings}
    references = {size: small_sets.reference_trial(given.data, size) for size in sizes}
    if not given.report_only:
        # A seed of every arm before the next.
        rounds = zip(*trials.values(), strict=True)
        run_trials(
            [*references.values(), *(trial for each in rounds for trial in each)],
            workdir,
            given.jobs,
        )
    results = small_sets.read_results(trials, workdir)
    if not results:
        raise UserError(f"--workdir={workdir} has no result yet; leave --report_only out.")
    distances = {
        size: found.values["fid"]
        for size, trial in references.items()
        if (found := read_result(trial, workdir))
    }
    plots = REPOSITORY / "docs" / "own_pictures"
    print("\n\n".join(small_sets.report(results, distances, plots)))
    return Status.DONE


def _check(option: str, names: Sequence[str], known: Collection[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(f"--{option}={unknown[0]} is none; take some of {', '.join(known)}.")


if __name__ == "__main__":
    flags.DEFINE_list("objectives", [], "What to train with; both without.")
    flags.DEFINE_list("sizes", ["500", "2000"], "Images to train on.")
    flags.DEFINE_list("arms", [], "What to compare; everything without.")
    flags.DEFINE_integer("seeds", 3, "Seeds of each arm.", 1)
    flags.DEFINE_integer("steps", None, "Generator steps of each run, instead of its own.", 100)
    flags.DEFINE_integer("evaluations", 100, "How often a run adapts its augmentation.", 10)
    flags.DEFINE_string(
        "data",
        f"idx:{FASHION_MNIST}" if FASHION_MNIST.is_dir() else "fashion_mnist",
        "The --dataset, gray and with classes.",
    )
    flags.DEFINE_string("workdir", "runs/small_sets", "Where trials and results are kept.")
    flags.DEFINE_integer("jobs", 2, "Trials at a time, each with one thread.", 1)
    flags.DEFINE_boolean("report_only", False, "Measure nothing; tell what is measured already.")
    commands.run(main)
