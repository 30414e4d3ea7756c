"""Trains: `python -m wgan_tf.main --flagfile=configs/NAME.flags --workdir=DIR`."""

import functools
import sys

from absl import flags

from wgan_tf import commands
from wgan_tf.errors import Status, UserError
from wgan_tf.training.interruption import StopRequest


def main(stop: StopRequest) -> Status:
    """Trains as the flags say until a stop is asked for, or only tells what would be trained."""
    if len(sys.argv) == 1:
        raise UserError(
            "Nothing is said of what to train; the first run to try is --flagfile="
            "configs/digits.flags, and --help lists the options."
        )
    config = commands.config_from_flags()

    commands.import_tensorflow(config.workdir)
    from wgan_tf import dry_run, runner

    accept_changes = flags.FLAGS.accept_changes
    if flags.FLAGS.contact_sheet and not flags.FLAGS.dry_run:
        raise UserError(
            f"--contact_sheet={flags.FLAGS.contact_sheet} is written by --dry_run; give both."
        )
    if flags.FLAGS.dry_run:
        return dry_run.describe(
            config, accept_changes=accept_changes, contact_sheet=flags.FLAGS.contact_sheet
        )
    return runner.train(config, stop=stop, accept_changes=accept_changes)


if __name__ == "__main__":
    commands.define_config_flags()
    flags.DEFINE_bool(
        "dry_run", False, "Print options, networks and data set; train nothing, write nothing."
    )
    flags.DEFINE_string(
        "contact_sheet", "", "With --dry_run, a PNG of images as the networks will see them."
    )
    flags.DEFINE_bool(
        "accept_changes", False, "Go on with other learning rates than the run has so far."
    )
    request = StopRequest(ends_process=True)
    commands.run(functools.partial(main, request), request)
