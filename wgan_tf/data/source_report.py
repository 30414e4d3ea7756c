"""How the files of a split are read, or would be, and what is odd about them."""

import dataclasses

import numpy as np

from wgan_tf.config import Config
from wgan_tf.data.layout import choose_layout
from wgan_tf.data.location import fit_of, resolve_source, store_folder
from wgan_tf.data.metadata import read_metadata
from wgan_tf.data.sources.registry import make_builder
from wgan_tf.data.sources.source import InPlaceBuilder
from wgan_tf.data.splits import num_split_examples
from wgan_tf.data.store import Store, open_store
from wgan_tf.data.survey import Survey, describe_headers, most_images, survey
from wgan_tf.data.verification import find_damage
from wgan_tf.errors import UserError

_SURVEY_SEED = 0


@dataclasses.dataclass(frozen=True)
class SourceReport:
    """How the files of a split are read, or would be.

    Attributes:
        notes: clauses for people.
        left_out: (file, reason) of each file that cannot be used, as far as they have been tried.
        num_tried: examples that have been read to see; None where all have been.
        survey: of images that have been read, as the networks see them; None without any.
    """

    notes: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    num_tried: int | None
    survey: Survey | None = None


def report_source(config: Config, split: str) -> SourceReport:
    """Looks into the files of a split as preparing it would, and writes nothing.

    Of examples that are not prepared, up to `survey.most_images` are read, drawn at random.

    Raises:
        UserError: as of `store.describe`, or none of the images that were tried is usable.
    """
    source = resolve_source(config)
    folder = store_folder(config, source, split)
    metadata = read_metadata(folder)
    if metadata is not None:
        # Opening a damaged one would make it again.
        is_whole = find_damage(folder, metadata) is None
        found = survey_store(open_store(config, split)) if is_whole else None
        return SourceReport(metadata.notes, metadata.left_out, None, found)
    builder = make_builder(source, config.dataset)
    if not isinstance(builder, InPlaceBuilder):
        return SourceReport((), (), None)
    shape = choose_layout(
        builder, dataset=config.dataset, image_size=config.image_size
    ).example_shape
    fit = fit_of(config)
    seen: list[tuple[str, np.ndarray]] = []
    num_tried, num_unusable = builder.try_examples(
        split, most_images(shape), lambda name, image: seen.append((name, fit(image, shape[0])))
    )
    left_out = tuple(sorted(builder.left_out.items()))
    if num_tried and num_unusable == num_tried:
        raise UserError(
            f"--dataset={config.dataset} has no usable image among {num_tried:,} that were tried, "
            f"the first of them, {left_out[0][0]}, {left_out[0][1]}; repair the files."
        )
    is_all = num_tried == num_split_examples(builder, split) or not num_tried
    headers = builder.headers(split)
    of_files = describe_headers(headers, config.image_size, config.resize) if headers else ()
    return SourceReport(
        (*of_files, *builder.notes()),
        left_out,
        None if is_all else num_tried,
        _survey_named(seen),
    )


def survey_store(store: Store) -> Survey | None:
    """Looks at images of a store, drawn at random; None of points."""
    if not store.info.is_image:
        return None
    order = np.random.default_rng(_SURVEY_SEED).permutation(store.num_examples)
    return survey(store.read(order[: most_images(store.example_shape)])[0])


def _survey_named(images: list[tuple[str, np.ndarray]]) -> Survey | None:
    if not images:
        return None
    # Threads have read them in any order.
    images = sorted(images, key=lambda pair: pair[0])
    names = [name for name, _ in images if name]
    return survey(np.stack([image for _, image in images]), names)
