"""Every option of a run: one frozen dataclass, the only list there is.

The commands make their flags from it, a run's folder keeps it as `config.flags`, and the rest of
the package takes it as a value. This module imports neither TensorFlow nor absl.
"""

import dataclasses
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, Self

from wgan_tf.errors import UserError
from wgan_tf.options import Value, check_alone, format_value, parse_lines, typed
from wgan_tf.paths import run_of_flagfile
from wgan_tf.sections.data import DataOptions
from wgan_tf.sections.families.acgan import AcganOptions
from wgan_tf.sections.families.conv_stack import ConvStackOptions
from wgan_tf.sections.families.dcgan import DcganOptions
from wgan_tf.sections.families.mlp import MlpOptions
from wgan_tf.sections.families.resnet import ResnetOptions
from wgan_tf.sections.monitoring import MonitoringOptions
from wgan_tf.sections.networks import NetworkOptions
from wgan_tf.sections.run import RunOptions
from wgan_tf.sections.system import WITH_PENALTY, SystemOptions
from wgan_tf.sections.training import WITH_ADAM_OR_RMSPROP, TrainingOptions
from wgan_tf.suggestions import if_you_meant, nearest_options

# What `auto` is of options that are chosen as a run begins, where none was: in runs of before.
UNMEASURED = {
    "precision": "float32",
    "jit_compile": "false",
    "fused_updates": "false",
    "subpixel_convolutions": "false",
}

_PATTERN_CHARACTERS = frozenset("*?[\\")

SECTIONS: tuple[type, ...] = (
    RunOptions,
    DataOptions,
    SystemOptions,
    TrainingOptions,
    MonitoringOptions,
    NetworkOptions,
    MlpOptions,
    DcganOptions,
    ConvStackOptions,
    ResnetOptions,
    AcganOptions,
)


@dataclasses.dataclass(frozen=True)
class Config(
    AcganOptions,
    ResnetOptions,
    ConvStackOptions,
    DcganOptions,
    MlpOptions,
    NetworkOptions,
    MonitoringOptions,
    TrainingOptions,
    SystemOptions,
    DataOptions,
    RunOptions,
):
    """The options of one run. Defaults train WGAN-GP with a DCGAN pair.

    A dataclass has the fields of its last base first: the bases are `SECTIONS` backwards. Making
    one, or a changed copy by `dataclasses.replace`, takes any list for a tuple and any real number
    for a float, and raises `UserError` for a value that is not allowed.
    """

    def __post_init__(self) -> None:
        for field in fields():
            object.__setattr__(self, field.name, typed(field, getattr(self, field.name)))
        _check(self)

    @classmethod
    def from_flagfile(cls, path: str | os.PathLike[str], **changes: Any) -> Self:
        """The options that a flagfile names, such as a preset's or a run's, some of them changed.

        A run's own flagfile means the folder that it lies in.

        Args:
            path: the flagfile.
            changes: options and their values, which win over the file's.

        Raises:
            UserError: the file cannot be read, or names or gives what is no option or value.
        """
        by_name = {field.name: field for field in fields()}
        _require_options(changes)
        try:
            text = pathlib.Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"{path} cannot be read ({error}); name a file of options, such as configs/digits."
                "flags."
            ) from error
        values: dict[str, Any] = parse_lines(text, str(path), by_name)
        workdir = run_of_flagfile(pathlib.Path(path))
        if workdir is not None:
            values["workdir"] = workdir
        return cls(**{**values, **changes})

    def changed(self, **changes: Any) -> Self:
        """A copy with some options changed.

        Raises:
            UserError: a change is of no option, or to no value of it.
        """
        _require_options(changes)
        return dataclasses.replace(self, **changes)


def fields() -> tuple[dataclasses.Field[Any], ...]:
    """All options, in the order of their declaration."""
    return dataclasses.fields(Config)


def applicable(config: Config, section: type = Config) -> tuple[dataclasses.Field[Any], ...]:
    """The options, of one section or of all, that have an effect with the others' values."""
    of_section = {field.name for field in dataclasses.fields(section)}
    return tuple(
        field for field in fields() if field.name in of_section and _has_effect(field, config)
    )


def _require_options(names: Iterable[str]) -> None:
    known = [field.name for field in fields()]
    for name in names:
        if name not in known:
            near = if_you_meant(nearest_options(name, known))
            raise UserError(f"{name} is no option; see Config's fields{near}.")


def require_workdir(config: Config) -> None:
    """Checks that a run made of these options has a folder to be kept in.

    Raises:
        UserError: none is named.
    """
    if not config.workdir:
        raise UserError("--workdir is not given; name the folder that the run is to be kept in.")


def _check(config: Config) -> None:
    """Checks every value alone, then together with the others, as far as no data is needed."""
    for field in fields():
        check_alone(field, getattr(config, field.name))
    for field in fields():
        _check_in_use(field, config)
    for name in ("dataset", "train_split"):
        if not getattr(config, name):
            raise UserError(f"--{name}= names nothing; say what to train on, or leave it out.")
    check_folder_name(config.workdir, "--workdir")
    if WITH_PENALTY.is_met_by(config.lipschitz) and "batch" in (
        config.dcgan_critic_norm,
        config.conv_stack_critic_norm,
    ):
        raise UserError(
            f"--{config.architecture}_critic_norm=batch does not go with "
            f"--lipschitz={config.lipschitz}, which needs a critic that judges each example alone; "
            "take layer or none."
        )
    if WITH_PENALTY.is_met_by(config.lipschitz) and config.critic_updates == "separate":
        raise UserError(
            f"--critic_updates=separate does not go with --lipschitz={config.lipschitz}, whose "
            "points lie between real and generated examples; take joint."
        )
    critic_steps_told = config.critic_steps * config.summary_every
    if config.summary_every and config.penalty_every > critic_steps_told:
        raise UserError(
            f"--penalty_every={config.penalty_every} leaves summaries without a penalty, which are "
            f"of {critic_steps_told} critic steps; take at most that, or a larger --summary_every."
        )
    if config.critic_passes == 2 and config.critic_updates == "separate":
        raise UserError(
            "--critic_passes=2 has no effect with --critic_updates=separate, which always passes "
            "real and generated examples one after the other; leave it out."
        )
    if config.epsilon_placement == "outside_corrected_root" and config.optimizer != "adam":
        raise UserError(
            f"--epsilon_placement=outside_corrected_root does not go with --optimizer="
            f"{config.optimizer}, which corrects no bias; take outside_root."
        )
    if config.precision == "float16" and config.fused_updates == "true":
        raise UserError(
            "--fused_updates=true leaves no update out, as --precision=float16 has to at times; "
            "take false."
        )
    if config.precision == "float16" and not WITH_ADAM_OR_RMSPROP.is_met_by(config.optimizer):
        raise UserError(
            f"--optimizer={config.optimizer} leaves no update out, as --precision=float16 has to "
            "at times; take adam or rmsprop, or another --precision."
        )
    if config.fused_updates == "true" and config.epsilon_placement == "inside_root":
        raise UserError(
            "--fused_updates=true has epsilon outside the root alone; take false with "
            "--epsilon_placement=inside_root."
        )
    if config.eval_features == "inception" and not config.inception:
        raise UserError(
            "--eval_features=inception needs the graph's weights; name them with --inception, or "
            "take other features."
        )
    if config.resize != "crop" and not config.image_size:
        raise UserError(
            f"--resize={config.resize} has no effect without --image_size; give it, or leave "
            "--resize out."
        )
    if not names_no_split(config):
        require_held_out(config)
    if config.augment != "none" and not config.augment_changes:
        raise UserError(
            f"--augment_changes= leaves --augment={config.augment} nothing to change; name some, "
            "or take --augment=none."
        )
    if config.augment == "adaptive" and not config.eval_every:
        raise UserError(
            "--augment=adaptive goes by evaluations on held-out examples; give --eval_every and "
            "--eval_split, or take --augment=diffaugment."
        )


def check_folder_name(path: str, name: str) -> None:
    """Checks that TensorFlow takes a folder's path for what it is.

    Args:
        path: the folder's.
        name: what it is called where it was given.

    Raises:
        UserError: it is a pattern to TensorFlow, which would not find it, or find others.
    """
    found = sorted(set(path) & _PATTERN_CHARACTERS)
    if found:
        raise UserError(
            f"{name}={path} has {' and '.join(found)} in it, which TensorFlow takes for a pattern; "
            "name a folder without."
        )


def _has_effect(field: dataclasses.Field[Any], config: Config) -> bool:
    requirement = field.metadata["only_with"]
    if requirement is None:
        return True
    (required,) = (other for other in fields() if other.name == requirement.option)
    is_met = requirement.is_met_by(getattr(config, required.name))
    return is_met and _has_effect(required, config)


def _check_in_use(field: dataclasses.Field[Any], config: Config) -> None:
    requirement = field.metadata["only_with"]
    value = getattr(config, field.name)
    if requirement is None or value == field.default:
        return
    required = getattr(config, requirement.option)
    if not requirement.is_met_by(required):
        raise UserError(
            f"--{field.name}={format_value(value)} has no effect with "
            f"--{requirement.option}={format_value(required)}; leave it out or take "
            f"--{requirement.option}={' or '.join(map(format_value, requirement.values))}."
        )


def measured_options(config: Config) -> dict[str, str]:
    """The options that are chosen as a run begins, and their values."""
    return {name: getattr(config, name) for name in UNMEASURED}


def settle(config: Config, choices: Mapping[str, str]) -> Config:
    """A configuration with a choice made for each of the options that it leaves to `auto`.

    Args:
        config: a configuration.
        choices: a value for each option that is so chosen, such as `UNMEASURED`.
    """
    in_use = {field.name for field in applicable(config)}
    made: dict[str, Any] = {
        name: choice
        for name, choice in choices.items()
        if name in in_use and getattr(config, name) == "auto"
    }
    return dataclasses.replace(config, **made)


def own_options(config: Config) -> tuple[str, ...]:
    """The options whose value is code, or networks, of the caller's own."""
    return tuple(
        field.name
        for field in fields()
        if field.metadata["or_own"] and getattr(config, field.name) not in field.metadata["choices"]
    )


def label_distribution(config: Config) -> str:
    """`uniform` or `data`; for auto, data of folders, whose classes are seldom of one size."""
    if config.label_distribution != "auto":
        return config.label_distribution
    return "data" if config.dataset.startswith("folder:") else "uniform"


def names_no_split(config: Config) -> bool:
    """Whether a folder is to be trained on without a word of what is held out."""
    is_folder = config.dataset.startswith("folder:")
    return is_folder and config.train_split == "train" and not config.eval_split


def require_held_out(config: Config) -> None:
    """Checks that evaluations have something to be made on.

    Raises:
        UserError: they have not.
    """
    if config.eval_every and not config.eval_split:
        raise UserError(
            f"--eval_every={config.eval_every} needs held-out examples; name them with "
            "--eval_split, for instance --eval_split=test."
        )


def trajectory_changes(saved: Config, given: Config) -> Mapping[str, tuple[Value, Value]]:
    """The options that differ and that a run may not change on its way: name -> (saved, given)."""
    fixed = [field.name for field in fields() if not field.metadata["may_change"]]
    if saved.learning_rate_decay != "none":
        fixed.append("steps")
    if saved.conditional != "none" and label_distribution(saved) != label_distribution(given):
        fixed.append("dataset")
    if saved.augment == "adaptive":
        fixed += ["eval_every", "eval_split"]
    return _differences(saved, given, fixed)


def may_be_accepted(name: str) -> bool:
    """Whether a run may go on with another value of an option if that is said to be wanted."""
    return any(field.name == name and field.metadata["may_be_accepted"] for field in fields())


def _differences(
    first: Config, second: Config, names: Iterable[str]
) -> Mapping[str, tuple[Value, Value]]:
    pairs = {name: (getattr(first, name), getattr(second, name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
