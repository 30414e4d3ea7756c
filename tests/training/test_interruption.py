import signal
from collections.abc import Iterator

import pytest

from wgan_tf.training.interruption import StopRequest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noted(number: signal.Signals) -> None:
    with StopRequest() as stop:
        assert not stop.received
        signal.raise_signal(number)
        assert stop.received
    assert stop.received


def test_the_user_is_told_that_the_signal_was_heard(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with StopRequest():
        signal.raise_signal(signal.SIGINT)
    assert "Stopping" in capfd.readouterr().err


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Python's own handling of SIGINT, which a shell's background job begins without."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.usefixtures("interruptible")
def test_a_second_signal_has_its_usual_effect() -> None:
    with StopRequest() as stop, pytest.raises(KeyboardInterrupt):
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
