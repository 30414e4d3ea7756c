"""TFDS split syntax (`train+test`, `train[:50%]`) turned into ranges of examples."""

import dataclasses

import numpy as np
import tensorflow_datasets as tfds

from wgan_tf.errors import UserError


@dataclasses.dataclass(frozen=True)
class SplitRange:
    """Examples `start` to `stop` (excluded) of the split `name`."""

    name: str
    start: int
    stop: int


def split_ranges(builder: tfds.core.DatasetBuilder, split: str) -> list[SplitRange]:
    """The ranges that a split specification names, in the order given.

    Raises:
        UserError: the syntax is wrong, the split unknown, a bound too large, or nothing is named.
    """
    sizes = {name: info.num_examples for name, info in builder.info.splits.items()}
    offer = ", ".join(f"{name} ({size} examples)" for name, size in sizes.items())
    remedy = f"which has {offer}; write for example 'train', 'train[:90%]' or 'train+test'"
    try:
        parts = tfds.core.ReadInstruction.from_spec(split).to_absolute(builder.info.splits)
    except (ValueError, NotImplementedError, TypeError) as error:
        raise UserError(
            f"--train_split or --eval_split: {split!r} is no split of this data set, {remedy}."
        ) from error
    ranges = [
        SplitRange(part.splitname, part.from_ or 0, sizes[part.splitname])
        if part.to is None
        else SplitRange(part.splitname, part.from_ or 0, part.to)
        for part in parts
    ]
    ranges = [part for part in ranges if part.stop > part.start]
    if not ranges:
        raise UserError(
            f"--train_split or --eval_split: {split!r} holds nothing of this data set, {remedy}."
        )
    return ranges


def num_shared_examples(builder: tfds.core.DatasetBuilder, split: str, other: str) -> int:
    """The number of examples of a split that are in another as well; raises as `split_ranges`."""
    others = split_ranges(builder, other)
    shared = 0
    for part in split_ranges(builder, split):
        taken = np.zeros(part.stop - part.start, bool)
        for same in (each for each in others if each.name == part.name):
            taken[max(same.start - part.start, 0) : max(same.stop - part.start, 0)] = True
        shared += int(taken.sum())
    return shared


def num_split_examples(builder: tfds.core.DatasetBuilder, split: str) -> int:
    """The number of examples that a split specification names; raises as `split_ranges`."""
    return sum(part.stop - part.start for part in split_ranges(builder, split))
