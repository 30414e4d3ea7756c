"""Writes a page about runs: `python -m wgan_tf.report --workdir=DIR`."""

from absl import flags

from wgan_tf import commands
from wgan_tf.errors import Status


def main() -> Status:
    """Writes the page that the flags ask for."""
    options = flags.FLAGS

    commands.import_tensorflow()
    from wgan_tf import reporting
    from wgan_tf.run_folder import RunFolder

    folders = [RunFolder(path) for path in dict.fromkeys(options.workdir)]
    out = options.out or folders[0].report_file
    reporting.write_report(folders, out)
    print(out)
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_multi_string(
        "workdir", None, "The run's folder; give several to compare runs.", required=True
    )
    flags.DEFINE_string(
        "out", None, "The HTML file to write; by default report.html in the first --workdir."
    )
    commands.run(main)
