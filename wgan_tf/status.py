"""What a command exits with."""

import enum


class Status(enum.IntEnum):
    """Exit statuses; scripts that restart a run look for `STOPPED`."""

    DONE = 0
    FAILED = 1
    USER_ERROR = 2
    STOPPED = 42
