"""What is not trained on: a part of a folder's images, where none is named."""

from wgan_tf.config import Config, names_no_split
from wgan_tf.data.location import resolve_source
from wgan_tf.data.sources.registry import make_builder
from wgan_tf.data.splits import num_shared_examples, num_split_examples
from wgan_tf.errors import UserError

TRAINED, HELD_OUT = "train[:90%]", "train[90%:]"
EVAL_EVERY = 1000
# A tenth of fewer is too few for metrics.
FEWEST_IMAGES = 100


def hold_out_tenth(config: Config) -> Config:
    """A configuration that evaluates on a tenth of a folder, unless it names splits.

    Few images are soon learned by heart, which only others show. A folder that has splits, or fewer
    than 100 images, is left as it is.

    Raises:
        UserError: the folder cannot be read.
    """
    if not names_no_split(config):
        return config
    splits = make_builder(resolve_source(config), config.dataset).info.splits
    sizes = {name: split.num_examples for name, split in splits.items()}
    if sizes.keys() != {"train"} or sizes["train"] < FEWEST_IMAGES:
        return config
    return config.changed(
        train_split=TRAINED, eval_split=HELD_OUT, eval_every=config.eval_every or EVAL_EVERY
    )


def describe_overlap(config: Config) -> list[str]:
    """A line on the examples of `--eval_split` that are trained on, if any are known to be."""
    if not config.eval_split:
        return []
    try:
        builder = make_builder(resolve_source(config), config.dataset)
        shared = num_shared_examples(builder, config.eval_split, config.train_split)
        total = num_split_examples(builder, config.eval_split)
    except UserError:  # Its prepared store is all that is there.
        return []
    if not shared:
        return []
    return [
        f"  {shared:,} of the {total:,} examples of --eval_split={config.eval_split} are trained "
        "on as well, so that evaluations do not tell what is learned by heart; name splits that "
        f"share none, such as --train_split={TRAINED} --eval_split={HELD_OUT}"
    ]
