"""Augmentation on few images, measured: a table for docs/own_pictures.md, and its curves.

    python tools/small_sets.py [--sizes=500,2000] [--arms=none,adaptive] [--seeds=3] [--steps=N]

Trains without augmentation, with `--mirror`, `--augment=diffaugment`, with translation alone, and
with `--augment=adaptive`, and measures all against the whole test split. Results are kept in
--workdir: stopped, the command goes on from where it was, and with --report_only it tells what
there is.
"""

import importlib.util
import pathlib

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
    unknown = [arm for arm in given.arms if arm not in small_sets.ARMS]
    if unknown:
        raise UserError(f"--arms={unknown[0]} is none; take some of {', '.join(small_sets.ARMS)}.")
    workdir = pathlib.Path(given.workdir).expanduser().resolve()
    trials = {
        (size, arm): [
            small_sets.trial(given.data, size, arm, seed, given.steps)
            for seed in range(1, given.seeds + 1)
        ]
        for size in map(int, given.sizes)
        for arm in given.arms or small_sets.ARMS
    }
    references = {size: small_sets.reference_trial(given.data, size) for size, _ in trials}
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
    plot = REPOSITORY / "docs" / "own_pictures" / "small_sets.png"
    print("\n\n".join(small_sets.report(results, distances, plot)))
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_list("sizes", ["500", "2000"], "Images to train on.")
    flags.DEFINE_list("arms", [], "What to compare; everything without.")
    flags.DEFINE_integer("seeds", 3, "Seeds of each arm.", 1)
    flags.DEFINE_integer("steps", 10_000, "Generator steps of each run.", 10)
    flags.DEFINE_string(
        "data",
        f"idx:{FASHION_MNIST}" if FASHION_MNIST.is_dir() else "fashion_mnist",
        "The --dataset, gray and with classes.",
    )
    flags.DEFINE_string("workdir", "runs/small_sets", "Where trials and results are kept.")
    flags.DEFINE_integer("jobs", 2, "Trials at a time, each with one thread.", 1)
    flags.DEFINE_boolean("report_only", False, "Measure nothing; tell what is measured already.")
    commands.run(main)
