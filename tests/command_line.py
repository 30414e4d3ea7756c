"""The commands, in a process of their own as users start them, or in this one.

A process that imports TensorFlow takes seconds to start: one for each thing that a command does is
enough, and what else it says or refuses is seen here.
"""

import contextlib
import io
import runpy
import subprocess
import sys
from unittest import mock

from absl.testing import flagsaver

from wgan_tf import commands


def command(module: str, *options: str) -> list[str]:
    """What starts a command."""
    return [sys.executable, "-m", f"wgan_tf.{module}", *options]


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
