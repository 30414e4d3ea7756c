import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest

from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.options import check_alone
from wgan_tf.sampling.request import Request as SampleOptions

VALID = Config(workdir="run")

REFUSED_ALONE: list[tuple[str, Any]] = [
    ("workdir", " run"),
    ("workdir", "a\0b"),
    ("workdir", "caf\udce9"),
    ("workdir", "run?"),
    ("workdir", "runs*/1"),
    ("workdir", "run[1]"),
    ("workdir", "run\\1"),
    ("dataset", "folder:/pictures "),
    ("dataset", ""),
    ("train_split", ""),
    ("background", "pink"),
    ("dataset", "mnist\n--steps=3"),
    ("dataset", "mnist\r--steps=3"),
    ("classes", ("cat", "a\nb")),
    ("classes", ("cat", "")),
    ("objective", "wgan"),
    ("lipschitz", "clipping"),
    ("architecture", "vae"),
    ("output_activation", "relu"),
    ("latent_distribution", "cauchy"),
    ("label_distribution", "balanced"),
    ("dcgan_generator_norm", "instance"),
    ("dcgan_critic_norm", "instance"),
    ("dcgan_initializer", "zeros"),
    ("optimizer", "sgd"),
    ("learning_rate_decay", "cosine"),
    ("precision", "float8"),
    ("strategy", "horovod"),
    ("join_timeout", 0),
    ("image_size", -1),
    ("penalty_weight", -0.1),
    ("penalty_weight", float("nan")),
    ("penalty_weight", float("inf")),
    ("latent_dim", 0),
    ("latent_dim", 10**20),
    ("batch_size", 2**31 - 1),
    ("image_size", 10**6),
    ("dcgan_width", 10**9),
    ("critic_learning_rate", 1e300),
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
    ("clip_timing", "never"),
    ("critic_updates", "both"),
    ("critic_step_generator", "frozen"),
    ("critic_batches", "old"),
    ("critic_step_labels", "none"),
    ("critic_warmup_period", -1),
    ("embedding_initializer", "zeros"),
    ("leaky_relu_slope", -0.1),
    ("leaky_relu_slope", 1.5),
    ("batch_norm_momentum", 1.0),
    ("batch_norm_epsilon", 0.0),
    ("conv_stack_margin", -1),
    ("conv_stack_critic_dropout", (0.5, 1.0)),
    ("rho", 1.0),
    ("initial_mean_square", -1.0),
    ("epsilon", 0.0),
    ("epsilon_placement", "nowhere"),
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
        dataclasses.replace(VALID, **{option: value})
    message = str(error.value)
    assert f"--{option}" in message
    assert "\n" not in message
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("steps", "many"),
        ("steps", 3.0),
        ("steps", None),
        ("steps", True),
        ("export", 1),
        ("penalty_weight", "10"),
        ("penalty_weight", 10**400),
        ("classes", "cat"),
        ("classes", 3),
        ("classes", (3,)),
        ("mlp_generator_units", (7.5,)),
        ("dataset", b"mnist"),
    ],
)
def test_a_value_of_another_type_is_refused(option: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"^{option}=.* does not fit; give .+\.$"):
        Config(**{option: value})


def test_values_as_python_has_them_are_taken(tmp_path: pathlib.Path) -> None:
    config = Config(
        workdir=tmp_path,
        classes=["a", "b"],
        penalty_weight=3,
        steps=np.int64(7),
        ema_decay=np.float32(0.5),
    )
    assert config == Config(
        workdir=str(tmp_path), classes=("a", "b"), penalty_weight=3.0, steps=7, ema_decay=0.5
    )
    assert type(config.steps) is int
    assert type(config.penalty_weight) is float


def test_only_a_run_needs_a_folder() -> None:
    with pytest.raises(UserError, match="--workdir is not given"):
        configuration.require_workdir(Config())


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
    (
        {"label_distribution": "data"},
        ("--label_distribution=data", "--conditional=auxiliary_classifier"),
    ),
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
            ("dcgan_first_norm", "units"),
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
            ("conv_stack_generator_output_norm", True, "true"),
            ("conv_stack_margin", 2, "2"),
            ("conv_stack_generator_activation", "tanh", "tanh"),
            ("conv_stack_critic_activation", "relu", "relu"),
            ("conv_stack_generator_dropout", 0.5, "0.5"),
            ("conv_stack_critic_dropout", (0.5, 0.0), "0.5,0.0"),
            ("conv_stack_critic_output_dropout", 0.2, "0.2"),
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
            ("mlp_initializer", "wgan_gp", "wgan_gp"),
        ]
    ],
    ({"dcgan_biases": False, "architecture": "mlp"}, ("--dcgan_biases=false", "=dcgan")),
    ({"clip_timing": "before_update"}, ("--clip_timing=before_update", "=weight_clipping")),
    ({"critic_warmup_period": 1000}, ("--critic_warmup_period=1000", "--critic_warmup=true")),
    ({"rho": 0.99}, ("--rho=0.99", "--optimizer=rmsprop")),
    ({"initial_mean_square": 1.0}, ("--initial_mean_square=1.0", "--optimizer=rmsprop")),
    *[
        ({name: value}, (f"--{name}={value}", "--conditional=auxiliary_classifier"))
        for name, value in [
            ("embedding_initializer", "glorot_uniform"),
            ("critic_step_labels", "real"),
        ]
    ],
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
    (
        {"critic_updates": "separate"},
        ("--critic_updates=separate", "--lipschitz=gradient_penalty", "take joint"),
    ),
    (
        {"critic_updates": "separate", "lipschitz": "one_sided_gradient_penalty"},
        ("--critic_updates=separate", "--lipschitz=one_sided_gradient_penalty", "take joint"),
    ),
    (
        {"epsilon_placement": "outside_corrected_root", "optimizer": "rmsprop"},
        ("--epsilon_placement=outside_corrected_root", "--optimizer=rmsprop", "take outside_root"),
    ),
]


@pytest.mark.parametrize(("changes", "named"), REFUSED_TOGETHER)
def test_options_that_do_not_go_together_are_refused(
    changes: dict[str, Any], named: tuple[str, ...]
) -> None:
    with pytest.raises(UserError) as error:
        Config(workdir="run", **changes)
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
        {"critic_updates": "separate", "lipschitz": "spectral_norm"},
        {"epsilon_placement": "inside_root", "optimizer": "rmsprop", "initial_mean_square": 1.0},
        {"epsilon_placement": "outside_corrected_root", "epsilon": 1e-8},
    ],
)
def test_options_that_go_together_are_taken(changes: dict[str, Any]) -> None:
    assert dataclasses.replace(VALID, **changes) == Config(workdir="run", **changes)


def test_a_number_may_be_as_large_as_its_option_says() -> None:
    (seed,) = (field for field in dataclasses.fields(SampleOptions) if field.name == "seed")
    check_alone(seed, 2**63 - 1)
    with pytest.raises(UserError, match="out of range"):
        check_alone(seed, 2**63)


def test_augmentation_needs_something_to_change() -> None:
    with pytest.raises(UserError, match="--augment_changes= leaves --augment=diffaugment nothing"):
        Config(augment="diffaugment", augment_changes=())


def test_adaptive_augmentation_needs_evaluations() -> None:
    with pytest.raises(UserError, match=r"--augment=adaptive .* give --eval_every"):
        Config(workdir="run", augment="adaptive")
    adaptive = Config(workdir="run", augment="adaptive", eval_every=5, eval_split="test")
    changed = dataclasses.replace(adaptive, eval_every=6)
    assert set(configuration.trajectory_changes(adaptive, changed)) == {"eval_every"}
