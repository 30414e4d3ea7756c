"""Trains: `python -m wgan_tf.main --flagfile=configs/NAME.flags --workdir=DIR`."""

import sys

from absl import flags

from wgan_tf import commands
from wgan_tf.errors import Status, UserError


def main() -> Status:
    """Trains as the flags say, or only tells what would be trained."""
    if len(sys.argv) == 1:
        raise UserError(
            "Nothing is said of what to train; the first run to try is --flagfile="
            "configs/digits.flags, and --help lists the options."
        )
    config = commands.config_from_flags()

    commands.import_tensorflow(config.workdir)
    from wgan_tf import runner

    return runner.describe(config) if flags.FLAGS.dry_run else runner.train(config)


if __name__ == "__main__":
    commands.define_config_flags()
    flags.DEFINE_bool(
        "dry_run", False, "Print options, networks and data set; train nothing, write nothing."
    )
    commands.run(main)
