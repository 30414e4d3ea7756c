import dataclasses
import pathlib

import pytest

from tests.conftest import ParseFlags
from wgan_tf import config as configuration
from wgan_tf import flagfile

PRESETS = sorted((pathlib.Path(__file__).parents[1] / "configs").glob("*.flags"))


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_preset_reads_alike_by_absl_and_from_a_run(
    preset: pathlib.Path, parse_flags: ParseFlags
) -> None:
    by_absl = parse_flags(f"--flagfile={preset}", "--workdir=run")
    by_us = flagfile.from_flagfile(preset.read_text(), str(preset))
    assert by_absl == dataclasses.replace(by_us, workdir="run")
    assert by_us.workdir == f"runs/{preset.stem}"


@pytest.mark.parametrize("system", ["gan", "ns_gan", "wgan", "wgan_lp", "sn_hinge"])
def test_presets_of_fashion_mnist_share_the_network_of_the_first(system: str) -> None:
    folder = PRESETS[0].parent
    ours, first = (
        flagfile.from_flagfile((folder / f"{name}.flags").read_text(), name)
        for name in (f"fashion_mnist_{system}", "fashion_mnist")
    )
    shared = ["architecture", "latent_dim", "precision", "batch_size", "ema_decay", "dataset"]
    shared += [field.name for field in configuration.fields() if field.name.startswith("dcgan")]
    for name in shared:
        assert getattr(ours, name) == getattr(first, name), name
