"""The literature's claims, measured again: trains what each needs and writes docs/claims.md.

    python tools/claims.py [--only=NAME] [--seeds=N] [--data=idx:DIR]

Results are kept in --workdir, so that the command goes on from where it was stopped and measures
again only what has other options; a trial whose result.json is deleted is measured again, too.
`experiments/` has a file for each claim.
"""

import importlib.util
import pathlib

from absl import flags

from wgan_tf import commands
from wgan_tf.errors import Status, UserError

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")


def main() -> Status:
    """Measures the claims that are asked for and writes the document."""
    from experiments.document import Settings, write_document
    from experiments.registry import CLAIMS
    from experiments.trials import run_trials

    chosen = flags.FLAGS.only or list(CLAIMS)
    unknown = [name for name in chosen if name not in CLAIMS]
    if unknown:
        raise UserError(f"--only={unknown[0]} is no claim; take one of {', '.join(CLAIMS)}.")
    if importlib.util.find_spec("matplotlib") is None:
        raise UserError("The plots need matplotlib; pip install 'wgan_tf[claims]'.")
    settings = Settings(
        workdir=pathlib.Path(flags.FLAGS.workdir).expanduser().resolve(),
        docs=REPOSITORY / "docs",
        data=flags.FLAGS.data,
        num_seeds=flags.FLAGS.seeds,
    )
    claims = [claim for name, claim in CLAIMS.items() if name in chosen]
    trials = [trial for claim in claims for trial in claim.trials(settings)]
    run_trials(trials, settings.workdir, flags.FLAGS.jobs)
    write_document(list(CLAIMS.values()), claims, settings)
    print(settings.docs / "claims.md")
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_multi_string("only", [], "A claim to measure; all without.")
    flags.DEFINE_integer("seeds", None, "Seeds a claim; without, each has its own number.", 1)
    flags.DEFINE_string(
        "data",
        f"idx:{FASHION_MNIST}" if FASHION_MNIST.is_dir() else "fashion_mnist",
        "The --dataset of the claims about images, gray and with classes.",
    )
    flags.DEFINE_string("workdir", "runs/claims", "Where trials and their results are kept.")
    flags.DEFINE_integer("jobs", 2, "Trials at a time, each with one thread.", 1)
    commands.run(main)
