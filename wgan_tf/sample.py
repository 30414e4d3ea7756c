"""Draws from a generator: `python -m wgan_tf.sample --workdir=DIR --out=grid.png`."""

import dataclasses

from wgan_tf import commands
from wgan_tf.errors import Status, UserError
from wgan_tf.options import option
from wgan_tf.sampling.request import Request


@dataclasses.dataclass(frozen=True)
class SampleOptions(Request):
    """What to draw, and from what."""

    workdir: str = option("", "The run's folder.")
    saved_model: str = option("", "An exported model, in place of --workdir.")
    checkpoint: str = option("last", "Of the run: last, best, or the number of a step.")


def main() -> Status:
    """Writes the images that the flags ask for."""
    options = commands.read_flags(SampleOptions)
    if bool(options.workdir) == bool(options.saved_model):
        raise UserError(
            "Give either --workdir, the folder of a run, or --saved_model, an exported model."
        )
    if options.saved_model and options.checkpoint != "last":
        raise UserError(
            f"--checkpoint={options.checkpoint} has no effect with --saved_model, which is of one "
            "step; leave it out or give --workdir."
        )

    commands.import_tensorflow(options.workdir)
    from wgan_tf.run_folder import RunFolder
    from wgan_tf.sampling.output import write_samples
    from wgan_tf.serving.sampler import Sampler
    from wgan_tf.serving.trained_generator import restore_sampler
    from wgan_tf.training.chosen_checkpoint import parse_checkpoint

    if options.saved_model:
        sampler = Sampler.of_saved_model(options.saved_model)
        write_samples(sampler, options, training_images=None)
    else:
        folder = RunFolder(options.workdir)
        sampler, _ = restore_sampler(folder, parse_checkpoint(options.checkpoint))
        write_samples(sampler, options, folder.open_training_examples)
    print(options.out)
    return Status.DONE


if __name__ == "__main__":
    commands.define_flags(SampleOptions)
    commands.run(main)
