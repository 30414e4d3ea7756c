"""Options of residual networks that do not go together, or not with the data."""

from typing import Any

import pytest

from tests.dataset_info import info_of
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.networks import resnet

LABELS = {"conditional": "auxiliary_classifier", "generator_conditioning": "batch_norm"}


@pytest.mark.parametrize(
    ("changes", "shape", "named"),
    [
        ({}, (28, 28, 1), ("--resnet_start_size=4", "32 pixels, not of 28", "--image_size")),
        (
            {"resnet_start_size": 8},
            (32, 32, 3),
            ("--resnet_start_size=8", "--resnet_generator_filters", "64 pixels"),
        ),
        ({"resnet_generator_filters": ()}, (4, 4, 3), ("--resnet_generator_filters is empty",)),
        ({"resnet_critic_filters": ()}, (32, 32, 3), ("--resnet_critic_filters is empty",)),
        (
            {"resnet_critic_downsamplings": 5},
            (32, 32, 3),
            ("--resnet_critic_downsamplings=5", "4 residual blocks", "--resnet_critic_filters"),
        ),
        (
            {"resnet_critic_downsamplings": 4, "resnet_critic_first_block": "convolution"},
            (32, 32, 3),
            ("--resnet_critic_downsamplings=4", "3 residual blocks"),
        ),
        (
            {
                "resnet_start_size": 7,
                "resnet_generator_filters": (8, 8),
                "resnet_critic_downsamplings": 3,
            },
            (28, 28, 1),
            ("--resnet_critic_downsamplings=3", "28 pixels"),
        ),
        (
            {**LABELS, "resnet_generator_norm": "layer"},
            (32, 32, 3),
            ("--generator_conditioning=batch_norm", "--resnet_generator_norm=layer"),
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    changes: dict[str, Any], shape: tuple[int, ...], named: tuple[str, ...]
) -> None:
    with pytest.raises(UserError) as error:
        resnet.check(Config(architecture="resnet", **changes), info_of(shape))
    assert all(text in str(error.value) for text in named)
    assert str(error.value).endswith(".")
