"""Requests to stop, by signal."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

STDERR = 2
SIGNALS = (signal.SIGTERM, signal.SIGINT)
NOTICE = b"\nStopping after the steps under way; a second signal stops without saving.\n"


class StopRequest:
    """Notes SIGTERM and SIGINT while open; a second one has its usual effect.

    In a thread that is not the process's first, to which Python delivers no signals, notes nothing.
    """

    def __init__(self) -> None:
        self.received = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = True
        self._restore()
        # Not print: the signal may have come in the middle of one.
        os.write(STDERR, NOTICE)

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
