"""What the commands have in common: flags, messages and exit statuses.

This module is imported before TensorFlow, so that a mistake in the options is told at once.
"""

import atexit
import dataclasses
import os
import sys
import threading
import typing
from collections.abc import Callable, Collection, Iterable, Sequence
from importlib import metadata
from typing import Any, NoReturn, TypeVar

from absl import app, flags, logging

from wgan_tf import config as configuration
from wgan_tf import tensorflow_import
from wgan_tf.command_help import help_text
from wgan_tf.config import Config
from wgan_tf.errors import (
    DivergenceError,
    ExportError,
    Status,
    Stopped,
    UserError,
    WorkerLostError,
    reason,
)
from wgan_tf.flagfile import expand_flagfiles
from wgan_tf.options import (
    check_alone,
    default_value,
    field_type,
    format_value,
    help_of,
    parse_value,
)
from wgan_tf.paths import expand_user
from wgan_tf.suggestions import if_you_meant, nearest_options
from wgan_tf.training.interruption import StopRequest

# Options of the commands that name a place to write, in which a shell leaves a ~ alone.
PATH_FLAGS = ("workdir", "out", "saved_model")

_GO_ON = "Stopped; run the same command again to go on."

Options = TypeVar("Options")


def define_config_flags(names: Collection[str] | None = None) -> None:
    """Defines a flag for every option of `Config`, or for those named."""
    for field in configuration.fields():
        if names is None or field.name in names:
            _define_flag(field, __name__)


def define_flags(options: type) -> None:
    """Defines a flag for every option of a command's own: the fields of a dataclass."""
    for field in dataclasses.fields(options):
        _define_flag(field, sys.argv[0])


def config_from_flags() -> Config:
    """The configuration that the flags give, checked as far as no data is needed.

    Raises:
        UserError: a value is not allowed.
    """
    config = Config(**_values(configuration.fields()))
    configuration.require_workdir(config)
    return config


def read_flags(options: type[Options]) -> Options:
    """What the flags of `define_flags` give, each value checked alone.

    Raises:
        UserError: a value is not allowed.
    """
    fields = dataclasses.fields(typing.cast(Any, options))
    values = _values(fields)
    for field in fields:
        check_alone(field, values[field.name])
    return options(**values)


def _define_flag(field: dataclasses.Field[Any], module: str) -> None:
    kind, _ = field_type(field)
    default = None if field.default is None else format_value(default_value(field))
    if kind is bool:
        flags.DEFINE_bool(field.name, field.default, help_of(field), module_name=module)
    elif field.metadata["is_repeated"]:
        flags.DEFINE_multi_string(field.name, None, help_of(field), module_name=module)
    else:
        flags.DEFINE_string(field.name, default, help_of(field), module_name=module)


def _values(fields: Iterable[dataclasses.Field[Any]]) -> dict[str, Any]:
    given = {field: flags.FLAGS[field.name].value for field in fields}
    return {
        field.name: parse_value(field, value)
        if isinstance(value, str)
        else tuple(value)
        if isinstance(value, list)
        else value
        for field, value in given.items()
    }


def changed_by_flags(config: Config) -> Config:
    """A configuration with those of its options changed that were given on the command line.

    Raises:
        UserError: a value is not allowed.
    """
    values: dict[str, Any] = {
        field.name: parse_value(field, flags.FLAGS[field.name].value)
        for field in configuration.fields()
        if field.name in flags.FLAGS and flags.FLAGS[field.name].present
    }
    return dataclasses.replace(config, **values)


def run(command: Callable[[], Status], stop: StopRequest | None = None) -> NoReturn:
    """Parses the flags, runs a command and exits with its status.

    What the user can mend is told in a sentence on stderr, without a traceback: a mistake in the
    options or the data (status 2), a loss that is not finite, an export that is not right or a
    full disk (status 1), a stop or a lost worker (status 42: starting all again goes on).

    Args:
        command: what is run.
        stop: what it listens to, if it does; from here on, SIGTERM and SIGINT stop it.
    """
    try:
        try:
            with stop or StopRequest(ends_process=True):
                app.run(lambda _: _told(command), flags_parser=_parse)
        except Stopped:
            _exit_with(Status.STOPPED, _GO_ON)
    except SystemExit as exit_:
        leave(int(exit_.code or 0))
    raise AssertionError("app.run exits")


def leave(status: int) -> NoReturn:
    """Ends the process after what is registered for its end, without taking it apart.

    Taking apart TensorFlow and all that it made takes seconds. Where threads are not done, or other
    workers may still talk to this one, the end is Python's usual one.
    """
    others = [thread for thread in threading.enumerate() if not thread.daemon]
    is_alone = not any(os.environ.get(name) for name in ("TF_CONFIG", "SLURM_JOB_ID"))
    if is_alone and others == [threading.main_thread()]:
        # Temporary folders and logs are closed here. Python has no public name for it.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def import_tensorflow(workdir: str = "") -> None:
    """Imports TensorFlow, see `wgan_tf.tensorflow_import`; Keras has no other backend here.

    Args:
        workdir: the folder of a run whose kernels are to be those of its training.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    onednn = tensorflow_import.recorded_onednn(f"{workdir}/dataset.json") if workdir else True
    tensorflow_import.import_tensorflow(onednn=onednn)


def parse(arguments: Sequence[str]) -> list[str]:
    """Sets the flags as a command line says, whose first entry is the program's name.

    Returns:
        That name.

    Raises:
        UserError: an argument is no option, or not as it can be.
    """
    try:
        rest: list[str] = flags.FLAGS(expand_flagfiles(arguments))
    except flags.UnrecognizedFlagError as error:
        near = nearest_options(error.flagname, flags.FLAGS)
        raise UserError(
            f"--{error.flagname} is no option; see --help"
            f"{if_you_meant(f'--{name}' for name in near)}."
        ) from error
    except flags.Error as error:
        # "flag --export=maybe: why".
        option, _, why = str(error).removeprefix("flag ").partition(": ")
        why = why.replace("'", "").strip("()")
        raise UserError(f"{option} does not fit ({why}); see --help for what does.") from error
    for name in PATH_FLAGS:
        if name in flags.FLAGS:
            flags.FLAGS[name].value = _with_home(name, flags.FLAGS[name].value)
    if len(rest) > 1:
        raise UserError(f"{rest[1]} is no option; options are --name=value.")
    return rest


def _parse(arguments: list[str]) -> list[str]:
    if "--version" in arguments:
        print(metadata.version("wgan_tf"))
        sys.exit(Status.DONE)
    if {"--help", "-help", "-h", "--helpfull", "--helpshort"} & set(arguments):
        print(_help())
        sys.exit(Status.DONE)
    try:
        rest = parse(arguments)
    except UserError as error:
        _exit_with(Status.USER_ERROR, str(error))
    if flags.FLAGS["verbosity"].using_default_value:
        flags.FLAGS.verbosity = logging.ERROR
    return rest


def _help() -> str:
    options = {flag.name for flag in flags.FLAGS.flags_by_module_dict().get(__name__, ())}
    own = [
        flag
        for flag in flags.FLAGS.get_key_flags_for_module(sys.argv[0])
        if flag.name not in options
    ]
    return help_text(sys.modules["__main__"].__doc__ or "", own, options)


def _with_home(name: str, value: str | list[str] | None) -> str | list[str] | None:
    """A path, or each of several, with the home folder in place of a leading ~."""
    if isinstance(value, list):
        return [str(_with_home(name, path)) for path in value]
    return str(expand_user(value, f"--{name}=")) if value and value.startswith("~") else value


def _told(command: Callable[[], Status]) -> Status:
    try:
        return command()
    except UserError as error:
        _exit_with(Status.USER_ERROR, str(error))
    except (DivergenceError, ExportError) as error:
        _exit_with(Status.FAILED, str(error))
    except WorkerLostError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        # An orderly exit would wait for the lost worker.
        os._exit(Status.STOPPED)
    except (Stopped, KeyboardInterrupt):
        _exit_with(Status.STOPPED, _GO_ON)
    except Exception as error:
        # Not above: it imports TensorFlow.
        from wgan_tf.files import is_full_disk, is_out_of_memory

        if is_full_disk(error):
            _exit_with(Status.FAILED, f"The disk is full ({error}); make room and run again.")
        if is_out_of_memory(error):
            _exit_with(
                Status.FAILED,
                f"There is not enough memory ({reason(error)}); take a smaller --batch_size, "
                "smaller networks or a smaller --image_size.",
            )
        raise


def _exit_with(status: Status, message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(status)
