"""The experiments of tools/claims.py, but for what they train."""

import dataclasses
import json
import math
import pathlib
from typing import Any

import numpy as np
import pytest

from experiments import checkerboard, lines, training
from experiments.document import Claim, Finding, Settings, Verdict, write_document
from experiments.registry import CLAIMS
from experiments.trials import Trial, read_result

DEFAULT = Settings(pathlib.Path("work"), pathlib.Path("docs"), "mnist")


def measure(folder: pathlib.Path, **arguments: Any) -> dict[str, Any]:
    return {"folder": folder.name, **arguments}


def keep(trial: Trial, workdir: pathlib.Path, values: dict[str, Any]) -> None:
    folder = workdir / trial.name
    folder.mkdir(parents=True, exist_ok=True)
    record = {"digest": trial.digest, "cpu_seconds": 90.0, "values": values}
    (folder / "result.json").write_text(json.dumps(record))


def claim(name: str, words: str) -> Claim:
    trial = Trial(f"{name}/0", measure, {"seed": 0})
    finding = Finding("| a |\n|---|\n| 1 |", Verdict.HOLDS, words)
    return Claim(name, name.title(), "it is", "so", lambda _: [trial], lambda _: finding)


@pytest.mark.parametrize("theta", lines.THETAS)
def test_the_lines_are_apart_as_the_paper_says(theta: float) -> None:
    found = lines.closed_form(theta)
    far = math.inf if theta else 0
    assert (found["kl"], found["reverse_kl"]) == (far, far)
    assert found["js"] == pytest.approx(math.log(2) if theta else 0)
    assert found["tv"] == pytest.approx(1 if theta else 0)
    assert found["em"] == pytest.approx(abs(theta))


def test_every_trial_is_named_once_and_has_arguments_that_can_be_kept() -> None:
    trials: dict[str, str] = {}
    for each in CLAIMS.values():
        for trial in each.trials(DEFAULT):
            assert trials.setdefault(trial.name, trial.digest) == trial.digest, trial.name
    assert len(set(trials.values())) == len(trials)


def test_every_configuration_of_a_trial_is_one_that_can_be_trained() -> None:
    import wgan_tf

    for each in CLAIMS.values():
        for trial in each.trials(DEFAULT):
            options = trial.arguments.get("options", {})
            config = wgan_tf.Config(workdir="unused", **{**training.QUIET, **options})
            assert config.seed == options.get("seed", 0)


def test_a_result_of_other_arguments_is_measured_again(tmp_path: pathlib.Path) -> None:
    trial = Trial("points/0", measure, {"steps": 10})
    assert read_result(trial, tmp_path) is None
    keep(trial, tmp_path, {"found": 1})
    found = read_result(trial, tmp_path)
    assert found is not None
    assert found.values == {"found": 1}
    longer = dataclasses.replace(trial, arguments={"steps": 20})
    assert read_result(longer, tmp_path) is None


def test_a_claim_that_is_measured_alone_leaves_the_others_as_they_are(
    tmp_path: pathlib.Path,
) -> None:
    settings = Settings(tmp_path / "work", tmp_path, "mnist")
    first, second = claim("first", "before"), claim("second", "before")
    for each in (first, second):
        keep(each.trials(settings)[0], settings.workdir, {})
    write_document([first, second], [first, second], settings)
    write_document([first, second], [claim("second", "after")], settings)
    text = (tmp_path / "claims.md").read_text()
    assert text.count("## ") == 2
    assert "holds.** before" in text.partition("## Second")[0]
    assert "holds.** after" in text.partition("## Second")[2]
    assert "takes 3 minutes" in text
    assert "| [Second](#second) | holds |" in text


def test_a_checkerboard_is_all_pattern_and_noise_hardly_any() -> None:
    rows, columns = np.indices((16, 16))
    for pattern in ((rows + columns) % 2, rows % 2, (rows % 2) * (columns % 4 < 2)):
        power = checkerboard.spectrum(pattern[None] * 255)
        assert checkerboard.checkerboard_share(power) > 0.5
    noise = np.random.default_rng(0).integers(256, size=(500, 16, 16))
    # 7 of the 255 frequencies but the mean, each with the same power.
    share = checkerboard.checkerboard_share(checkerboard.spectrum(noise))
    assert share == pytest.approx(7 / 255, rel=0.1)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1.0496, 1.0512, 1.0481], "1.050 ± 0.002"),
        ([12.0, 30.0, 21.0], "21 ± 9"),
        ([25.0, 25.0, 25.0], "25 ± 0"),
        ([0.5, 0.50001, 0.5], "0.5000 ± <0.0001"),
        ([4e-13, 5e-13], "4.5e-13 ± 7e-14"),
        ([3.14159], "3.14"),
    ],
)
def test_a_mean_has_the_digits_that_seeds_agree_on(values: list[float], shown: str) -> None:
    assert training.per_seed(values) == shown
