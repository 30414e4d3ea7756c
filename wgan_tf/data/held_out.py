"""A part of a folder's images that is not trained on, where none is named."""

from wgan_tf.config import Config, names_no_split
from wgan_tf.data.location import resolve_source
from wgan_tf.data.sources.registry import make_builder

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
