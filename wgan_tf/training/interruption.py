"""Requests to stop, by signal, and when they are answered."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Self

from wgan_tf.errors import Status, Stopped

SIGNALS = (signal.SIGTERM, signal.SIGINT)
# From a signal to the end of a process that does not answer it, since it computes.
GRACE_SECONDS = 2.5

_STDERR = 2
_LOOK_SECONDS = 0.1
_STOPPING = b"\nStopping; a second signal ends at once.\n"
_STOPPING_SOON = b"\nStopping after the steps under way; a second signal ends without saving.\n"
_ENDED = b"Stopped; run the same command again to go on.\n"


class StopRequest:
    """Notes SIGTERM and SIGINT while open, and stops what runs.

    A signal raises `Stopped` in the process's first thread; within `deferred` it is noted only. A
    second one has its usual effect.

    Python's handlers wait until the first thread is back from TensorFlow, which may take minutes.
    So a thread of our own takes the signals as they come, tells that they were heard and, where
    the process is ours to end, ends it when the first thread does not answer. Nothing is lost by
    that: what takes long is not deferred, and what it goes on from is saved.

    In a thread that is not the process's first, to which Python delivers no signals, notes nothing.

    Attributes:
        received: whether a signal came.
    """

    def __init__(self, *, ends_process: bool = False) -> None:
        """Is not open yet.

        Args:
            ends_process: whether the process may be ended, as a command's may and a notebook's
                must not, by a second signal and 2.5 seconds after a first that is not deferred.
        """
        self.received = False
        self._ends_process = ends_process
        self._is_deferred = False
        self._previous: dict[signal.Signals, Any] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            reader, writer = socket.socketpair()
            writer.setblocking(False)
            watcher = threading.Thread(target=self._watch, args=(reader,), daemon=True)
            watcher.start()
            self._open.callback(reader.close)
            self._open.callback(watcher.join)
            self._open.callback(writer.close)
            self._previous = {number: signal.signal(number, self._note) for number in SIGNALS}
            self._open.callback(self._restore)
            fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
            self._open.callback(signal.set_wakeup_fd, fd)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Where it may, the thread watches on, over an exit that TensorFlow may hold up.
        if not (self.received and self._ends_process):
            self._open.close()

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Within, a signal is noted and raises nothing: look at `received` every few seconds."""
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Within `deferred`: what takes long, at whose start all that is to be kept is saved.

        Raises:
            Stopped: a signal came, now or before.
        """
        self._is_deferred = False
        try:
            if self.received:
                raise Stopped
            yield
        finally:
            self._is_deferred = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        is_first = not self.received
        self.received = True
        if not self._ends_process:
            self._restore()
        if is_first and not self._is_deferred:
            raise Stopped

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _watch(self, reader: socket.socket) -> None:
        """Takes the signals' numbers, which the interpreter writes as they come, to the end."""
        count, waits_since = 0, 0.0
        while True:
            reader.settimeout(_LOOK_SECONDS if count else None)
            try:
                numbers = reader.recv(64)
            except TimeoutError:
                now = time.monotonic()
                if self._is_deferred:
                    waits_since = now
                elif self._ends_process and now - waits_since >= GRACE_SECONDS:
                    os.write(_STDERR, _ENDED)
                    os._exit(Status.STOPPED)
                continue
            if not numbers:
                return
            for _ in filter(SIGNALS.__contains__, numbers):
                count += 1
                if count == 1:
                    waits_since = time.monotonic()
                    # Not print: the signal may have come in the middle of one.
                    os.write(_STDERR, _STOPPING_SOON if self._is_deferred else _STOPPING)
                elif self._ends_process:
                    os._exit(Status.FAILED)
