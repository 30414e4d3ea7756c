import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from wgan_tf.errors import Stopped
from wgan_tf.training.interruption import StopRequest

BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@BOTH
def test_a_signal_stops_what_runs(number: signal.Signals) -> None:
    stop = StopRequest()
    with pytest.raises(Stopped), stop:
        assert not stop.received
        signal.raise_signal(number)
        pytest.fail("it went on")
    assert stop.received


@BOTH
def test_a_deferred_signal_is_noted(number: signal.Signals) -> None:
    with StopRequest() as stop:
        with stop.deferred():
            signal.raise_signal(number)
            assert stop.received
        assert stop.received


def test_what_takes_long_is_stopped_at_once() -> None:
    with pytest.raises(Stopped), StopRequest() as stop, stop.deferred():
        with stop.at_once():
            pass
        with stop.at_once():
            signal.raise_signal(signal.SIGTERM)
            pytest.fail("it went on")


def test_what_takes_long_does_not_begin_after_a_signal() -> None:
    with StopRequest() as stop, stop.deferred():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Stopped), stop.at_once():
            pytest.fail("it began")


@contextlib.contextmanager
def standard_error() -> Iterator[int]:
    """Where to read what goes to standard error: a pipe, from which a read waits."""
    reader, writer = os.pipe()
    before = os.dup(2)
    os.dup2(writer, 2)
    try:
        yield reader
    finally:
        os.dup2(before, 2)
        for descriptor in (reader, writer, before):
            os.close(descriptor)


def test_the_user_is_told_that_the_signal_was_heard() -> None:
    with standard_error() as told, StopRequest() as stop, stop.deferred():
        signal.raise_signal(signal.SIGINT)
        assert b"Stopping after the steps under way" in os.read(told, 1000)
    with standard_error() as told:
        with pytest.raises(Stopped), StopRequest():
            signal.raise_signal(signal.SIGINT)
        assert b"Stopping;" in os.read(told, 1000)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Python's own handling of SIGINT, which a shell's background job begins without."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.usefixtures("interruptible")
def test_a_second_signal_has_its_usual_effect() -> None:
    with StopRequest() as stop, stop.deferred(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
        assert stop.received
        signal.raise_signal(signal.SIGINT)


def test_afterwards_signals_have_their_usual_effect() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with StopRequest():
        assert signal.getsignal(signal.SIGTERM) != before[signal.SIGTERM]
    assert {number: signal.getsignal(number) for number in before} == before

    with pytest.raises(ZeroDivisionError), StopRequest():
        _ = 1 / 0
    assert {number: signal.getsignal(number) for number in before} == before
    assert signal.set_wakeup_fd(-1) == -1


# The first thread is in a function of C for minutes, as it is in a step of TensorFlow.
BUSY = """
import contextlib
import hashlib
import sys

from wgan_tf.errors import Stopped
from wgan_tf.training.interruption import StopRequest

try:
    with StopRequest(ends_process=True) as stop:
        with stop.deferred() if {deferred} else contextlib.nullcontext():
            print("busy", flush=True)
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**30)
except Stopped:
    # The signal came before the computation, and is answered as the commands do.
    print("Stopping; run the same command again to go on.", file=sys.stderr, flush=True)
    sys.exit(42)
"""


def busy(*before: str, deferred: bool) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*before, sys.executable, "-c", BUSY.format(deferred=deferred)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=pathlib.Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "busy\n"
    return process


def test_a_process_that_computes_is_ended_by_the_first_signal() -> None:
    process = busy(deferred=False)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 42
    assert "Stopping" in errors
    assert "run the same command again" in errors


def test_a_process_whose_state_is_not_saved_is_ended_by_the_second() -> None:
    process = busy(deferred=True)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == "\n"
    assert process.stderr.readline().startswith("Stopping after the steps under way")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 1


# As the first process of a container is: the kernel ignores its signals but for those it handles.
AS_FIRST_PROCESS = ("unshare", "--fork", "--pid", "--mount-proc", "--kill-child")


def can_be_first() -> bool:
    if not shutil.which(AS_FIRST_PROCESS[0]):
        return False
    return subprocess.run([*AS_FIRST_PROCESS, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_be_first(), reason="namespaces of processes are not permitted")
@BOTH
def test_the_first_process_of_a_container_is_ended_as_any_other(number: signal.Signals) -> None:
    outside = busy(*AS_FIRST_PROCESS, deferred=False)
    children = pathlib.Path(f"/proc/{outside.pid}/task/{outside.pid}/children").read_text()
    (first,) = map(int, children.split())
    status = pathlib.Path(f"/proc/{first}/status").read_text()
    assert re.search(r"NSpid:.*\t1\n", status)
    os.kill(first, number)
    _, errors = outside.communicate(timeout=60)
    assert outside.returncode == 42
    assert "run the same command again" in errors
