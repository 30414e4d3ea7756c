import json

import pytest

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.training.distributed.cluster import Cluster
from wgan_tf.training.distributed.strategy import build_strategy, check_replicas, find_cluster

PAIR = {
    "TF_CONFIG": json.dumps(
        {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}
    )
}
SINGLE = {
    "TF_CONFIG": json.dumps({"cluster": {"chief": ["a:1"]}, "task": {"type": "chief", "index": 0}})
}
SLURM = {
    "SLURM_JOB_ID": "1",
    "SLURM_PROCID": "0",
    "SLURM_STEP_NODELIST": "a,b",
    "SLURM_STEP_TASKS_PER_NODE": "1(x2)",
}


def test_auto_takes_the_workers_of_tf_config_if_there_are_several() -> None:
    assert find_cluster(Config(), PAIR) == Cluster(("a:1", "b:2"), 1)
    assert find_cluster(Config(), SINGLE) is None
    assert find_cluster(Config(), SLURM) is None
    assert find_cluster(Config(), {}) is None


def test_multi_worker_takes_tf_config_or_a_slurm_step() -> None:
    config = Config(strategy="multi_worker")
    assert find_cluster(config, SINGLE) == Cluster(("a:1",), 0)
    assert find_cluster(config, SLURM) == Cluster(("a:12001", "b:12001"), 0)
    with pytest.raises(UserError, match="--strategy=multi_worker finds neither TF_CONFIG"):
        find_cluster(config, {})


@pytest.mark.parametrize("strategy", ["one_device", "mirrored", "tpu"])
def test_the_others_train_alone(strategy: str) -> None:
    assert find_cluster(Config(strategy=strategy), PAIR) is None


def test_a_batch_that_does_not_divide_is_told_before_any_worker_is_met() -> None:
    cluster = Cluster(("a:1", "b:2", "c:3"), 0)
    check_replicas(Config(batch_size=9), cluster)
    with pytest.raises(UserError, match="--batch_size=64 does not divide by the 3 replicas"):
        check_replicas(Config(), cluster)


def test_adaptive_augmentation_is_for_one_worker() -> None:
    config = Config(batch_size=4, augment="adaptive", eval_every=1, eval_split="test")
    check_replicas(config, Cluster(("a:1",), 0))
    with pytest.raises(UserError, match=r"--augment=adaptive goes by .* there are 2; take"):
        check_replicas(config, Cluster(("a:1", "b:2"), 0))


def test_a_tpu_that_is_not_there_is_told() -> None:
    with pytest.raises(UserError, match="--strategy=tpu finds no TPU"):
        build_strategy(Config(strategy="tpu"))
