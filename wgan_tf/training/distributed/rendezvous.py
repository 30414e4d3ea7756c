"""Workers meet before TensorFlow connects them, and go on only if they are of one mind.

TensorFlow's own start waits for an hour, cannot be interrupted, and joins clusters of different
sizes, which then hang. This one runs on the chief's port until TensorFlow takes it.

Whoever else knocks at the port is not heard: a peer names the same workers, or is of a run with the
same digest. One that shares only one of the two is a mistake, which is told.
"""

import contextlib
import errno
import hashlib
import json
import queue
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wgan_tf.errors import UserError
from wgan_tf.training.distributed.cluster import Cluster

Facts = Mapping[str, str]

_RETRY_SECONDS = 0.2
_MESSAGE_SECONDS = 5.0
_MESSAGE_BYTES = 1 << 20
_MALFORMED = (OSError, ValueError, RecursionError)


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
        mine["run"] = _digest(mine["facts"])
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
    peers = []
    verdict = ""
    with _heard(cluster.workers[0]) as messages:
        while len(said) < len(cluster.workers) and not verdict:
            try:
                connection, message = messages.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
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
            if not _is_peer(message, mine):
                refusal = (
                    f"Worker 0 at {cluster.workers[0]} is of another run; name one of this run in "
                    "TF_CONFIG."
                )
                threading.Thread(target=_tell, args=(connection, refusal), daemon=True).start()
                continue
            peers.append(connection)
            verdict = _misplaced(cluster, said, message)
            said[message["number"]] = message
        verdict = verdict or _difference(said)
        for connection in peers:
            _tell(connection, verdict)
    return verdict


def _attend(cluster: Cluster, mine: Mapping[str, Any], deadline: float, timeout: float) -> str:
    """Tells the chief, and returns its refusal, empty for none."""
    host, port = _host_and_port(cluster.workers[0])
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return (
                f"Worker 0 at {cluster.workers[0]} was not met within --join_timeout={timeout:g} "
                "seconds; start all workers with the same TF_CONFIG but for the index, where this "
                "address can be reached."
            )
        with contextlib.suppress(*_MALFORMED):
            with socket.create_connection((host, port), left) as connection:
                _send(connection, mine)
                # The chief may have begun to wait last, and waits as long.
                answer = _receive(connection, 2 * timeout + _MESSAGE_SECONDS)
            if isinstance(answer, dict) and isinstance(answer.get("refusal"), str):
                return answer["refusal"]
        time.sleep(min(_RETRY_SECONDS, max(left, 0)))


@contextlib.contextmanager
def _heard(address: str) -> Iterator[queue.Queue[tuple[socket.socket, Mapping[str, Any]]]]:
    """Listens at an address, and gives every message of a worker with its connection.

    Each connection is read by a thread of its own, so that one that says nothing holds up none.
    """
    messages: queue.Queue[tuple[socket.socket, Mapping[str, Any]]] = queue.Queue()
    connections: list[socket.socket] = []
    is_open = threading.Event()
    is_open.set()

    def hear(connection: socket.socket) -> None:
        try:
            message = _receive(connection, _MESSAGE_SECONDS)
            if not _is_message(message):
                raise ValueError("something else knocked at the port")
        except _MALFORMED:
            _drop(connection)
        else:
            messages.put((connection, message))

    def accept(listeners: list[socket.socket]) -> None:
        with selectors.DefaultSelector() as selector:
            for listener in listeners:
                selector.register(listener, selectors.EVENT_READ)
            while is_open.is_set():
                for key, _ in selector.select(timeout=_RETRY_SECONDS):
                    with contextlib.suppress(OSError):
                        connection, _ = key.fileobj.accept()  # type: ignore[union-attr]
                        connections.append(connection)
                        threading.Thread(target=hear, args=(connection,), daemon=True).start()

    with contextlib.ExitStack() as stack:
        listeners = _listeners(address)
        for listener in listeners:
            stack.enter_context(listener)
        acceptor = threading.Thread(target=accept, args=(listeners,), daemon=True)
        acceptor.start()
        try:
            yield messages
        finally:
            is_open.clear()
            acceptor.join()
            for connection in connections:
                _drop(connection)


def _listeners(address: str) -> list[socket.socket]:
    """Sockets that listen at an address; at all of this machine's where it is none of them.

    A cluster's service, or a router, may pass on what comes to an address of its own.
    """
    host, port = _host_and_port(address)
    listeners = []
    try:
        for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                listeners.append(socket.create_server(place[:2], family=family))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
    except socket.gaierror:
        pass
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise _unheard(address, error) from None
    if listeners:
        return listeners
    dualstack = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dualstack else socket.AF_INET
    try:
        return [socket.create_server(("", port), family=family, dualstack_ipv6=dualstack)]
    except OSError as error:
        raise _unheard(address, error) from None


def _unheard(address: str, error: OSError) -> UserError:
    return UserError(
        f"Worker 0 cannot listen at {address} ({error.strerror}); end what uses the port, or "
        "name another in TF_CONFIG."
    )


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _digest(facts: Facts) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _is_message(message: Any) -> bool:
    """Whether it is what a worker says, of this run or another."""
    if not isinstance(message, dict):
        return False
    number, workers, facts = (message.get(key) for key in ("number", "workers", "facts"))
    return (
        type(number) is int
        and isinstance(workers, list)
        and all(isinstance(worker, str) for worker in workers)
        and number in range(len(workers))
        and (
            isinstance(message.get("error"), str)
            or (
                isinstance(message.get("run"), str)
                and isinstance(facts, dict)
                and all(isinstance(value, str) for value in facts.values())
            )
        )
    )


def _is_peer(message: Mapping[str, Any], mine: Mapping[str, Any]) -> bool:
    is_of_run = "run" in message and message["run"] == mine.get("run")
    return is_of_run or message["workers"] == mine["workers"]


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


def _tell(connection: socket.socket, refusal: str) -> None:
    with contextlib.suppress(OSError):
        _send(connection, {"refusal": refusal})
        # The other end closes first, so that the port is free for TensorFlow at once.
        connection.settimeout(_MESSAGE_SECONDS)
        connection.recv(1)


def _drop(connection: socket.socket) -> None:
    """Closes a connection at once, after which the port is free."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    connection.settimeout(_MESSAGE_SECONDS)
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket, seconds: float) -> Any:
    """Reads a line of JSON, all of which has to come within some seconds.

    Raises:
        OSError: it did not.
        ValueError: what came is no line of JSON.
        RecursionError: it is, but too deep.
    """
    deadline = time.monotonic() + seconds
    line = b""
    while not line.endswith(b"\n"):
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        received = connection.recv(1 << 16)
        line += received
        if not received or len(line) > _MESSAGE_BYTES:
            raise ValueError("no whole line came")
    return json.loads(line)
