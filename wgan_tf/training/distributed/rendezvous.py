"""Workers meet before TensorFlow connects them, and go on only if they are of one mind.

TensorFlow's own start waits for an hour, cannot be interrupted, and joins clusters of different
sizes, which then hang. This one runs on the chief's port until TensorFlow takes it.
"""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wgan_tf.errors import UserError
from wgan_tf.training.distributed.cluster import Cluster

Facts = Mapping[str, str]

_RETRY_SECONDS = 0.2
_MESSAGE_SECONDS = 5.0


def meet(cluster: Cluster, check: Callable[[], Facts], timeout: float) -> None:
    """Checks on every worker, then compares what the workers say.

    Args:
        cluster: the workers.
        check: tells what must be the same on all workers, by name; raises `UserError` if this
            worker cannot train.
        timeout: seconds to wait for the others.

    Raises:
        UserError: on every worker that could be met, if one cannot train, if they differ, or if
            not all came in time.
    """
    mine: dict[str, Any] = {"number": cluster.number, "workers": list(cluster.workers)}
    own_error = None
    try:
        mine["facts"] = dict(check())
    except UserError as error:
        own_error = error
        mine["error"] = str(error)
    deadline = time.monotonic() + timeout
    if cluster.is_chief:
        verdict = _preside(cluster, mine, deadline, timeout)
    else:
        verdict = _attend(cluster, mine, deadline, timeout)
    if own_error is not None:
        raise own_error
    if verdict:
        raise UserError(verdict)


def _preside(cluster: Cluster, mine: Mapping[str, Any], deadline: float, timeout: float) -> str:
    """Hears every worker, judges, and tells them all; returns the refusal, empty for none."""
    said = {0: mine}
    port = int(cluster.workers[0].rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listening(cluster.workers[0], port))
        connections = []
        verdict = ""
        while len(said) < len(cluster.workers) and not verdict:
            listener.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                missing = [
                    f"worker {number} at {cluster.workers[number]}"
                    for number in range(len(cluster.workers))
                    if number not in said
                ]
                verdict = (
                    f"{' and '.join(missing)} did not come within --join_timeout={timeout:g} "
                    "seconds; start all workers with the same TF_CONFIG but for the index."
                )
                break
            stack.enter_context(connection)
            connection.settimeout(_MESSAGE_SECONDS)
            try:
                message = _receive(connection)
            except (OSError, ValueError):
                # Something else that knocked at the port, or a worker that is gone again.
                continue
            connections.append(connection)
            verdict = _misplaced(cluster, said, message)
            said[message["number"]] = message
        verdict = verdict or _difference(said)
        for connection in connections:
            with contextlib.suppress(OSError):
                _send(connection, {"refusal": verdict})
                # The other end closes first, so that the port is free for TensorFlow at once.
                connection.recv(1)
    return verdict


def _attend(cluster: Cluster, mine: Mapping[str, Any], deadline: float, timeout: float) -> str:
    """Tells the chief, and returns its refusal, empty for none."""
    host, _, port = cluster.workers[0].rpartition(":")
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return (
                f"Worker 0 at {cluster.workers[0]} was not met within --join_timeout={timeout:g} "
                "seconds; start all workers with the same TF_CONFIG but for the index, where this "
                "address can be reached."
            )
        try:
            with socket.create_connection((host.strip("[]"), int(port)), left) as connection:
                # The chief may have begun to wait last, and waits as long.
                connection.settimeout(2 * timeout + _MESSAGE_SECONDS)
                _send(connection, mine)
                refusal: str = _receive(connection)["refusal"]
                return refusal
        except (OSError, ValueError):
            time.sleep(min(_RETRY_SECONDS, max(left, 0)))


@contextlib.contextmanager
def _listening(address: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
        listener = socket.create_server(
            ("", port), family=family, dualstack_ipv6=family == socket.AF_INET6
        )
    except OSError as error:
        raise UserError(
            f"Worker 0 cannot listen at {address} ({error.strerror}); end what uses the port, or "
            "name another in TF_CONFIG."
        ) from None
    with listener:
        yield listener


def _misplaced(
    cluster: Cluster, said: Mapping[int, Mapping[str, Any]], message: Mapping[str, Any]
) -> str:
    if message["workers"] != list(cluster.workers):
        return (
            f"TF_CONFIG names the workers {', '.join(message['workers'])} on worker "
            f"{message['number']}, but {', '.join(cluster.workers)} on worker 0; give every worker "
            "the same cluster."
        )
    if message["number"] in said:
        return (
            f"Two workers are worker {message['number']} by TF_CONFIG; give each an index of its "
            "own."
        )
    return ""


def _difference(said: Mapping[int, Mapping[str, Any]]) -> str:
    for number in sorted(said):
        if "error" in said[number]:
            return f"Worker {number}: {said[number]['error']}"
    first = said[0]["facts"]
    for number in sorted(said):
        facts = said[number]["facts"]
        for name in sorted(facts.keys() | first.keys()):
            if facts.get(name) != first.get(name):
                return (
                    f"{name} is {facts.get(name)} on worker {number}, but {first.get(name)} on "
                    "worker 0; start all workers alike."
                )
    return ""


def _send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket) -> Any:
    with connection.makefile("rb") as lines:
        return json.loads(lines.readline())
