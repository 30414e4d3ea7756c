"""The commands, in a process of their own as users start them, or in this one.

A process that imports TensorFlow takes seconds to start: one for each thing that a command does is
enough, and what else it says or refuses is seen here.
"""

import contextlib
import io
import runpy
import signal
import subprocess
import sys
from unittest import mock

from absl.testing import flagsaver

from wgan_tf import commands


def command(module: str, *options: str) -> list[str]:
    """What starts a command."""
    return [sys.executable, "-m", f"wgan_tf.{module}", *options]


# A signal from outside comes late where steps are quick: sometimes after the last.
_SIGNALS_ITSELF = """
import runpy
import signal

from wgan_tf import commands

commands.import_tensorflow()

from wgan_tf.training.trainer import Trainer

set_reported = Trainer.set_reported


def set_reported_and_signal(trainer, step, **kinds):
    set_reported(trainer, step, **kinds)
    if step == {step}:
        signal.raise_signal({number})


Trainer.set_reported = set_reported_and_signal
runpy.run_module("wgan_tf.main", run_name="__main__", alter_sys=True)
"""


def training_that_signals_itself(number: signal.Signals, step: int, *options: str) -> list[str]:
    """What starts training that sends itself a signal once a step is told.

    Args:
        number: the signal.
        step: one at which there is a summary.
        options: of the command.
    """
    script = _SIGNALS_ITSELF.format(number=int(number), step=step)
    return [sys.executable, "-c", script, *options]


def run(module: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end in a process of its own."""
    return subprocess.run(command(module, *options), capture_output=True, text=True, check=False)


def run_here(module: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end in this process, in which its flags are defined for no longer."""
    arguments = command(module, *options)
    output, errors = io.StringIO(), io.StringIO()
    with (
        flagsaver.flagsaver(),
        mock.patch.object(sys, "argv", arguments[2:]),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        # This process goes on.
        mock.patch.object(commands, "leave", sys.exit),
    ):
        try:
            runpy.run_module(f"wgan_tf.{module}", run_name="__main__", alter_sys=True)
            status = 0
        except SystemExit as exit_:
            status = int(exit_.code or 0)
    return subprocess.CompletedProcess(arguments, status, output.getvalue(), errors.getvalue())
