import dataclasses
import pathlib
import re
from typing import Any

import pytest

from tests.sources.comparison import Differences, differences
from tests.sources.seen_settings import read_preset
from tests.sources.table import ROWS
from wgan_tf import flagfile
from wgan_tf.config import Config

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"
DEPARTURE = re.compile(r"^# Departure: ([\w.]+): \S", re.MULTILINE)
OURS = "# Departures, ours: "

Options = dict[str, Any]


def read(preset: str) -> tuple[str, Config]:
    text = (CONFIGS / f"{preset}.flags").read_text()
    return text, flagfile.from_flagfile(text, preset)


def departures(text: str) -> list[str]:
    return DEPARTURE.findall(text)


def find_differences(preset: str, config: Config, *, in_networks: bool = True) -> Differences:
    source = ROWS[preset]
    if not in_networks:
        source = dataclasses.replace(source, generator=None, critic=None, style=None)
    is_built = source.generator is not None or source.style is not None
    return differences(source, read_preset(config, with_networks=is_built))


def test_every_preset_has_a_row_and_every_row_a_preset() -> None:
    assert {path.stem for path in CONFIGS.glob("*.flags")} == set(ROWS)


@pytest.mark.parametrize("preset", sorted(ROWS))
def test_a_header_tells_of_departures_one_a_line_by_their_names(preset: str) -> None:
    text, _ = read(preset)
    lines = [line for line in text.splitlines() if line.startswith("# Departure")]
    assert all(line.startswith(OURS) or DEPARTURE.match(line) for line in lines)


@pytest.mark.parametrize("preset", sorted(ROWS))
def test_a_preset_departs_from_its_source_where_its_header_says_so_and_nowhere_else(
    preset: str,
) -> None:
    text, config = read(preset)
    told, found = departures(text), find_differences(preset, config)
    untold = {key: values for key, values in found.items() if key not in told}
    assert not untold, "\n".join(f"{key}: {old} -> {new}" for key, (old, new) in untold.items())
    assert sorted(told) == sorted(found), "a departure that is told of is none"


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"leaky_relu_slope": 0.2}, {"generator.slopes", "critic.slopes"}),
        ({"mlp_critic_dropout": (0.2,)}, {"critic.dropout"}),
        ({"mlp_critic_units": (441, 32, 256)}, {"critic.layers", "critic.parameters"}),
        ({"batch_norm_epsilon": 1e-3}, {"generator.norm_epsilon"}),
        ({"batch_norm_momentum": 0.99}, {"generator.norm_momentum"}),
        ({"bias_before_norm": False}, {"generator.biases", "generator.parameters"}),
        (
            {"mlp_initializer": "glorot_uniform"},
            {"generator.kernels", "generator.biases", "critic.kernels", "critic.biases"},
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_change_of_a_network_is_found_under_its_name(options: Options, keys: set[str]) -> None:
    text, config = read("mnist_heuristic_gan")
    found = find_differences("mnist_heuristic_gan", dataclasses.replace(config, **options))
    assert found.keys() - departures(text) == keys


@pytest.mark.parametrize(
    ("preset", "options", "keys"),
    [
        ("mnist_wgan", {"objective": "hinge"}, {"objective"}),
        ("mnist_wgan", {"clip_value": 0.1}, {"constraint"}),
        ("mnist_wgan", {"clip_timing": "before_update"}, {"clip_timing"}),
        ("mnist_wgan", {"epsilon": 1e-8}, {"generator_optimizer", "critic_optimizer"}),
        ("mnist_wgan", {"critic_updates": "joint"}, {"critic_updates"}),
        (
            "mnist_wgan",
            {"critic_step_generator": "training"},
            {"critic_step_generator", "norm_examples"},
        ),
        ("mnist_wgan", {"output_activation": "tanh"}, {"output_range"}),
        ("mnist_wgan", {"precision": "bfloat16"}, {"precision"}),
        ("cifar_wgan", {"initial_mean_square": 0}, {"generator_optimizer", "critic_optimizer"}),
        ("cifar_wgan", {"critic_passes": 1}, {"critic_passes"}),
        ("mnist_acwgan", {"critic_warmup_period": 0}, {"critic_steps"}),
        ("mnist_acwgan", {"classify_generated": False}, {"class_weights"}),
        ("mnist_acwgan", {"train_split": "train"}, {"examples"}),
        ("cifar", {"learning_rate_decay": "none"}, {"learning_rates"}),
        ("cifar", {"beta_1": 0.5}, {"generator_optimizer", "critic_optimizer"}),
        ("cifar", {"dequantize": False}, {"dequantized"}),
        ("fashion_mnist_keras", {"critic_batches": "new"}, {"critic_batches"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(sorted(value)),
)
def test_a_change_of_a_setting_is_found_under_its_name(
    preset: str, options: Options, keys: set[str]
) -> None:
    _, config = read(preset)
    before, after = (
        find_differences(preset, changed, in_networks=False)
        for changed in (config, dataclasses.replace(config, **options))
    )
    assert after.keys() - before.keys() == keys
