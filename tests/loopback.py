"""Clusters on this machine."""

import contextlib
import json
import socket
from collections.abc import Sequence


def free_addresses(count: int) -> list[str]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def tf_config(workers: Sequence[str], number: int) -> str:
    task = {"type": "worker", "index": number}
    return json.dumps({"cluster": {"worker": list(workers)}, "task": task})
