"""Writes a run's generator for others: `python -m wgan_tf.export --workdir=DIR`."""

import dataclasses

from wgan_tf import commands
from wgan_tf.errors import Status
from wgan_tf.options import option


@dataclasses.dataclass(frozen=True)
class ExportOptions:
    """What to export, and how."""

    workdir: str = option("", "The run's folder.", is_required=True)
    checkpoint: str = option("last", "Of the run: last, best, or the number of a step.")
    formats: tuple[str, ...] = option(
        ("saved_model",),
        "What to write: saved_model, as export/N; tflite, onnx and keras, as a file in converted/.",
    )
    license: str | None = option(None, "Of the model, for its model card.")


def main() -> Status:
    """Exports the moving-average generator in the formats that the flags name."""
    options = commands.read_flags(ExportOptions)

    commands.import_tensorflow(options.workdir)
    from wgan_tf.run_folder import RunFolder
    from wgan_tf.serving.export import export_formats
    from wgan_tf.training.chosen_checkpoint import parse_checkpoint

    for line in export_formats(
        RunFolder(options.workdir),
        tuple(dict.fromkeys(options.formats)),
        parse_checkpoint(options.checkpoint),
        options.license,
    ):
        print(line, flush=True)
    return Status.DONE


if __name__ == "__main__":
    commands.define_flags(ExportOptions)
    commands.run(main)
