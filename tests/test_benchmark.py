"""What `tools/benchmark.py` compares."""

import json
import pathlib
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).parents[1] / "tools"


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is found, as where it is run."""
    monkeypatch.syspath_prepend(str(TOOLS))


@pytest.mark.usefixtures("benchmarks")
def test_rates_are_medians_and_ratios_are_of_the_same_round() -> None:
    from benchmarks.contestant import Turn
    from benchmarks.turns import Start, compare, table

    class Team:
        peak_mebibytes = 100.0

        def __init__(self, *seconds: float) -> None:
            self._seconds = list(seconds)

        def turn(self, steps: int) -> Turn:
            return Turn(images=60, steps=steps, seconds=self._seconds.pop(0))

    # The machine is half as fast in the second round, and ours a tenth as fast in the third.
    teams = {"loop": Team(1, 2, 10), "other": Team(2, 4, 2)}
    starts = {"loop": Start(5.0, 2.0), "other": Start(6.0, 1.0)}
    measured = compare(teams, starts, rounds=3, steps=4)
    assert measured["loop"]["images_per_sec"] == 30
    assert measured["other"]["images_per_sec"] == 30
    assert measured["other"]["images_per_sec_range"] == [15, 30]
    assert measured["other"]["ratio_to_first"] == 0.5
    assert measured["loop"]["seconds_per_generator_step"] == 0.5
    assert "| other | 30 (15 to 30) | 0.500 | 0.5000 | 6.0 (1.0) | 100 |" in table(measured)


@pytest.mark.usefixtures("benchmarks")
def test_others_are_given_the_same_networks_of_keras_alone() -> None:
    from benchmarks.plain_networks import build_plain, networks_as_json
    from tests.dataset_info import info_of
    from wgan_tf.config import Config
    from wgan_tf.networks import registry

    config = Config(dcgan_width=2, dcgan_start_size=2, latent_dim=3, penalty_weight=5.0)
    info = info_of((8, 8, 1))
    given = json.loads(networks_as_json(config, info, is_compiled=False))
    for name, plain, build in zip(
        ("generator", "critic"),
        build_plain(config, info),
        (registry.build_generator, registry.build_critic),
        strict=True,
    ):
        shapes = [variable.shape for variable in build(config, info).trainable_variables]
        assert [variable.shape for variable in plain.trainable_variables] == shapes
        assert [layer["kind"] for layer in given[name]] == [
            type(layer).__name__ for layer in plain.layers
        ]
    assert {type(layer).__module__.split(".")[0] for layer in plain.layers} == {"keras"}
    assert given["penalty_weight"] == 5.0


def test_a_table_is_printed_and_kept(tmp_path: pathlib.Path) -> None:
    command = [
        *(sys.executable, str(TOOLS / "benchmark.py"), "--dataset=digits", "--batch_size=4"),
        *("--dcgan_width=2", "--dcgan_start_size=2", f"--data_dir={tmp_path}", "--rounds=1"),
        *("--steps_timed=2", "--against=floor", f"--json={tmp_path}/speed.json"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    measured = json.loads((tmp_path / "speed.json").read_text())["contestants"]
    assert list(measured) == ["loop", "floor"]
    for name, values in measured.items():
        assert f"| {name} |" in result.stdout
        assert values["images_per_sec"] > 0
    assert measured["loop"]["compile_seconds"] > 0
