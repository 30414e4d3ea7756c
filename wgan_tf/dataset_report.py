"""What users are told of the data before they are trained on."""

from collections.abc import Sequence

from wgan_tf.config import Config
from wgan_tf.data.held_out import describe_overlap
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.source_report import SourceReport, survey_store
from wgan_tf.data.store import Store
from wgan_tf.data.store import describe as describe_data
from wgan_tf.data.survey import Survey, is_symmetric
from wgan_tf.errors import UserError
from wgan_tf.files import write_output
from wgan_tf.monitoring.grids import encode_png, image_grid
from wgan_tf.suggestions import listed


def describe_split(config: Config, split: str, source: SourceReport) -> list[str]:
    """What is read of a split, and how, before it is prepared."""
    lines = _described_data(config, split, describe_data(config, split))
    lines += _described_source(source.notes, source.left_out)
    if source.num_tried is not None:
        lines.append(f"  {source.num_tried:,} of them were tried, the others will be when prepared")
    return lines + _findings(source.survey, config)


def describe_store(config: Config, store: Store, *, is_new: bool) -> list[str]:
    """What is trained on, and of a new run, what is odd about it."""
    return [
        *_described_data(config, config.train_split, store.info),
        *_described_source(store.notes, store.left_out),
        *((*_findings(survey_store(store), config), *describe_overlap(config)) if is_new else ()),
    ]


def write_contact_sheet(path: str, config: Config, survey: Survey | None) -> None:
    """Writes a PNG of some of the images, and prints that it did.

    Raises:
        UserError: there are none to be shown, or the file cannot be written.
    """
    if survey is None:
        raise UserError(
            f"--contact_sheet={path} needs images that are on this machine, and --dataset="
            f"{config.dataset} has none yet, or is of points; leave it out."
        )
    images = survey.sheet()
    write_output(path, encode_png(image_grid(images)))
    print(f"{len(images)} of the images, as the networks will see them, are in {path}")


def _findings(survey: Survey | None, config: Config) -> list[str]:
    if survey is None:
        return []
    findings = survey.findings()
    if not config.mirror and is_symmetric(survey.distinct()):
        findings.append("left and right look alike; --mirror shows all images both ways")
    return [f"  {finding}" for finding in findings]


def _described_data(config: Config, split: str, info: DatasetInfo) -> list[str]:
    count = "not downloaded yet," if info.num_examples is None else f"{info.num_examples:,}"
    chosen = " of all classes" if config.classes and info.class_counts is None else ""
    lines = [f"Data: {config.dataset} {split}: {count} examples{chosen} {info.example_shape}"]
    if info.class_names is not None:
        counts = info.class_counts
        names = [
            name if counts is None else f"{name} ({counts[number]:,})"
            for number, name in enumerate(info.class_names)
        ]
        lines.append(f"  {len(names):,} classes: {listed(names)}")
    return lines


def _described_source(notes: Sequence[str], left_out: Sequence[tuple[str, str]]) -> list[str]:
    lines = [f"  {note}" for note in notes]
    if left_out:
        file, why = left_out[0]
        lines.append(f"  {len(left_out):,} files are left out, such as {file}, which {why}")
    return lines
