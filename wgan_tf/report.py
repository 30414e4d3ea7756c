"""Writes a page about runs: `python -m wgan_tf.report --workdir=DIR`."""

import dataclasses

from wgan_tf import commands
from wgan_tf.errors import Status
from wgan_tf.options import option


@dataclasses.dataclass(frozen=True)
class ReportOptions:
    """What to report on."""

    workdir: tuple[str, ...] = option(
        (),
        "The run's folder; give several to compare runs.",
        is_required=True,
        is_repeated=True,
    )
    out: str = option("", "The HTML file to write; by default report.html in the first --workdir.")


def main() -> Status:
    """Writes the page that the flags ask for."""
    options = commands.read_flags(ReportOptions)

    commands.import_tensorflow()
    from wgan_tf import reporting
    from wgan_tf.run_folder import RunFolder

    folders = [RunFolder(path) for path in dict.fromkeys(options.workdir)]
    out = options.out or folders[0].report_file
    reporting.write_report(folders, out)
    print(out)
    return Status.DONE


if __name__ == "__main__":
    commands.define_flags(ReportOptions)
    commands.run(main)
