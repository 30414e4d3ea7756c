import dataclasses
import pathlib
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

import wgan_tf
from tests.conformance.presets import PRESETS, preset
from wgan_tf import runner
from wgan_tf.config import UNMEASURED, Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.store import open_store
from wgan_tf.training import hardware, tuning
from wgan_tf.training.tuning import Choice, Tuning, Turn

POINTS = DatasetInfo(example_shape=(2,), num_examples=100, class_names=None, digest="")
PLAIN, XLA = Choice("float32", "false"), Choice("float32", "true")
HALF, HALF_XLA = Choice("bfloat16", "false"), Choice("bfloat16", "true")

TuningOf = Callable[[Config], Tuning]


class Rates:
    """Measured rates, the turns in which they are, and what was measured."""

    def __init__(self, rates: dict[Choice, float | None]) -> None:
        self.measured: list[Choice] = []
        self._rates = rates

    def __call__(self, config: Config) -> Turn | None:
        self.measured.append(Choice(config.precision, config.jit_compile))
        rate = self._rates[self.measured[-1]]
        return None if rate is None else lambda: rate


@pytest.fixture
def config(mlp_config: Config, tmp_path: pathlib.Path) -> Config:
    return dataclasses.replace(mlp_config, precision="auto", data_dir=str(tmp_path))


@pytest.fixture
def tuning_of(monkeypatch: pytest.MonkeyPatch) -> TuningOf:
    """On one device with bfloat16, where the smallest network is worth the measuring."""
    monkeypatch.setattr(tuning, "LEAST_WORK", 0)
    monkeypatch.setattr(tuning, "computes_in_bfloat16", lambda strategy: True)
    return lambda config: Tuning(config, POINTS, tf.distribute.OneDeviceStrategy("/cpu:0"))


@pytest.mark.parametrize(
    ("rates", "measured", "fastest"),
    [
        ({PLAIN: 100, HALF: 200, HALF_XLA: 150}, [PLAIN, HALF, HALF_XLA], HALF),
        ({PLAIN: 100, HALF: 20, XLA: 150}, [PLAIN, HALF, XLA], XLA),
        # So little may be chance.
        ({PLAIN: 100, HALF: 104, XLA: 104}, [PLAIN, HALF, XLA], PLAIN),
        # What does not train here.
        ({PLAIN: 100, HALF: None, XLA: None}, [PLAIN, HALF, XLA], PLAIN),
    ],
)
def test_the_fastest_is_taken_told_and_kept_for_the_next_run(
    rates: dict[Choice, float | None],
    measured: list[Choice],
    fastest: Choice,
    tuning_of: TuningOf,
    config: Config,
) -> None:
    told: list[str] = []
    first, second = Rates(rates), Rates({})
    chosen = tuning_of(config).choose(first, told.append)
    assert first.measured == measured
    assert Choice(chosen.precision, chosen.jit_compile) == fastest
    assert tuning_of(dataclasses.replace(config, seed=7)).choose(second, told.append) == (
        dataclasses.replace(chosen, seed=7)
    )
    assert second.measured == []
    assert len(told) == 2
    assert all(f"Computes in {fastest}, the fastest here" in line for line in told)
    assert str(fastest) in tuning_of(config).plan()


def test_other_networks_are_measured_anew(tuning_of: TuningOf, config: Config) -> None:
    tuning_of(config).choose(Rates({PLAIN: 1, HALF: 2, HALF_XLA: 1}), print)
    for changes in ({"batch_size": 8}, {"mlp_critic_units": (5,)}, {"lipschitz": "none"}):
        rates = Rates({PLAIN: 1, HALF: 1, XLA: 1})
        tuning_of(dataclasses.replace(config, **changes)).choose(rates, print)
        assert rates.measured == [PLAIN, HALF, XLA], changes


def test_what_the_user_has_chosen_is_not_measured(tuning_of: TuningOf, config: Config) -> None:
    rates = Rates({PLAIN: 1, XLA: 9})
    chosen = tuning_of(dataclasses.replace(config, precision="float32")).choose(rates, print)
    assert (rates.measured, chosen.jit_compile) == ([PLAIN, XLA], "true")
    settled = dataclasses.replace(
        config,
        precision="float64",
        jit_compile="false",
        fused_updates="true",
        subpixel_convolutions="false",
    )
    assert tuning_of(settled).choose(Rates({}), print) == settled
    assert tuning_of(settled).plan() == "float64"


@pytest.mark.parametrize(
    ("changes", "fused"),
    [
        ({}, "true"),
        ({"fused_updates": "false"}, "false"),
        ({"epsilon_placement": "inside_root"}, "false"),
        ({"optimizer": "rmsprop"}, "auto"),
    ],
)
def test_updates_are_fused_where_they_can_be(
    changes: dict[str, str], fused: str, tuning_of: TuningOf, config: Config
) -> None:
    given = dataclasses.replace(config, precision="float64", jit_compile="false", **changes)
    assert tuning_of(given).choose(Rates({}), print).fused_updates == fused


def test_the_detour_of_convolutions_is_taken_on_cpus_alone(
    tuning_of: TuningOf, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = dataclasses.replace(config, precision="float64", jit_compile="false")
    assert tuning_of(given).choose(Rates({}), print).subpixel_convolutions == "true"
    monkeypatch.setattr(tuning, "device_kind", lambda strategy: "GPU")
    assert tuning_of(given).choose(Rates({}), print).subpixel_convolutions == "false"


def test_when_time_is_up_nothing_else_is_measured(
    tuning_of: TuningOf, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "MEASURED_SECONDS", -1)
    rates = Rates({PLAIN: 1})
    assert tuning_of(config).choose(rates, print).precision == "float32"
    assert rates.measured == [PLAIN]
    # Half a comparison is not kept.
    monkeypatch.setattr(tuning, "MEASURED_SECONDS", 20)
    again = Rates({PLAIN: 1, HALF: 2, HALF_XLA: 1})
    assert tuning_of(config).choose(again, print).precision == "bfloat16"


def test_each_has_its_best_turn(tuning_of: TuningOf, config: Config) -> None:
    turns = {PLAIN: [9.0, 100.0, 8.0], HALF: [50.0, 60.0, 70.0], XLA: [1.0, 1.0, 1.0]}

    def measure(config: Config) -> Turn:
        rates = iter(turns[Choice(config.precision, config.jit_compile)])
        return lambda: next(rates, 0.0)

    told: list[str] = []
    assert tuning_of(config).choose(measure, told.append).precision == "float32"
    assert "float32 100, bfloat16 70, float32 with XLA 1)" in told[0]


@pytest.mark.parametrize(
    ("flags", "is_on", "computes"),
    [("avx2 avx512_bf16", True, True), ("avx2", True, False), ("amx_bf16", False, False)],
)
def test_only_hardware_that_has_it_is_tried_with_bfloat16(
    flags: str, is_on: bool, computes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "_cpu_entry", lambda name: flags)
    monkeypatch.setattr(hardware, "onednn_in_effect", lambda: is_on)
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    assert hardware.computes_in_bfloat16(strategy) == computes


def test_several_replicas_are_not_tried_with_xla(
    config: Config, monkeypatch: pytest.MonkeyPatch, two_replicas: tf.distribute.Strategy
) -> None:
    monkeypatch.setattr(tuning, "LEAST_WORK", 0)
    monkeypatch.setattr(tuning, "computes_in_bfloat16", lambda strategy: False)
    assert Tuning(config, POINTS, two_replicas).plan() == "float32"


def test_presets_with_little_to_compute_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "computes_in_bfloat16", lambda strategy: True)
    by_name = {path.stem: path for path in PRESETS}
    images = dataclasses.replace(POINTS, example_shape=(28, 28, 1))
    digits = dataclasses.replace(POINTS, example_shape=(8, 8, 1))
    is_measured = {}
    for name, info in (("toy_8gaussians", POINTS), ("digits", digits), ("fashion_mnist", images)):
        config = preset(by_name[name], data_dir="/absent")
        plan = Tuning(config, info, tf.distribute.OneDeviceStrategy("/cpu:0")).plan()
        is_measured[name] = "measured at the start" in plan
    assert is_measured == {"toy_8gaussians": False, "digits": False, "fashion_mnist": True}


def test_the_work_of_a_network_is_counted_in_multiplications(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (path,) = (path for path in PRESETS if path.stem == "fashion_mnist")
    images = dataclasses.replace(POINTS, example_shape=(28, 28, 1))
    convolutions = 14 * 14 * 5 * 5 * 32 + 7 * 7 * 5 * 5 * 32 * 64
    work = 64 * (convolutions + 7 * 7 * 64 * 256 + 256)
    config = preset(path, data_dir="/absent")
    for least, is_measured in ((work, True), (work + 1, False)):
        monkeypatch.setattr(tuning, "LEAST_WORK", least)
        plan = Tuning(config, images, tf.distribute.OneDeviceStrategy("/cpu:0")).plan()
        assert ("measured at the start" in plan) == is_measured


def test_a_run_that_measured_is_the_run_that_was_told_and_goes_on_as_it_began(
    config: Config, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "LEAST_WORK", 0)
    monkeypatch.setattr(tuning, "computes_in_bfloat16", lambda strategy: False)
    short = dataclasses.replace(
        config, steps=4, strategy="one_device", sample_every=0, export=False, report=False
    )
    measured = wgan_tf.train(dataclasses.replace(short, workdir=str(tmp_path / "measured")))
    choice = {name: getattr(measured.config, name) for name in UNMEASURED}
    assert choice["precision"] == "float32"
    assert choice["jit_compile"] in ("true", "false")
    (kept,) = (tmp_path / "wgan_tf_tuning").iterdir()
    kept.unlink()
    told = wgan_tf.train(dataclasses.replace(short, workdir=str(tmp_path / "told"), **choice))
    for one, other in zip(
        measured.critic().get_weights(), told.critic().get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)

    def fail(*arguments: object) -> float:
        raise AssertionError("It is measured again.")

    monkeypatch.setattr(runner, "prepare_turns", fail)
    longer = dataclasses.replace(short, workdir=measured.workdir, steps=6)
    assert wgan_tf.train(longer).step == 6
    other = "false" if choice["jit_compile"] == "true" else "true"
    with pytest.raises(wgan_tf.UserError, match=f"--jit_compile={other} differs"):
        wgan_tf.train(dataclasses.replace(longer, jit_compile=other))


def test_the_rate_with_xla_is_measured(config: Config) -> None:
    store = open_store(config, config.train_split)
    compiled = dataclasses.replace(config, precision="float32", jit_compile="true")
    turn = tuning.prepare_turns(compiled, store, tf.distribute.OneDeviceStrategy("/cpu:0"))
    assert turn is not None
    assert turn() > 0
