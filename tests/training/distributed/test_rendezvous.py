import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest

from wgan_tf.errors import UserError
from wgan_tf.training.distributed.cluster import Cluster
from wgan_tf.training.distributed.rendezvous import meet


@pytest.fixture
def workers() -> tuple[str, ...]:
    with socket.socket() as chief:
        chief.bind(("127.0.0.1", 0))
        return (f"127.0.0.1:{chief.getsockname()[1]}", "127.0.0.1:2", "127.0.0.1:3")


def outcomes(
    *participants: tuple[Cluster, Callable[[], Mapping[str, str]]], timeout: float = 60
) -> list[str]:
    """What each is refused with, empty for nothing; all meet at once."""
    refusals = [""] * len(participants)

    def take_part(place: int) -> None:
        cluster, check = participants[place]
        try:
            meet(cluster, check, timeout)
        except UserError as error:
            refusals[place] = str(error)

    threads = [threading.Thread(target=take_part, args=(i,)) for i in range(len(participants))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refusals


def facts(**values: str) -> Callable[[], Mapping[str, str]]:
    return lambda: values


def mistaken() -> Mapping[str, str]:
    raise UserError("--dataset=folder:/absent is not there.")


def test_workers_of_one_mind_go_on_and_leave_the_port_free(workers: tuple[str, ...]) -> None:
    same = [(Cluster(workers, number), facts(steps="5")) for number in range(3)]
    assert outcomes(*same) == ["", "", ""]
    assert outcomes(*same) == ["", "", ""]


def test_a_difference_is_told_to_all(workers: tuple[str, ...]) -> None:
    refusals = outcomes(
        (Cluster(workers, 0), facts(steps="5")),
        (Cluster(workers, 1), facts(steps="5")),
        (Cluster(workers, 2), facts(steps="6")),
    )
    assert refusals == ["steps is 6 on worker 2, but 5 on worker 0; start all workers alike."] * 3


@pytest.mark.parametrize("number", range(3))
def test_a_mistake_on_one_is_told_to_all(workers: tuple[str, ...], number: int) -> None:
    refusals = outcomes(
        *((Cluster(workers, i), mistaken if i == number else facts()) for i in range(3))
    )
    for place, refusal in enumerate(refusals):
        told = "--dataset=folder:/absent is not there."
        assert refusal == (told if place == number else f"Worker {number}: {told}")


def test_other_lists_of_workers_are_told_to_all(workers: tuple[str, ...]) -> None:
    refusals = outcomes(
        (Cluster(workers[:2], 0), facts()),
        (Cluster(workers, 1), facts()),
    )
    assert refusals[0] == refusals[1]
    assert "TF_CONFIG names the workers" in refusals[0]


def test_two_with_one_index_are_told(workers: tuple[str, ...]) -> None:
    refusals = outcomes(
        (Cluster(workers, 0), facts()),
        (Cluster(workers, 1), facts()),
        (Cluster(workers, 1), facts()),
    )
    assert len(set(refusals)) == 1
    assert "Two workers are worker 1" in refusals[0]


def test_who_does_not_come_is_named(workers: tuple[str, ...]) -> None:
    refusals = outcomes((Cluster(workers, 0), facts()), (Cluster(workers, 2), facts()), timeout=0.5)
    for refusal in refusals:
        assert "worker 1 at 127.0.0.1:2 did not come within --join_timeout=0.5" in refusal


def test_an_absent_chief_is_named(workers: tuple[str, ...]) -> None:
    (refusal,) = outcomes((Cluster(workers, 1), facts()), timeout=0.1)
    assert f"Worker 0 at {workers[0]} was not met" in refusal


def test_a_port_in_use_is_told(workers: tuple[str, ...]) -> None:
    port = int(workers[0].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        (refusal,) = outcomes((Cluster(workers, 0), facts()), timeout=0.1)
    assert f"cannot listen at {workers[0]}" in refusal


STRANGERS = {
    "empty": b"{}\n",
    "number": b"5\n",
    "nested": b"[" * 100_000 + b"]" * 100_000 + b"\n",
    "web": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes": bytes(range(256)),
    "nothing": b"",
    "long": b"x" * (2 << 20),
    "wrong kinds": b'{"number": true, "workers": [1], "facts": []}\n',
    "no place": b'{"number": 7, "workers": ["a:1"], "facts": {}, "run": ""}\n',
    "another run": b'{"number": 0, "workers": ["a:1"], "facts": {}, "run": "ab"}\n',
}


@contextlib.contextmanager
def knocking(address: str, *said: bytes) -> Iterator[None]:
    """Strangers, each of whom says something to the chief as soon as it listens, and waits."""
    host, _, port = address.rpartition(":")
    is_over = threading.Event()

    def knock(words: bytes) -> None:
        while not is_over.wait(0.01):
            with (
                contextlib.suppress(OSError),
                socket.create_connection((host, int(port)), 60) as connection,
            ):
                connection.sendall(words)
                connection.recv(1 << 16)

    strangers = [threading.Thread(target=knock, args=(words,)) for words in said]
    for stranger in strangers:
        stranger.start()
    try:
        yield
    finally:
        is_over.set()
        for stranger in strangers:
            stranger.join()


@pytest.mark.parametrize("said", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_is_not_heard(said: bytes, workers: tuple[str, ...]) -> None:
    same = [(Cluster(workers, number), facts(steps="5")) for number in range(3)]
    with knocking(workers[0], said):
        assert outcomes(*same) == ["", "", ""]
    assert outcomes(*same) == ["", "", ""]


def test_those_that_say_nothing_hold_up_none(workers: tuple[str, ...]) -> None:
    same = [(Cluster(workers, number), facts(steps="5")) for number in range(3)]
    with knocking(workers[0], *[b"{"] * 20):
        assert outcomes(*same, timeout=20) == ["", "", ""]


def test_the_chief_listens_at_its_own_address_alone(workers: tuple[str, ...]) -> None:
    port = int(workers[0].rpartition(":")[2])
    with socket.create_server(("127.0.0.2", port)):
        same = [(Cluster(workers, number), facts(steps="5")) for number in range(3)]
        assert outcomes(*same, timeout=10) == ["", "", ""]


def test_a_chief_whose_address_is_passed_on_to_it_listens_at_all(workers: tuple[str, ...]) -> None:
    # 192.0.2.1 is an address for documentation, which no machine has.
    port = workers[0].rpartition(":")[2]
    seen = (f"192.0.2.1:{port}", *workers[1:])
    met = [(Cluster(seen, 0), facts()), (Cluster(workers, 1), facts())]
    refusals = outcomes(*met, timeout=20)
    # The worker came through, by another name of the chief's.
    assert all("TF_CONFIG names the workers" in refusal for refusal in refusals)


def test_who_answers_in_place_of_the_chief_is_not_believed(workers: tuple[str, ...]) -> None:
    port = int(workers[0].rpartition(":")[2])
    answers = iter([b"5\n", b"{}\n", b'{"refusal": 5}\n', b"[[", b""])

    def pretend(server: socket.socket) -> None:
        with server:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(answer)

    server = socket.create_server(("127.0.0.1", port))
    thread = threading.Thread(target=pretend, args=(server,))
    thread.start()
    (refusal,) = outcomes((Cluster(workers, 1), facts()), timeout=2)
    thread.join()
    assert f"Worker 0 at {workers[0]} was not met" in refusal
