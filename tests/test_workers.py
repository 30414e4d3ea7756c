"""Several workers as a user starts them, on loopback: one run, whatever happens to one of them."""

import contextlib
import os
import pathlib
import signal
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from tests.command_line import command, run_here, training_that_signals_itself
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.training.distributed.cluster import local_clusters

# In one process, which makes the runs that the tests share once.
pytestmark = pytest.mark.xdist_group("processes")

OPTIONS = [
    "--dataset=toy:8gaussians",
    "--architecture=mlp",
    "--mlp_generator_units=8",
    "--mlp_critic_units=8",
    "--output_activation=linear",
    "--penalty_weight=0.1",
    "--batch_size=8",
    "--critic_steps=2",
    "--steps=400",
    "--steps_per_call=5",
    "--summary_every=20",
    "--checkpoint_every=40",
    "--sample_every=0",
]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def unbroken(data_dir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A run of one process on one device that nothing interrupted."""
    workdir = tmp_path_factory.mktemp("runs") / "unbroken"
    options = [*OPTIONS, f"--workdir={workdir}", f"--data_dir={data_dir}", "--export=false"]
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    subprocess.run(
        command("main", *options), check=True, stdout=subprocess.DEVNULL, env=environment
    )
    return workdir


@contextlib.contextmanager
def started(*commands: list[str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes, each a worker of one cluster; whatever still runs at the end is killed."""
    processes = [
        subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CONFIG": cluster.to_tf_config(), "PYTHONUNBUFFERED": "1"},
        )
        for arguments, cluster in zip(commands, local_clusters(len(commands)), strict=True)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def newest_variables(workdir: pathlib.Path) -> dict[str, np.ndarray]:
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(workdir / "checkpoints")))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if name.endswith("VARIABLE_VALUE") and "save_counter" not in name
    }


def assert_same_run(actual: pathlib.Path, expected: pathlib.Path) -> None:
    for name, value in newest_variables(expected).items():
        np.testing.assert_allclose(
            newest_variables(actual)[name], value, rtol=1e-4, atol=1e-5, err_msg=name
        )
    lines = [read_metrics(workdir / "metrics.jsonl") for workdir in (actual, expected)]
    for one, other in zip(*lines, strict=True):
        for line in (one, other):
            del line["images_per_sec"], line["time"]
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4)


@pytest.mark.long
def test_a_killed_worker_ends_the_other_and_both_go_on(
    unbroken: pathlib.Path, data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    workdir = tmp_path / "run"
    options = [*OPTIONS, f"--workdir={workdir}", f"--data_dir={data_dir}"]
    worker = command("main", *options)
    with started(worker, training_that_signals_itself(signal.SIGKILL, 60, *options)) as (chief, _):
        _, errors = chief.communicate(timeout=120)
        assert chief.returncode == 42
        (line,) = errors.splitlines()
        assert "start all workers again" in line
    # Stopped by a signal to one, which is not the chief.
    with started(worker, training_that_signals_itself(signal.SIGTERM, 200, *options)) as processes:
        for process in processes:
            output, errors = process.communicate(timeout=120)
            assert process.returncode == 42, errors
            assert "Stopped at step 200" in output
    with started(worker, worker) as processes:
        for process in processes:
            _, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
    assert_same_run(workdir, unbroken)
    exported = tf.saved_model.load(str(workdir / "export" / "1"))
    assert exported.sample(tf.constant(3), tf.constant(1, tf.int64))["points"].shape == [3, 2]


def test_workers_started_differently_are_all_refused(
    data_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    workdir = tmp_path / "run"
    options = [*OPTIONS, f"--workdir={workdir}", f"--data_dir={data_dir}"]
    with started(command("main", *options), command("main", *options, "--seed=5")) as processes:
        for process in processes:
            output, errors = process.communicate(timeout=60)
            assert process.returncode == 2, errors
            (line,) = errors.splitlines()
            assert "--seed is 5 on worker 1, but 0 on worker 0" in line
            assert output == ""
    assert not workdir.exists()


@pytest.mark.parametrize(
    ("config", "options", "named"),
    [
        ("{", [], "TF_CONFIG={ does not tell the workers"),
        ("", ["--strategy=multi_worker"], "--strategy=multi_worker finds neither"),
    ],
    ids=["malformed", "absent"],
)
def test_a_cluster_that_is_not_told_is_a_mistake(
    config: str,
    options: list[str],
    named: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TF_CONFIG", config)
    result = run_here("main", f"--workdir={tmp_path}/run", *options)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert named in line
    assert not any(tmp_path.iterdir())
