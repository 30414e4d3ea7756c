import dataclasses
import types

import pytest

from tests.dataset_info import info_of
from wgan_tf.config import Config
from wgan_tf.networks import registry
from wgan_tf.training import memory

# Measured: image size, batch size, options, GB of the process at its peak.
MEASURED = [
    (64, 16, {"dcgan_width": 32, "dcgan_critic_norm": "layer"}, 0.81),
    (64, 64, {"dcgan_width": 32, "dcgan_critic_norm": "layer"}, 0.97),
    (128, 16, {"dcgan_width": 32, "dcgan_critic_norm": "layer"}, 1.11),
    (256, 8, {"dcgan_width": 16, "dcgan_critic_norm": "layer"}, 1.16),
    (256, 16, {"dcgan_width": 32, "dcgan_critic_norm": "layer"}, 2.28),
    (
        256,
        8,
        {
            "architecture": "resnet",
            "resnet_generator_filters": (64, 64, 64, 32, 32, 16),
            "resnet_critic_filters": (16, 32, 32, 64, 64, 64),
            "resnet_critic_downsamplings": 5,
        },
        1.62,
    ),
]


@pytest.mark.parametrize(("size", "batch_size", "options", "gigabytes"), MEASURED)
def test_the_estimate_is_that_of_measured_trainings_within_a_third(
    size: int, batch_size: int, options: dict[str, object], gigabytes: float
) -> None:
    config, info = Config(**options), info_of((size, size, 3))
    networks = [build(config, info) for build in (registry.build_generator, registry.build_critic)]
    assert memory.estimate_memory(networks, batch_size) / 1e9 == pytest.approx(gigabytes, rel=1 / 3)


def test_too_little_memory_is_told_with_its_remedy(
    dcgan_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = [registry.build_critic(dcgan_config, info_of((16, 16, 1)))]
    for free, is_enough in ((10**10, True), (10**8, False)):
        monkeypatch.setattr(
            memory.psutil, "virtual_memory", lambda free=free: types.SimpleNamespace(available=free)
        )
        told = memory.describe_memory(dcgan_config, networks, 1)
        assert told.startswith("Memory: about 0.8 GB a replica")
        assert ("--batch_size" in told) is not is_enough
    half = dataclasses.replace(dcgan_config, batch_size=10**6)
    assert memory.describe_memory(half, networks, 2) < memory.describe_memory(half, networks, 1)
