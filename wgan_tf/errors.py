"""The errors whose message is meant for the person who runs a command, and exit statuses."""

import enum


class Status(enum.IntEnum):
    """What a command exits with; scripts that restart a run look for `STOPPED`."""

    DONE = 0
    FAILED = 1
    USER_ERROR = 2
    STOPPED = 42


class UserError(Exception):
    """A mistake the user can mend.

    Its message is one sentence that names what was given, what is allowed and what to do; a
    command prints it without a traceback and exits with status 2.
    """


class DivergenceError(RuntimeError):
    """A loss is no longer finite."""


class WorkerLostError(RuntimeError):
    """Another worker of the cluster stopped answering; the run goes on when all are restarted."""


class ExportError(RuntimeError):
    """An exported model does not do what the model in this process does."""


def reason(error: BaseException) -> str:
    """The first line of an error's message, or the name of its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
