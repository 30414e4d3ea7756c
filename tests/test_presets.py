import dataclasses
import pathlib
from typing import Any

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


def test_presets_hold_the_values_of_their_sources() -> None:
    read = {path.stem: flagfile.from_flagfile(path.read_text(), "") for path in PRESETS}
    mnist, mnist_wgan, toy = read["mnist"], read["mnist_wgan"], read["toy_25gaussians"]
    assert (mnist.batch_size, mnist.penalty_weight, mnist.beta_1, mnist.beta_2) == (
        50,
        10,
        0.5,
        0.9,
    )
    assert mnist.dcgan_generator_norm == mnist.dcgan_critic_norm == "none"
    assert (mnist_wgan.lipschitz, mnist_wgan.clip_value) == ("weight_clipping", 0.01)
    assert (mnist_wgan.optimizer, mnist_wgan.critic_learning_rate) == ("rmsprop", 5e-5)
    assert mnist_wgan.conv_stack_critic_strides == (2, 2, 2, 1)
    cifar, cifar_acgan, lsun = read["cifar"], read["cifar_acgan"], read["lsun_bedroom"]
    assert (cifar.batch_size, cifar.generator_batch_multiple, cifar.critic_steps) == (64, 2, 5)
    assert (cifar.critic_learning_rate, cifar.beta_1, cifar.beta_2) == (2e-4, 0, 0.9)
    assert (cifar.learning_rate_decay, cifar.steps) == ("linear", 100_000)
    assert cifar.dequantize
    assert cifar.sampling_statistics == "standing"
    assert (cifar_acgan.critic_class_weight, cifar_acgan.generator_class_weight) == (1.0, 0.1)
    assert not cifar_acgan.classify_generated
    assert (lsun.optimizer, lsun.critic_learning_rate, lsun.clip_value) == ("rmsprop", 5e-5, 0.01)
    assert (lsun.dcgan_kernel_size, lsun.dcgan_width, lsun.latent_dim) == (4, 64, 100)
    assert (lsun.critic_passes, lsun.critic_warmup) == (2, True)
    assert (toy.penalty_weight, toy.mlp_critic_units) == (0.1, (512, 512, 512))
    assert (toy.output_activation, toy.batch_size) == ("linear", 256)


@pytest.mark.parametrize(
    ("preset", "values"),
    [
        (
            "quickdraw_camel_gan",
            {
                "objective": "non_saturating",
                "lipschitz": "none",
                "optimizer": "rmsprop",
                "critic_learning_rate": 8e-4,
                "generator_learning_rate": 4e-4,
                "batch_size": 64,
                "critic_steps": 1,
                "steps": 6000,
            },
        ),
        (
            "cifar_horse_wgan",
            {
                "classes": ("horse",),
                "train_split": "train+test",
                "lipschitz": "weight_clipping",
                "clip_value": 0.01,
                "optimizer": "rmsprop",
                "critic_learning_rate": 5e-5,
                "generator_learning_rate": 5e-5,
                "batch_size": 128,
                "critic_steps": 5,
                "steps": 6000,
            },
        ),
        (
            "celeb_a",
            {
                "image_size": 64,
                "lipschitz": "gradient_penalty",
                "penalty_weight": 10.0,
                "critic_learning_rate": 2e-4,
                "generator_learning_rate": 2e-4,
                "beta_1": 0.5,
                "batch_size": 64,
                "critic_steps": 5,
            },
        ),
        (
            "mnist_heuristic_gan",
            {
                "objective": "non_saturating",
                "lipschitz": "none",
                "output_activation": "sigmoid",
                "critic_learning_rate": 1e-3,
                "generator_learning_rate": 1e-3,
                "batch_size": 32,
            },
        ),
        (
            "fashion_mnist_wgan",
            {
                "lipschitz": "weight_clipping",
                "clip_value": 0.01,
                "optimizer": "rmsprop",
                "critic_learning_rate": 5e-5,
                "critic_steps": 5,
            },
        ),
        (
            "fashion_mnist_sn_hinge",
            {
                "objective": "hinge",
                "lipschitz": "spectral_norm",
                "critic_learning_rate": 2e-4,
                "beta_1": 0.0,
                "beta_2": 0.9,
            },
        ),
    ],
)
def test_a_preset_holds_the_values_of_its_source(preset: str, values: dict[str, Any]) -> None:
    path = PRESETS[0].parent / f"{preset}.flags"
    config = flagfile.from_flagfile(path.read_text(), "")
    assert {name: getattr(config, name) for name in values} == values


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
