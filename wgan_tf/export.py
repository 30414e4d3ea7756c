"""Writes a run's generator for others: `python -m wgan_tf.export --workdir=DIR`."""

from absl import flags

from wgan_tf import commands
from wgan_tf.errors import Status


def main() -> Status:
    """Exports the moving-average generator in the formats that the flags name."""
    options = flags.FLAGS

    commands.import_tensorflow()
    from wgan_tf import drawing
    from wgan_tf.restoring import parse_checkpoint
    from wgan_tf.run_folder import RunFolder

    for line in drawing.export_formats(
        RunFolder(options.workdir),
        tuple(dict.fromkeys(options.formats)),
        parse_checkpoint(options.checkpoint),
        options.license,
    ):
        print(line, flush=True)
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_string("workdir", None, "The run's folder.", required=True)
    flags.DEFINE_string("checkpoint", "last", "Of the run: last, best, or the number of a step.")
    flags.DEFINE_list(
        "formats",
        ["saved_model"],
        "What to write: saved_model, as export/N; tflite, onnx and keras, as a file in converted/.",
    )
    flags.DEFINE_string("license", None, "Of the model, for its model card.")
    commands.run(main)
