"""Measures a generator or images: `python -m wgan_tf.evaluate --workdir=DIR`."""

import dataclasses

from absl import flags

from wgan_tf import commands
from wgan_tf.config import Config
from wgan_tf.errors import Status, UserError
from wgan_tf.options import option

OPTIONS = (
    *("dataset", "data_dir", "train_split", "eval_split", "image_size", "classes"),
    "label_distribution",
    *("resize", "background", "verify_data"),
    *("eval_features", "inception", "inception_protocol"),
)


@dataclasses.dataclass(frozen=True)
class EvaluateOptions:
    """What to measure."""

    workdir: str = option("", "A run's folder.")
    saved_model: str = option("", "A SavedModel with the signature `sample`.")
    images: str = option("", "Images, as --dataset takes them: folder:DIR, npy:FILE.")
    checkpoint: str = option("last", "Of a run: best, last, or a step.")
    n: int = option(10_000, "Examples to measure.", minimum=100, maximum=10**7)
    seed: int = option(0, "Seed of the generated examples.", minimum=0)
    out: str = option("", "A JSON file to write.")


def main() -> Status:
    """Prints a table of metrics, and writes them as JSON where --out says."""
    options = commands.read_flags(EvaluateOptions)
    given = [name for name in ("workdir", "saved_model", "images") if getattr(options, name)]
    if len(given) != 1:
        raise UserError(
            "Give one of --workdir (a run), --saved_model (a SavedModel) and --images (images), "
            f"not {' and '.join(f'--{name}' for name in given) or 'none'}."
        )
    if not options.workdir and not flags.FLAGS["dataset"].present:
        raise UserError(
            f"--{given[0]} needs the real examples to compare with; name them with --dataset."
        )

    commands.import_tensorflow(options.workdir)
    from wgan_tf import subjects
    from wgan_tf.run_folder import RunFolder
    from wgan_tf.training.chosen_checkpoint import parse_checkpoint

    if options.workdir:
        folder = RunFolder(options.workdir)
        config = commands.changed_by_flags(folder.read_config())
        subject = subjects.run_subject(folder, parse_checkpoint(options.checkpoint))
    else:
        # Whether a SavedModel takes labels is known later.
        unknown = Config(conditional="auxiliary_classifier")
        config = commands.changed_by_flags(unknown)
        subject = (
            subjects.saved_model_subject(options.saved_model)
            if options.saved_model
            else subjects.images_subject(options.images, config)
        )
    result = subjects.evaluate_subject(subject, config, count=options.n, seed=options.seed)
    print(result.table())
    if options.out:
        result.write(options.out)
    return Status.DONE


if __name__ == "__main__":
    commands.define_flags(EvaluateOptions)
    commands.define_config_flags(OPTIONS)
    commands.run(main)
