"""Images changed at random before the critic sees them; what is random is given."""

from collections.abc import Sequence

import tensorflow as tf

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.pixels import PixelScale

NUMBERS = 12
"""How many numbers are drawn to augment an image."""

CHANGES = ("color", "translation", "cutout")

OVERFITTING_TARGET = 0.6
PROBABILITY_STEP = 1 / 16

_TRANSLATION = 1 / 8
_CUTOUT = 1 / 2


def check(config: Config, info: DatasetInfo) -> None:
    """Checks that the examples can be changed as a configuration asks for.

    Raises:
        UserError: they are points.
    """
    asked = [*(["--mirror"] * config.mirror)]
    if config.augment != "none":
        asked.append(f"--augment={config.augment}")
    if asked and not info.is_image:
        raise UserError(
            f"{asked[0]} changes images, but --dataset={config.dataset} holds points; leave it out."
        )


def mirror(images: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
    """Flips images left to right with probability 1/2.

    Args:
        images: [B, H, W, C].
        drawn: [B], uniform on [0, 1); an image is flipped where it is less than 1/2.

    Returns:
        The dtype and shape of the images.
    """
    return tf.where(_by_image(drawn) < 0.5, tf.reverse(images, axis=[2]), images)


def augment(
    images: tf.Tensor,
    drawn: tf.Tensor,
    scale: PixelScale,
    probability: tf.Tensor | float = 1.0,
    changes: Sequence[str] = CHANGES,
) -> tf.Tensor:
    """Changes color, place and content, all differentiably (Zhao et al. 2020, DiffAugment).

    With x the image less the middle of its range, in which the paper's code has [-1, 1], and u
    uniform on [0, 1), drawn for each image and each of the changes, one after the other:

    - brightness: x + (high - low) / 2 * (u - 1/2);
    - saturation: m + 2 u (x - m), m the mean over the channels of each pixel;
    - contrast: m + (u + 1/2) (x - m), m the mean over the image;
    - translation: x[i + s, j + t], s and t whole numbers, evenly of up to 1/8 of the side both
      ways, and zero, the middle of the range, from beyond the border;
    - cutout: zero in a rectangle of half of each side, whose center is evenly anywhere.

    Each is made with the probability p, or else left out (Karras et al. 2020).

    Linear in the images, so that a gradient penalty may differentiate them any number of times.

    Args:
        images: floating point [B, H, W, C].
        drawn: float32 or float64 [B, `NUMBERS`], uniform on [0, 1).
        scale: the range of the images.
        probability: p in [0, 1], the same for all.
        changes: which of `CHANGES` there are: color is the first three, translation, cutout.

    Returns:
        The dtype and shape of the images; brightness and contrast leave their range.
    """
    images = tf.convert_to_tensor(images)
    _, height, width, _ = images.shape
    middle, half = (scale.low + scale.high) / 2, (scale.high - scale.low) / 2
    is_wanted = [name in changes for name in ("color", "color", "color", "translation", "cutout")]
    is_drawn = drawn[:, 7:] < tf.cast(probability, drawn.dtype)
    is_made = tf.unstack(is_drawn & tf.constant(is_wanted), axis=1)
    # A half changes nothing but for the cutout.
    colors = tf.where(tf.stack(is_made[:3], axis=1), drawn[:, :3], 0.5)
    brightness, saturation, contrast = tf.unstack(tf.cast(colors, images.dtype), axis=1)
    down, right = tf.unstack(tf.where(is_made[3][:, tf.newaxis], drawn[:, 3:5], 0.5), axis=1)
    x = images - middle + half * (_by_image(brightness) - 0.5)
    x = _about_mean(x, [3], 2.0 * saturation)
    x = _about_mean(x, [1, 2, 3], contrast + 0.5)
    x = _translated(_translated(x, down, axis=1), right, axis=2)
    rows, columns = _interval(drawn[:, 5], height), _interval(drawn[:, 6], width)
    is_cut = rows[:, :, tf.newaxis] & columns[:, tf.newaxis, :] & is_made[4][:, None, None]
    return tf.where(is_cut[..., tf.newaxis], tf.zeros_like(x), x) + middle


def overfitting(training: float, held_out: float) -> float:
    """How far the critic knows its training examples by heart (Karras et al. 2020).

    r_v = (mean D(train) - mean D(held-out)) / (mean D(train) - mean D(generated)): 0 where both are
    scored alike, 1 where held-out examples count as generated ones. Unlike their other heuristic,
    of signs, it holds for a critic whose scores have no zero.

    Args:
        training: mean D(train) - mean D(generated).
        held_out: mean D(held-out) - mean D(generated), of the same generated examples.

    Returns:
        r_v; 0 where the critic tells no training examples from generated ones.
    """
    return (training - held_out) / training if training > 0 else 0.0


def adapted(probability: float, overfitting: float) -> float:
    """The probability of augmentations after an evaluation, in [0, 1).

    One step more where r_v exceeds its target, and one less where it does not. A step is a power of
    two, so that no rounding adds up.
    """
    step = PROBABILITY_STEP if overfitting > OVERFITTING_TARGET else -PROBABILITY_STEP
    return min(max(probability + step, 0.0), 1.0 - PROBABILITY_STEP)


def _by_image(values: tf.Tensor) -> tf.Tensor:
    """[B] -> [B, 1, 1, 1]."""
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]


def _about_mean(images: tf.Tensor, axes: list[int], factor: tf.Tensor) -> tf.Tensor:
    mean = tf.reduce_mean(images, axis=axes, keepdims=True)
    return mean + _by_image(factor) * (images - mean)


def _translated(images: tf.Tensor, drawn: tf.Tensor, axis: int) -> tf.Tensor:
    """Each image moved along an axis, with zeros where it has left."""
    size = images.shape[axis]
    most = int(size * _TRANSLATION + 0.5)
    source = tf.range(size) + (_evenly(drawn, 2 * most + 1) - most)[:, tf.newaxis]
    is_inside = (source >= 0) & (source < size)
    moved = tf.gather(images, tf.clip_by_value(source, 0, size - 1), axis=axis, batch_dims=1)
    shape = [-1, size, 1, 1] if axis == 1 else [-1, 1, size, 1]
    return tf.where(tf.reshape(is_inside, shape), moved, tf.zeros_like(moved))


def _interval(drawn: tf.Tensor, size: int) -> tf.Tensor:
    """Whether each of `size` places is cut out: bool [B, size], of half of them or fewer."""
    length = int(size * _CUTOUT + 0.5)
    first = _evenly(drawn, size + 1 - length % 2)[:, tf.newaxis] - length // 2
    place = tf.range(size)
    return (place >= first) & (place < first + length)


def _evenly(drawn: tf.Tensor, count: int) -> tf.Tensor:
    """Whole numbers below `count`, of numbers uniform on [0, 1)."""
    return tf.cast(tf.floor(drawn * count), tf.int32)
