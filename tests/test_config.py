import dataclasses
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from absl import flags
from absl.testing import flagsaver

from wgan_tf import commands
from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.errors import UserError

PRESETS = sorted((pathlib.Path(__file__).parents[1] / "configs").glob("*.flags"))
VALID = Config(workdir="run")


@pytest.fixture(scope="module")
def absl_flags() -> Iterator[flags.FlagValues]:
    """The flags of the commands, defined for this module alone."""
    commands.define_config_flags()
    yield flags.FLAGS
    for field in configuration.fields():
        delattr(flags.FLAGS, field.name)


def parsed_by_absl(absl_flags: flags.FlagValues, *arguments: str) -> Config:
    with flagsaver.flagsaver():
        absl_flags(["program", *arguments])
        return commands.config_from_flags()


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_preset_reads_alike_by_absl_and_from_a_run(
    preset: pathlib.Path, absl_flags: flags.FlagValues
) -> None:
    by_absl = parsed_by_absl(absl_flags, f"--flagfile={preset}", "--workdir=run")
    by_us = configuration.from_flagfile(preset.read_text(), str(preset))
    assert by_absl == dataclasses.replace(by_us, workdir="run")
    assert by_us.workdir == f"runs/{preset.stem}"


def test_presets_hold_the_values_of_their_sources() -> None:
    read = {path.stem: configuration.from_flagfile(path.read_text(), "") for path in PRESETS}
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
    assert cifar.sampling_statistics == "batch"
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
    config = configuration.from_flagfile(path.read_text(), "")
    assert {name: getattr(config, name) for name in values} == values


@pytest.mark.parametrize("system", ["gan", "ns_gan", "wgan", "wgan_lp", "sn_hinge"])
def test_presets_of_fashion_mnist_share_the_network_of_the_first(system: str) -> None:
    folder = PRESETS[0].parent
    ours, first = (
        configuration.from_flagfile((folder / f"{name}.flags").read_text(), name)
        for name in (f"fashion_mnist_{system}", "fashion_mnist")
    )
    shared = ["architecture", "latent_dim", "precision", "batch_size", "ema_decay", "dataset"]
    shared += [field.name for field in configuration.fields() if field.name.startswith("dcgan")]
    for name in shared:
        assert getattr(ours, name) == getattr(first, name), name


UNUSUAL = [
    Config(workdir="run"),
    Config(
        workdir="/data/my runs/été #1",
        dataset="folder:/my pictures/a=b --c",
        classes=("T-shirt, top", 'called "bag"', "3", "a b"),
        generator_learning_rate=4e-4,
        critic_learning_rate=1 / 3,
        penalty_weight=0.1,
        beta_2=1e-7,
        seed=2**31 - 1,
        critic_warmup=True,
        export=False,
    ),
    Config(
        workdir="run",
        architecture="mlp",
        mlp_generator_units=(7,),
        mlp_critic_units=(),
        mlp_generator_dropout=(0.1, 1 / 3, 0.0),
        lipschitz="weight_clipping",
        clip_value=1e-8,
        optimizer="rmsprop",
    ),
]


@pytest.mark.parametrize("config", UNUSUAL)
def test_a_saved_configuration_reads_back_equal(config: Config) -> None:
    assert configuration.from_flagfile(configuration.to_flagfile(config), "saved") == config


@pytest.mark.parametrize("config", UNUSUAL)
def test_a_saved_configuration_is_a_flagfile_for_absl(
    config: Config, absl_flags: flags.FlagValues, tmp_path: pathlib.Path
) -> None:
    saved = tmp_path / "config.flags"
    saved.write_text(configuration.to_flagfile(config))
    assert parsed_by_absl(absl_flags, f"--flagfile={saved}") == config


def test_values_on_the_command_line(absl_flags: flags.FlagValues) -> None:
    config = parsed_by_absl(
        absl_flags,
        "--workdir=run",
        "--noexport",
        "--critic_warmup",
        "--generator_learning_rate=.5e-3",
        '--classes=cat,"dog, small", 7',
        "--steps=12",
    )
    assert config == Config(
        workdir="run",
        export=False,
        critic_warmup=True,
        generator_learning_rate=0.0005,
        classes=("cat", "dog, small", "7"),
        steps=12,
    )


def test_a_flagfile_may_have_comments_blank_lines_and_an_option_twice() -> None:
    text = "# --steps=1\n\n  --steps=2  \n--steps=3\n"
    assert configuration.from_flagfile(text, "x.flags") == Config(steps=3)


@pytest.mark.parametrize(
    "line",
    [
        "--stepz=5",
        "--steps",
        "5",
        "--steps=5.5",
        "--steps=20,000",
        "--steps=5  # few",
        "--steps=",
        "--export=maybe",
        "--beta_1=half",
        "--mlp_critic_units=64,x",
        "--mlp_critic_units=64.0",
        "--mlp_critic_dropout=0.5,none",
    ],
)
def test_a_line_that_is_no_option_is_refused(line: str) -> None:
    with pytest.raises(UserError) as error:
        configuration.from_flagfile(f"--latent_dim=3\n{line}\n", "x.flags")
    assert line.partition("  #")[0] in str(error.value)


def test_a_list_that_spans_lines_is_refused(absl_flags: flags.FlagValues) -> None:
    with pytest.raises(UserError, match="--classes"):
        parsed_by_absl(absl_flags, "--workdir=run", "--classes=cat\ndog")


REFUSED_ALONE: list[tuple[str, Any]] = [
    ("workdir", ""),
    ("workdir", " run"),
    ("dataset", "folder:/pictures "),
    ("dataset", "mnist\n--steps=3"),
    ("dataset", "mnist\r--steps=3"),
    ("classes", ("cat", "a\nb")),
    ("objective", "wgan"),
    ("lipschitz", "clipping"),
    ("architecture", "vae"),
    ("output_activation", "relu"),
    ("latent_distribution", "cauchy"),
    ("dcgan_generator_norm", "instance"),
    ("dcgan_critic_norm", "instance"),
    ("dcgan_initializer", "zeros"),
    ("optimizer", "sgd"),
    ("learning_rate_decay", "cosine"),
    ("precision", "float16"),
    ("strategy", "horovod"),
    ("join_timeout", 0),
    ("image_size", -1),
    ("penalty_weight", -0.1),
    ("penalty_weight", float("nan")),
    ("penalty_weight", float("inf")),
    ("latent_dim", 0),
    ("dcgan_width", 0),
    ("dcgan_kernel_size", 1),
    ("dcgan_kernel_size", 10),
    ("dcgan_start_size", 1),
    ("dcgan_start_size", 17),
    ("dcgan_critic_units", -1),
    ("batch_size", 0),
    ("critic_steps", 0),
    ("critic_steps", 4097),
    ("steps", 0),
    ("generator_learning_rate", -1e-4),
    ("generator_learning_rate", float("inf")),
    ("critic_learning_rate", float("nan")),
    ("beta_1", 1.0),
    ("beta_2", 1.0),
    ("beta_2", -0.5),
    ("ema_decay", 1.0),
    ("steps_per_call", 0),
    ("seed", -1),
    ("seed", 2**31),
    ("checkpoint_every", -1),
    ("keep_checkpoints", 0),
    ("sample_every", -1),
    ("summary_every", -1),
    ("eval_every", -1),
]


@pytest.mark.parametrize(("option", "value"), REFUSED_ALONE)
def test_a_value_that_is_not_allowed_is_refused(option: str, value: Any) -> None:
    with pytest.raises(UserError) as error:
        configuration.validate(dataclasses.replace(VALID, **{option: value}))
    message = str(error.value)
    assert f"--{option}" in message
    assert "\n" not in message
    assert message.endswith(".")


REFUSED_TOGETHER: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    # What has no effect, and the option that takes its effect away.
    ({"clip_value": 0.1}, ("--clip_value=0.1", "--lipschitz=weight_clipping")),
    (
        {"penalty_weight": 1.0, "lipschitz": "weight_clipping"},
        ("--penalty_weight=1.0", "--lipschitz=gradient_penalty"),
    ),
    ({"penalty_weight": 1.0, "lipschitz": "none"}, ("--penalty_weight=1.0", "--lipschitz=none")),
    ({"beta_1": 0.0, "optimizer": "rmsprop"}, ("--beta_1=0.0", "--optimizer=adam")),
    ({"beta_2": 0.99, "optimizer": "rmsprop"}, ("--beta_2=0.99", "--optimizer=adam")),
    ({"mlp_generator_units": (9, 9)}, ("--mlp_generator_units=9,9", "--architecture=mlp")),
    ({"mlp_critic_units": (9,)}, ("--mlp_critic_units=9", "--architecture=dcgan")),
    *[
        ({name: value, "architecture": "mlp"}, (f"--{name}={value}", "--architecture=dcgan"))
        for name, value in [
            ("dcgan_width", 8),
            ("dcgan_kernel_size", 3),
            ("dcgan_start_size", 7),
            ("dcgan_generator_norm", "none"),
            ("dcgan_critic_norm", "layer"),
            ("dcgan_critic_units", 64),
            ("dcgan_initializer", "he_uniform"),
        ]
    ],
    *[
        ({name: value}, (f"--{name}={text}", "--architecture=conv_stack"))
        for name, value, text in [
            ("conv_stack_start_size", 4, "4"),
            ("conv_stack_start_filters", 8, "8"),
            ("conv_stack_generator_filters", (8, 4), "8,4"),
            ("conv_stack_generator_strides", (2, 2), "2,2"),
            ("conv_stack_critic_filters", (8,), "8"),
            ("conv_stack_critic_strides", (2,), "2"),
            ("conv_stack_order", "post_activation", "post_activation"),
            ("conv_stack_generator_kernel_sizes", (3,), "3"),
            ("conv_stack_generator_upsampling", ("nearest", "transposed"), "nearest,transposed"),
            ("conv_stack_critic_kernel_sizes", (3, 5), "3,5"),
            ("conv_stack_generator_norm_momentum", 0.8, "0.8"),
            ("conv_stack_generator_activation", "tanh", "tanh"),
            ("conv_stack_critic_activation", "relu", "relu"),
            ("conv_stack_generator_dropout", 0.5, "0.5"),
            ("conv_stack_critic_dropout", 0.5, "0.5"),
            ("conv_stack_generator_norm", "none", "none"),
            ("conv_stack_critic_norm", "layer", "layer"),
            ("conv_stack_initializer", "normal", "normal"),
        ]
    ],
    *[
        ({name: value}, (f"--{name}={text}", "--architecture=mlp"))
        for name, value, text in [
            ("mlp_generator_norm", "batch", "batch"),
            ("mlp_generator_activation", "tanh", "tanh"),
            ("mlp_critic_activation", "leaky_relu", "leaky_relu"),
            ("mlp_generator_dropout", (0.5, 0.0), "0.5,0.0"),
            ("mlp_critic_dropout", (0.2,), "0.2"),
        ]
    ],
    (
        {"conv_stack_critic_norm_momentum": 0.8, "architecture": "conv_stack"},
        ("--conv_stack_critic_norm_momentum=0.8", "--conv_stack_critic_norm=batch"),
    ),
    # What contradicts.
    ({"dcgan_critic_norm": "batch"}, ("--dcgan_critic_norm=batch", "--lipschitz")),
    (
        {"conv_stack_critic_norm": "batch", "architecture": "conv_stack"},
        ("--conv_stack_critic_norm=batch", "--lipschitz=gradient_penalty"),
    ),
    (
        {"dcgan_critic_norm": "batch", "lipschitz": "one_sided_gradient_penalty"},
        ("--dcgan_critic_norm=batch", "--lipschitz=one_sided_gradient_penalty"),
    ),
    ({"eval_every": 5}, ("--eval_every=5", "--eval_split")),
]


@pytest.mark.parametrize(("changes", "named"), REFUSED_TOGETHER)
def test_options_that_do_not_go_together_are_refused(
    changes: dict[str, Any], named: tuple[str, ...]
) -> None:
    with pytest.raises(UserError) as error:
        configuration.validate(dataclasses.replace(VALID, **changes))
    for text in named:
        assert text in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"lipschitz": "weight_clipping", "clip_value": 0.1, "dcgan_critic_norm": "batch"},
        {"dcgan_critic_norm": "layer"},
        {"optimizer": "rmsprop", "lipschitz": "none"},
        {"eval_split": "test"},
        {"eval_split": "test", "eval_every": 5},
        {"ema_decay": 0.0, "penalty_weight": 0.0, "beta_1": 0.0},
        {"checkpoint_every": 0, "sample_every": 0, "summary_every": 0},
    ],
)
def test_options_that_go_together_are_taken(changes: dict[str, Any]) -> None:
    configuration.validate(dataclasses.replace(VALID, **changes))


MAY_CHANGE: dict[str, Any] = {
    "dataset": "idx:/copied",
    "workdir": "moved",
    "data_dir": "/data",
    "eval_split": "test",
    "steps": 30_000,
    "strategy": "mirrored",
    "join_timeout": 7,
    "steps_per_call": 7,
    "checkpoint_every": 7,
    "keep_checkpoints": 7,
    "sample_every": 7,
    "summary_every": 7,
    "eval_every": 7,
    "eval_metrics": ("kid",),
    "eval_samples": 7,
    "eval_features": "raw",
    "inception": "/weights",
    "inception_protocol": "other",
    "profile_steps": 7,
    "report": False,
    "export": False,
}


def test_what_does_not_shape_the_trajectory_may_change() -> None:
    assert not configuration.trajectory_changes(VALID, dataclasses.replace(VALID, **MAY_CHANGE))


def test_everything_else_may_not_change() -> None:
    for field in configuration.fields():
        if field.name in MAY_CHANGE:
            continue
        changed = dataclasses.replace(VALID, **{field.name: "other"})
        assert configuration.trajectory_changes(VALID, changed) == {
            field.name: (field.default, "other")
        }


def test_with_a_linear_decay_steps_may_not_change() -> None:
    saved = Config(workdir="run", learning_rate_decay="linear", steps=10)
    longer = dataclasses.replace(saved, steps=20)
    assert configuration.trajectory_changes(saved, longer) == {"steps": (10, 20)}
    assert not configuration.trajectory_changes(saved, saved)
