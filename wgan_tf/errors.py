"""The errors whose message is meant for the person who runs a command, and exit statuses."""

import enum

_LONGEST_MESSAGE = 1500


class Status(enum.IntEnum):
    """What a command exits with; scripts that restart a run look for `STOPPED`."""

    DONE = 0
    FAILED = 1
    USER_ERROR = 2
    STOPPED = 42


class UserError(Exception):
    """A mistake the user can mend.

    Its message is one sentence that names what was given, what is allowed and what to do; a
    command prints it without a traceback and exits with status 2. Whatever was given, it is one
    line of printable text, from which the middle is left out where it would be very long.
    """

    def __init__(self, message: str) -> None:
        super().__init__(_shortened(printable(message)))


class Stopped(BaseException):
    """A signal asked to stop; `Exception`'s handlers let it pass."""


class DivergenceError(RuntimeError):
    """A loss is no longer finite."""


class WorkerLostError(RuntimeError):
    """Another worker of the cluster stopped answering; the run goes on when all are restarted."""


class ExportError(RuntimeError):
    """An exported model does not do what the model in this process does."""


def printable(text: str) -> str:
    r"""A text in one line, its control characters and what is not UTF-8 spelled out, as \n."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_MESSAGE:
        return text
    part = _LONGEST_MESSAGE // 2
    return f"{text[:part]} ... {text[-part:]}"


def reason(error: BaseException) -> str:
    """The first line of an error's message, or the name of its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
