import json
from typing import Any

import pytest

from wgan_tf.errors import UserError
from wgan_tf.training.distributed.cluster import (
    Cluster,
    from_environment,
    from_slurm,
    from_tf_config,
    local_clusters,
)


def tf_config(cluster: Any, kind: str = "worker", index: Any = 0) -> str:
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def slurm(nodes: str, tasks: str, rank: int = 0) -> dict[str, str]:
    return {
        "SLURM_JOB_ID": "20007",
        "SLURM_PROCID": str(rank),
        "SLURM_STEP_NODELIST": nodes,
        "SLURM_STEP_TASKS_PER_NODE": tasks,
    }


def test_the_chief_is_the_first_worker() -> None:
    tasks = {"worker": ["b:2", "c:3"], "chief": ["a:1"]}
    workers = ("a:1", "b:2", "c:3")
    assert from_tf_config(tf_config(tasks, "chief")) == Cluster(workers, 0)
    assert from_tf_config(tf_config(tasks, "worker", 1)) == Cluster(workers, 2)
    assert from_tf_config(tf_config(tasks, "chief")).is_chief
    assert not from_tf_config(tf_config(tasks, "worker", 0)).is_chief


def test_workers_on_this_machine_read_their_cluster_from_tf_config() -> None:
    clusters = local_clusters(3)
    assert [from_tf_config(cluster.to_tf_config()) for cluster in clusters] == clusters
    assert [cluster.number for cluster in clusters] == [0, 1, 2]


def test_without_a_chief_worker_0_is_it() -> None:
    assert from_tf_config(tf_config({"worker": ["a:1", "b:2"]}, index="0")).is_chief


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ("{}", "cluster"),
        (tf_config({"worker": ["a:1"]}, index=1), "worker 1"),
        (tf_config({"worker": ["a:1"]}, index=-1), "worker -1"),
        (tf_config({"worker": ["a:1"]}, "chief"), "chief 0"),
        (tf_config({"worker": ["a"]}), "'a' is not host:port"),
        (tf_config({"worker": [7]}), "7 is not host:port"),
        (tf_config({"worker": ["a:99999"]}), "a:99999"),
        (tf_config({"worker": ["a:1", "a:1"]}), "twice"),
        (tf_config({"chief": ["a:1", "b:1"]}, "chief"), "more than one chief"),
        (tf_config({"worker": ["a:1"], "ps": ["b:1"]}), "ps"),
    ],
)
def test_a_malformed_tf_config_is_told(text: str, named: str) -> None:
    with pytest.raises(UserError, match="TF_CONFIG=") as raised:
        from_tf_config(text)
    assert named in str(raised.value)
    assert "\n" not in str(raised.value)


def test_slurm_ranks_follow_the_node_list() -> None:
    # TensorFlow's own resolver would put gpu10 before gpu9.
    cluster = from_slurm(slurm("gpu[9-10],big[001-002,7]-x,login", "1(x2),2,1(x3)", 3))
    assert cluster == Cluster(
        (
            "gpu9:12007",
            "gpu10:12007",
            "big001-x:12007",
            "big001-x:12008",
            "big002-x:12007",
            "big7-x:12007",
            "login:12007",
        ),
        3,
    )


@pytest.mark.parametrize(
    ("nodes", "tasks", "rank"),
    [("a[1-2]", "1", 0), ("a[1-", "1", 0), ("a", "x", 0), ("a", "1", 1)],
)
def test_malformed_slurm_variables_are_told(nodes: str, tasks: str, rank: int) -> None:
    with pytest.raises(UserError, match="SLURM_STEP_NODELIST"):
        from_slurm(slurm(nodes, tasks, rank))


def test_tf_config_comes_before_slurm() -> None:
    both = {**slurm("a", "1"), "TF_CONFIG": tf_config({"worker": ["b:1"]})}
    assert from_environment(both) == Cluster(("b:1",), 0)
    assert from_environment(slurm("a", "1")) == Cluster(("a:12007",), 0)
    assert from_environment({"SLURM_JOB_ID": "1"}) is None
    assert from_environment({}) is None
