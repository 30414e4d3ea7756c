"""Draws from a generator: `python -m wgan_tf.sample --workdir=DIR --out=grid.png`."""

from absl import flags

from wgan_tf import commands
from wgan_tf.errors import Status, UserError
from wgan_tf.sampling.request import KINDS, Request

# Flags of the command that are fields of `Request` under the same name.
REQUEST_FLAGS = (
    "out",
    "n",
    "seed",
    "kind",
    "to_seed",
    "label",
    "truncation",
    "columns",
    "frames",
)


def main() -> Status:
    """Writes the pictures that the flags ask for."""
    options = flags.FLAGS
    if (options.workdir is None) == (options.saved_model is None):
        raise UserError(
            "Give either --workdir, the folder of a run, or --saved_model, an exported model."
        )
    if options.saved_model and options.checkpoint != "last":
        raise UserError(
            f"--checkpoint={options.checkpoint} has no effect with --saved_model, which is of one "
            "step; leave it out or give --workdir."
        )
    request = Request(**{name: options[name].value for name in REQUEST_FLAGS})

    commands.import_tensorflow()
    from wgan_tf.drawing import restore_trained_generator
    from wgan_tf.examples import open_training_examples
    from wgan_tf.restoring import parse_checkpoint
    from wgan_tf.run_folder import RunFolder
    from wgan_tf.sampling.output import write_samples
    from wgan_tf.serving.trained_generator import TrainedGenerator

    if options.saved_model:
        generator = TrainedGenerator.from_saved_model(options.saved_model)
        write_samples(generator, request, training_pictures=None)
    else:
        folder = RunFolder(options.workdir)
        generator = restore_trained_generator(folder, parse_checkpoint(options.checkpoint))
        write_samples(generator, request, lambda: open_training_examples(folder))
    print(options.out)
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_string("workdir", None, "The run's folder.")
    flags.DEFINE_string("saved_model", None, "An exported model, in place of --workdir.")
    flags.DEFINE_string("checkpoint", "last", "Of the run: last, best, or the number of a step.")
    flags.DEFINE_string(
        "out",
        None,
        "What to write: a .png file, an animation that ends in .gif or .webp, or a folder of "
        "single pictures.",
        required=True,
    )
    flags.DEFINE_enum(
        "kind",
        None,
        list(KINDS),
        "What to draw: independent samples (grid); a column for each class and a latent for each "
        "row (class_grid); a row for each way from a latent of --seed to one of --to_seed "
        "(interpolation), for each number of the latent that is varied (traversal), or for each "
        "sample and the training pictures nearest to it (neighbours). By default a class_grid "
        "where the generator takes labels and none is given, else a grid.",
    )
    flags.DEFINE_integer(
        "n",
        64,
        "How many examples to draw, in each frame of an animation; rounded down to whole rows of "
        "--columns where a row belongs together.",
        lower_bound=1,
    )
    flags.DEFINE_integer(
        "seed", 0, "The same seed draws the same examples.", lower_bound=0, upper_bound=2**63 - 1
    )
    flags.DEFINE_integer(
        "to_seed",
        None,
        "Where interpolations end; the seed after --seed by default.",
        lower_bound=0,
        upper_bound=2**63 - 1,
    )
    flags.DEFINE_string(
        "label", None, "Class to draw, by name or number; all classes in turn by default."
    )
    flags.DEFINE_float(
        "truncation",
        None,
        "Draw latents given that no number in them is beyond this.",
        lower_bound=0.01,
    )
    flags.DEFINE_integer(
        "columns",
        8,
        "Pictures in a row of an interpolation, a traversal or a sample's neighbours.",
        lower_bound=1,
    )
    flags.DEFINE_integer("frames", 32, "Frames of an animation on its way there.", lower_bound=2)
    commands.run(main)
