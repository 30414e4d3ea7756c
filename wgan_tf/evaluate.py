"""Measures a generator or pictures: `python -m wgan_tf.evaluate --workdir=DIR`."""

from absl import flags

from wgan_tf import commands
from wgan_tf.config import Config
from wgan_tf.errors import Status, UserError

OPTIONS = (
    *("dataset", "data_dir", "train_split", "eval_split", "image_size", "classes"),
    "label_distribution",
    *("eval_features", "inception", "inception_protocol"),
)


def main() -> Status:
    """Prints a table of metrics, and writes them as JSON where --out says."""
    options = flags.FLAGS
    given = [name for name in ("workdir", "saved_model", "images") if options[name].value]
    if len(given) != 1:
        raise UserError(
            "Give one of --workdir (a run), --saved_model (a SavedModel) and --images (pictures), "
            f"not {' and '.join(f'--{name}' for name in given) or 'none'}."
        )
    if not options.workdir and not options["dataset"].present:
        raise UserError(
            f"--{given[0]} needs the real examples to compare with; name them with --dataset."
        )

    commands.import_tensorflow()
    from wgan_tf import scoring
    from wgan_tf.restoring import parse_checkpoint
    from wgan_tf.run_folder import RunFolder

    if options.workdir:
        folder = RunFolder(options.workdir)
        config = commands.changed_by_flags(folder.read_config())
        subject = scoring.run_subject(folder, parse_checkpoint(options.checkpoint))
    else:
        # Whether a SavedModel takes labels is known later.
        unknown = Config(conditional="auxiliary_classifier")
        config = commands.changed_by_flags(unknown)
        subject = (
            scoring.saved_model_subject(options.saved_model)
            if options.saved_model
            else scoring.pictures_subject(options.images, config)
        )
    scores = scoring.score(subject, config, count=options.n, seed=options.seed)
    print(scores.table())
    if options.out:
        scores.write(options.out)
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_string("workdir", "", "A run's folder.")
    flags.DEFINE_string("saved_model", "", "A SavedModel with the signature `sample`.")
    flags.DEFINE_string("images", "", "Pictures, as --dataset takes them: folder:DIR, npy:FILE.")
    flags.DEFINE_string("checkpoint", "last", "Of a run: best, last, or a step.")
    flags.DEFINE_integer("n", 10_000, "Examples to measure.", lower_bound=100)
    flags.DEFINE_integer("seed", 0, "Seed of the generated examples.", lower_bound=0)
    flags.DEFINE_string("out", "", "A JSON file to write.")
    commands.define_config_flags(OPTIONS)
    commands.run(main)
