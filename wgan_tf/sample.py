"""Draws a grid from a run: `python -m wgan_tf.sample --workdir=DIR --out=grid.png`."""

from absl import flags

from wgan_tf import commands
from wgan_tf.status import Status


def main() -> Status:
    """Writes the picture that the flags ask for."""
    options = flags.FLAGS

    commands.import_tensorflow()
    from wgan_tf import drawing
    from wgan_tf.run_folder import RunFolder

    drawing.write_samples(
        RunFolder(options.workdir),
        n=options.n,
        seed=options.seed,
        label=options.label,
        out=options.out,
    )
    print(options.out)
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_string("workdir", None, "The run's folder.", required=True)
    flags.DEFINE_integer("n", 64, "How many examples to draw.", lower_bound=1)
    flags.DEFINE_integer(
        "seed", 0, "The same seed draws the same examples.", lower_bound=0, upper_bound=2**63 - 1
    )
    flags.DEFINE_string(
        "label",
        None,
        "Class to draw, by name or number; without it a conditional run draws a column a class.",
    )
    flags.DEFINE_string("out", None, "The PNG file to write.", required=True)
    commands.run(main)
