"""Images changed at random before the critic sees them; what is random is given."""

import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError


def check(config: Config, info: DatasetInfo) -> None:
    """Checks that the examples can be changed as a configuration asks for.

    Raises:
        UserError: they are points.
    """
    if config.mirror and not info.is_image:
        raise UserError(
            f"--mirror changes images, but --dataset={config.dataset} holds points; leave it out."
        )


def mirror(images: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
    """Flips images left to right with probability 1/2.

    Args:
        images: [B, H, W, C].
        drawn: [B], uniform on [0, 1); an image is flipped where it is less than 1/2.

    Returns:
        The dtype and shape of the images.
    """
    is_flipped = drawn[:, tf.newaxis, tf.newaxis, tf.newaxis] < 0.5
    return tf.where(is_flipped, tf.reverse(images, axis=[2]), images)
