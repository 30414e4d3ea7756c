import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from wgan_tf import augmentation
from wgan_tf.config import Config
from wgan_tf.errors import UserError

IMAGES = np.random.default_rng(5).uniform(-1, 1, size=(4, 5, 6, 3))


def test_images_are_flipped_left_to_right_where_less_than_a_half_is_drawn() -> None:
    drawn = tf.constant([0.0, 0.7, 0.4999, 0.5], tf.float64)
    flipped = augmentation.mirror(tf.constant(IMAGES), drawn).numpy()
    np.testing.assert_array_equal(flipped[[0, 2]], IMAGES[[0, 2], :, ::-1])
    np.testing.assert_array_equal(flipped[[1, 3]], IMAGES[[1, 3]])


@pytest.mark.parametrize("change", [{"mirror": True}])
def test_points_are_not_changed(change: dict[str, object], mlp_config: Config) -> None:
    config = dataclasses.replace(mlp_config, **change)
    augmentation.check(config, info_of((8, 8, 1)))
    with pytest.raises(UserError, match=f"--{next(iter(change))}.* holds points"):
        augmentation.check(config, info_of((2,)))
