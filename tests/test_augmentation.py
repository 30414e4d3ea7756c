import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from wgan_tf import augmentation
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.pixels import PixelScale

SCALES = [PixelScale(-1.0, 1.0), PixelScale(0.0, 1.0), PixelScale(0.0, 1.0, dequantized=True)]
# In the order of the docstring: a half changes no color.
NEUTRAL = [0.5, 0.5, 0.5]
MADE = [0.0] * 5
IMAGES = np.random.default_rng(5).uniform(-1, 1, size=(4, 5, 6, 3))


def test_images_are_flipped_left_to_right_where_less_than_a_half_is_drawn() -> None:
    drawn = tf.constant([0.0, 0.7, 0.4999, 0.5], tf.float64)
    flipped = augmentation.mirror(tf.constant(IMAGES), drawn).numpy()
    np.testing.assert_array_equal(flipped[[0, 2]], IMAGES[[0, 2], :, ::-1])
    np.testing.assert_array_equal(flipped[[1, 3]], IMAGES[[1, 3]])


@pytest.mark.parametrize("change", [{"mirror": True}, {"augment": "diffaugment"}])
def test_points_are_not_changed(change: dict[str, object], mlp_config: Config) -> None:
    config = dataclasses.replace(mlp_config, **change)
    augmentation.check(config, info_of((8, 8, 1)))
    with pytest.raises(UserError, match=f"--{next(iter(change))}.* holds points"):
        augmentation.check(config, info_of((2,)))


def numbers(random: np.random.Generator, count: int) -> np.ndarray:
    return random.uniform(size=(count, augmentation.NUMBERS))


def augmented_by_hand(image: np.ndarray, drawn: np.ndarray, cuts: bool = True) -> np.ndarray:
    """Of an image in [-1, 1], pixel by pixel."""
    height, width, channels = image.shape
    color = image + drawn[0] - 0.5
    for row in range(height):
        for column in range(width):
            mean = sum(color[row, column]) / channels
            color[row, column] = mean + 2 * drawn[1] * (color[row, column] - mean)
    color = color.mean() + (drawn[2] + 0.5) * (color - color.mean())
    rounded = [int(side / 8 + 0.5) for side in (height, width)]
    shifts = [int(u * (2 * most + 1)) - most for u, most in zip(drawn[3:5], rounded, strict=True)]
    moved = np.zeros_like(image)
    for row in range(height):
        for column in range(width):
            source = (row + shifts[0], column + shifts[1])
            if 0 <= source[0] < height and 0 <= source[1] < width:
                moved[row, column] = color[source]
    holes = []
    for u, side in zip(drawn[5:7], (height, width), strict=True):
        length = int(side / 2 + 0.5)
        center = int(u * (side + 1 - length % 2))
        holes.append([n for n in range(center - length // 2, center - length // 2 + length)])
    for row in range(height):
        for column in range(width):
            if cuts and row in holes[0] and column in holes[1]:
                moved[row, column] = 0
    return moved


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 11, 3), (5, 6, 3)])
def test_augmented_images_are_those_of_the_paper_in_every_range(
    shape: tuple[int, int, int], scale: PixelScale
) -> None:
    random = np.random.default_rng(1)
    images = random.uniform(-1, 1, size=(20, *shape))
    drawn = numbers(random, 20)
    in_range = scale.low + (images + 1) / 2 * (scale.high - scale.low)
    found = augmentation.augment(tf.constant(in_range), tf.constant(drawn), scale).numpy()
    expected = np.stack([augmented_by_hand(*each) for each in zip(images, drawn, strict=True)])
    in_paper = 2 * (found - scale.low) / (scale.high - scale.low) - 1
    np.testing.assert_allclose(in_paper, expected, atol=1e-12)


def test_each_change_is_made_with_the_probability() -> None:
    drawn = np.tile([0.9, 0.8, 0.3, 0.1, 0.7, 0.4, 0.6], (5, 1))
    image = np.random.default_rng(2).uniform(-1, 1, size=(8, 8, 3))
    images = tf.constant(np.stack([image] * 5))

    def augmented(gates: np.ndarray, probability: float) -> np.ndarray:
        all_drawn = tf.constant(np.concatenate([drawn, gates], axis=1))
        return augmentation.augment(images, all_drawn, SCALES[0], probability).numpy()

    # One change an image, whose number is drawn less than the probability.
    found = augmented(np.where(np.eye(5), 0.2, 0.25), 0.25)
    mean = image.mean(axis=2, keepdims=True)
    saturated, contrasted = mean + 1.6 * (image - mean), image.mean() + 0.8 * (image - image.mean())
    for changed, expected in zip(found, [image + 0.4, saturated, contrasted], strict=False):
        np.testing.assert_allclose(changed, expected, atol=1e-12)
    moved = np.zeros_like(image)
    moved[1:, :-1] = image[:-1, 1:]
    np.testing.assert_allclose(found[3], moved, atol=1e-12)
    cut = image.copy()
    cut[1:5, 3:7] = 0
    np.testing.assert_allclose(found[4], cut, atol=1e-12)
    np.testing.assert_allclose(augmented(np.zeros((5, 5)), 0.0), images, atol=1e-12)


@pytest.mark.parametrize("left_out", augmentation.CHANGES)
def test_changes_that_are_not_asked_for_are_not_made(left_out: str) -> None:
    random = np.random.default_rng(4)
    drawn = numbers(random, 8)
    # So they are neither drawn nor made.
    neutral = {"color": [0, 1, 2], "translation": [3, 4], "cutout": []}[left_out]
    by_hand = drawn.copy()
    by_hand[:, neutral] = 0.5
    images = random.uniform(-1, 1, size=(8, 9, 8, 3))
    changes = [name for name in augmentation.CHANGES if name != left_out]
    found = augmentation.augment(images, tf.constant(drawn), SCALES[0], 1.0, changes).numpy()
    for image, row, changed in zip(images, by_hand, found, strict=True):
        expected = augmented_by_hand(image, row, cuts=left_out != "cutout")
        np.testing.assert_allclose(changed, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("training", "held_out", "expected"),
    [(2.0, 2.0, 0.0), (2.0, 0.0, 1.0), (2.0, 0.5, 0.75), (0.0, -1.0, 0.0), (-1.0, -3.0, 0.0)],
)
def test_overfitting_is_the_share_of_the_scores_that_held_out_examples_lack(
    training: float, held_out: float, expected: float
) -> None:
    assert augmentation.overfitting(training, held_out) == expected


def test_the_probability_follows_overfitting_and_stays_below_one() -> None:
    probabilities = [0.0]
    for overfitting in [0.6, 0.61, 0.7, 0.5, *[1.0] * 20, *[-1.0] * 20]:
        probabilities.append(augmentation.adapted(probabilities[-1], overfitting))
    steps = [probability * 16 for probability in probabilities]
    assert steps[:6] == [0, 0, 1, 2, 1, 2]
    assert max(steps) == 15
    assert steps[-1] == 0


def test_every_shift_and_every_place_of_the_hole_is_drawn_equally_often() -> None:
    count = 3000
    drawn = np.tile([*NEUTRAL, 0.5, 0.5, 0.5, 0.5, *MADE], (count, 1))
    drawn[:, 5] = (np.arange(count) + 0.5) / count
    ones = tf.ones((count, 8, 8, 1), tf.float64)
    rows = augmentation.augment(ones, tf.constant(drawn), SCALES[0]).numpy()[:, :, 4, 0] == 0
    # The center of a hole of four is before any of the eight rows, or behind the last.
    holes, times = np.unique(rows, axis=0, return_counts=True)
    assert sorted(holes.sum(axis=1)) == [2, 2, 3, 3, 4, 4, 4, 4, 4]
    assert np.all(np.abs(times - count / 9) <= 1)
    drawn[:, 5], drawn[:, 3] = 0.0, (np.arange(count) + 0.5) / count
    ramp = tf.reshape(tf.range(1, 9, dtype=tf.float64) / 10, (1, 8, 1, 1)) * ones
    last = augmentation.augment(ramp, tf.constant(drawn), SCALES[0]).numpy()[:, 7, 0, 0]
    values, times = np.unique(last.round(9), return_counts=True)
    np.testing.assert_allclose(values, [0, 0.7, 0.8])
    assert np.all(np.abs(times - count / 3) <= 1)


def test_first_and_second_derivatives_equal_central_differences() -> None:
    random = np.random.default_rng(3)
    drawn = tf.constant(numbers(random, 4))
    weights = tf.constant(random.normal(size=(4, 5, 6, 3)))
    images = IMAGES.copy()

    def gradients(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Of f = sum w a(x)^3, and of half the square of that gradient."""
        x = tf.constant(values)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = tf.reduce_sum(weights * augmentation.augment(x, drawn, SCALES[0]) ** 3)
            gradient = inner.gradient(value, x)
            norm = tf.reduce_sum(gradient**2) / 2
        return gradient.numpy(), outer.gradient(norm, x).numpy(), float(value)

    first, second, _ = gradients(images)
    direction, step = random.normal(size=images.shape), 1e-5
    ahead, behind = (gradients(images + sign * step * direction) for sign in (1, -1))
    assert np.sum(first * direction) == pytest.approx((ahead[2] - behind[2]) / (2 * step), rel=1e-6)
    difference = (np.sum(ahead[0] ** 2) - np.sum(behind[0] ** 2)) / (4 * step)
    assert np.sum(second * direction) == pytest.approx(difference, rel=1e-6)
