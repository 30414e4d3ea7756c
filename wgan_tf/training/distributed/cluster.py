"""The processes that train together, as their launcher names them in the environment."""

import contextlib
import dataclasses
import json
import re
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from wgan_tf.errors import UserError

_SLURM = (
    "SLURM_PROCID",
    "SLURM_JOB_ID",
    "SLURM_STEP_NODELIST",
    "SLURM_STEP_TASKS_PER_NODE",
)
# Below the ports that Linux gives to outgoing connections; a job takes its own, by its number.
_SLURM_FIRST_PORT = 12_000
_SLURM_PORTS = 20_000


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Workers and which of them this process is.

    Attributes:
        workers: address of each, host:port; the first is the chief.
        number: this process's place among them.
    """

    workers: tuple[str, ...]
    number: int

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run's folder."""
        return self.number == 0

    def to_tf_config(self) -> str:
        """The TF_CONFIG that `from_tf_config` reads as this cluster."""
        task = {"type": "worker", "index": self.number}
        return json.dumps({"cluster": {"worker": self.workers}, "task": task})


def local_clusters(count: int) -> Sequence[Cluster]:
    """One cluster of workers on this machine, as each of them sees it.

    Their ports are free now, and so are not taken by others if the workers start soon.
    """
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        workers = tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)
    return [Cluster(workers, number) for number in range(count)]


def from_environment(environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that TF_CONFIG tells, or else Slurm; None where neither does.

    Raises:
        UserError: what is told is malformed.
    """
    if environment.get("TF_CONFIG"):
        return from_tf_config(environment["TF_CONFIG"])
    if all(name in environment for name in _SLURM):
        return from_slurm(environment)
    return None


def from_tf_config(text: str) -> Cluster:
    """Reads TF_CONFIG; a task of the type chief comes before those of the type worker.

    Raises:
        UserError: it is malformed, or has tasks of other types.
    """
    try:
        value = json.loads(text)
        tasks = {kind: list(value["cluster"][kind]) for kind in value["cluster"]}
        kind, index = value["task"]["type"], int(value["task"]["index"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _malformed(text, f"{type(error).__name__}: {error}") from None
    others = sorted(tasks.keys() - {"chief", "worker"})
    if others:
        raise _malformed(text, f"tasks of the type {others[0]} have no part in this training")
    workers = [*tasks.get("chief", []), *tasks.get("worker", [])]
    if len(tasks.get("chief", [])) > 1:
        raise _malformed(text, "there is more than one chief")
    for address in workers:
        if not _is_address(address):
            raise _malformed(text, f"{address!r} is not host:port")
    if len(set(workers)) < len(workers):
        raise _malformed(text, "an address is there twice")
    if not 0 <= index < len(tasks.get(kind, [])):
        raise _malformed(text, f"its own task, {kind} {index}, is not in the cluster")
    first = len(tasks.get("chief", [])) if kind == "worker" else 0
    return Cluster(tuple(workers), first + index)


def from_slurm(environment: Mapping[str, str]) -> Cluster:
    """Reads the variables of a Slurm step whose tasks are distributed by block, srun's default.

    TensorFlow's own resolver sorts the hosts by name, while ranks follow the node list, and it
    fails on nodes without GPUs.

    Raises:
        UserError: they are malformed.
    """
    nodes, tasks = environment["SLURM_STEP_NODELIST"], environment["SLURM_STEP_TASKS_PER_NODE"]
    try:
        first = _SLURM_FIRST_PORT + int(environment["SLURM_JOB_ID"]) % _SLURM_PORTS
        counts = _expand_counts(tasks)
        workers = [
            f"{host}:{first + place}"
            for host, count in zip(_expand_hosts(nodes), counts, strict=True)
            for place in range(count)
        ]
        number = int(environment["SLURM_PROCID"])
        if not 0 <= number < len(workers):
            raise ValueError(f"SLURM_PROCID is {number}")
    except ValueError as error:
        raise UserError(
            f"Slurm's SLURM_STEP_NODELIST={nodes} and SLURM_STEP_TASKS_PER_NODE={tasks} do not "
            f"tell the workers ({error}); start them with srun, or set TF_CONFIG."
        ) from None
    return Cluster(tuple(workers), number)


def _expand_hosts(nodes: str) -> Sequence[str]:
    """The hosts of a node list in its order: gpu[08-10,12],login -> gpu08, gpu09, ..."""
    hosts: list[str] = []
    for item in re.findall(r"(?:[^,\[]|\[[^\]]*\])+", nodes):
        match = re.fullmatch(r"([^\[\]]*)(?:\[([^\]]*)\]([^\[\]]*))?", item)
        if not match:
            raise ValueError(f"the nodes {item} cannot be read")
        before, ranges, after = match.groups()
        for numbers in [""] if ranges is None else ranges.split(","):
            low, dash, high = numbers.partition("-")
            if dash:
                width = len(low)
                inside = [f"{number:0{width}}" for number in range(int(low), int(high) + 1)]
            else:
                inside = [low]
            hosts += [f"{before}{number}{after or ''}" for number in inside]
    return hosts


def _expand_counts(tasks: str) -> Sequence[int]:
    """Tasks a node: 2(x3),1 -> 2, 2, 2, 1."""
    counts: list[int] = []
    for item in tasks.split(","):
        match = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", item)
        if not match:
            raise ValueError(f"the count {item} cannot be read")
        counts += [int(match[1])] * int(match[2] or 1)
    return counts


def _is_address(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    host, _, port = value.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 2**16


def _malformed(text: str, reason: str) -> UserError:
    shown = " ".join(text.split())
    shown = shown if len(shown) <= 200 else f"{shown[:200]}..."
    return UserError(
        f"TF_CONFIG={shown} does not tell the workers ({reason}); give "
        '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": N}}, '
        "the same cluster on every worker and each its own index."
    )
