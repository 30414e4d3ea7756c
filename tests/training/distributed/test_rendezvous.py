import socket
import threading
from collections.abc import Callable, Mapping

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
