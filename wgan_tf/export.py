"""Writes a run's SavedModel: `python -m wgan_tf.export --workdir=DIR`."""

from absl import flags

from wgan_tf import commands
from wgan_tf.status import Status


def main() -> Status:
    """Exports the newest checkpoint's moving-average generator as `export/N`."""
    commands.import_tensorflow()
    from wgan_tf import drawing
    from wgan_tf.run_folder import RunFolder

    print(drawing.export(RunFolder(flags.FLAGS.workdir)))
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_string("workdir", None, "The run's folder.", required=True)
    commands.run(main)
