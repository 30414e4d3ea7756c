"""The promises that every row of the table keeps."""

import dataclasses
import os
import pathlib
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.table import ROWS, Row
from tests.conformance.trajectory import (
    make_trainer,
    one_device_trainer,
    open_data,
    require_equal_replicas,
    steps_of,
    variables,
)
from tests.untrained import card_of
from wgan_tf import flagfile, lipschitz
from wgan_tf.networks import registry
from wgan_tf.networks.dropout import masks_from
from wgan_tf.serving.sampler import Sampler
from wgan_tf.serving.saved_model import write_saved_model
from wgan_tf.serving.trained_generator import follow_generator
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.distributed.cluster import local_clusters
from wgan_tf.training.trainer import Trainer

ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
ROWS_BY_NAME = {row.name: row for row in ROWS}
# Lesser precisions amplify rounding until runs on one and on two replicas differ.
ON_TWO_REPLICAS = {row.name for row in ROWS if row.config().precision == "float64"}
# Two replicas take long to trace; what these rows have of their own is in their networks.
LONG_ON_TWO_REPLICAS = {
    "dcgan-penalty",
    "dcgan-penalty-layer-norm-decay",
    "dcgan-minimax-one-pass",
    "dcgan-classifier-multiply",
    "dcgan-classifier-clipping-adaptive-augment",
    "dcgan-unconstrained-uniform",
    "mlp-classifier-concatenate",
    "conv-stack-clipping",
    "conv-stack-penalty",
    "conv-stack-post-activation-penalty",
    "resnet-penalty",
    "resnet-penalty-layer-norm",
    "resnet-classes-in-batch-norm",
    "acgan-classes-clipping",
    "acgan-classes-penalty",
}


def trained_rows(names: Collection[str], long: Collection[str] = ()) -> pytest.MarkDecorator:
    """One test a row; all tests of a row one after the other in one process, which trains it once.

    Tracing takes seconds.
    """
    return pytest.mark.parametrize(
        "trained",
        [
            pytest.param(
                name, marks=[pytest.mark.xdist_group(name), *[pytest.mark.long] * (name in long)]
            )
            for name in ROWS_BY_NAME
            if name in names
        ],
        indirect=True,
        scope="module",
    )


TRAINED = trained_rows(ROWS_BY_NAME)
# Several processes cost too much for all rows, which `trajectory` follows by hand.
ROW_ELSEWHERE = "dcgan-clipping-batch-norm"
# XLA compiles for seconds: draws of all kinds, batch norm and a penalty are in these.
TRAINED_WITH_XLA = trained_rows(["mlp-penalty-dropout", "dcgan-clipping-batch-norm"])
TRAINED_ELSEWHERE = trained_rows([ROW_ELSEWHERE])
REPOSITORY = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Trained:
    """A run on one device, with a checkpoint after two steps.

    Attributes:
        row: of the table.
        trainer: as far as `steps_of` follows the row.
        checkpoints: folder of the checkpoint.
        variables_at_5: after five steps.
        variables: after all.
        metrics: of all steps.
    """

    row: Row
    trainer: Trainer
    checkpoints: str
    variables_at_5: list[np.ndarray]
    variables: list[np.ndarray]
    metrics: Mapping[str, float]


@pytest.fixture(scope="module")
def trained(
    request: pytest.FixtureRequest, data_dir: str, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    """A row trained on one device."""
    row, folder = ROWS_BY_NAME[request.param], str(tmp_path_factory.mktemp("checkpoints"))
    trainer = one_device_trainer(row.config(), data_dir)
    trainer.advance(2)
    Checkpoints(trainer.state, folder, keep=1).save()
    for steps in (1, 2):
        trainer.advance(steps)
    variables_at_5 = variables(trainer.state)
    trainer.advance(steps_of(row) - 5)
    return Trained(
        row, trainer, folder, variables_at_5, variables(trainer.state), trainer.metrics()
    )


@TRAINED
def test_traces_once(trained: Trained) -> None:
    assert trained.trainer.step == steps_of(trained.row)
    assert trained.trainer._advance.experimental_get_tracing_count() == 1


@TRAINED
def test_goes_on_bit_for_bit(trained: Trained) -> None:
    trainer, step = trained.trainer, trained.trainer.step
    checkpoints = Checkpoints(trainer.state, trained.checkpoints, keep=1)
    trainer.set_augment_probability(0.0)
    checkpoints.restore_newest(log=pytest.fail)
    assert trainer.step == 2
    trainer.advance(3)
    for expected, actual in zip(trained.variables_at_5, variables(trainer.state), strict=True):
        np.testing.assert_array_equal(actual, expected)
    trainer.advance(step - 5)
    for expected, actual in zip(trained.variables, variables(trainer.state), strict=True):
        np.testing.assert_array_equal(actual, expected)


@TRAINED_WITH_XLA
def test_xla_takes_the_same_steps_up_to_rounding(trained: Trained, data_dir: str) -> None:
    compiled = one_device_trainer(trained.row.config(jit_compile="true"), data_dir)
    compiled.advance(5)
    assert compiled._advance.experimental_get_tracing_count() == 1
    for expected, actual in zip(trained.variables_at_5, variables(compiled.state), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


@TRAINED
def test_export_draws_the_same(trained: Trained, data_dir: str, tmp_path: pathlib.Path) -> None:
    config = trained.row.config()
    store = open_data(config, data_dir)
    module = follow_generator(config, trained.trainer.state.average_generator, store.info)()
    loaded = tf.saved_model.load(
        write_saved_model(module, tmp_path / "export", card_of(module.spec))
    )
    arguments = {"n": tf.constant(5), "seed": tf.constant(7, tf.int64)}
    label = 1 if module.spec.num_classes else None
    if label is not None:
        arguments["label"] = tf.constant(label)
    (exported,) = loaded.signatures["sample"](**arguments).values()
    drawn = Sampler.of_module(module).draw(n=5, seed=7, label=label)
    np.testing.assert_array_equal(exported.numpy(), drawn)


def trajectory(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.conformance.trajectory", *arguments]


def kept(path: str) -> list[np.ndarray]:
    """The variables that `trajectory` kept of the row."""
    arrays = np.load(path)
    return [arrays[f"{ROW_ELSEWHERE}/{number}"] for number in range(len(arrays.files))]


@pytest.mark.long
@TRAINED_ELSEWHERE
def test_four_replicas_and_two_workers_agree_with_one_device(
    trained: Trained, data_dir: str, tmp_path: pathlib.Path
) -> None:
    settings = {
        "four replicas": (["--replicas=4"], {}),
        **{
            f"worker {cluster.number}": ([], {"TF_CONFIG": cluster.to_tf_config()})
            for cluster in local_clusters(2)
        },
    }
    processes = {
        name: subprocess.Popen(
            trajectory(data_dir, f"{tmp_path}/{name}.npz", *options, "--rows", ROW_ELSEWHERE),
            cwd=REPOSITORY,
            env={**os.environ, **environment},
        )
        for name, (options, environment) in settings.items()
    }
    try:
        for name, process in processes.items():
            assert process.wait(timeout=250) == 0, name
    finally:
        for process in processes.values():
            process.kill()
    found = {name: kept(f"{tmp_path}/{name}.npz") for name in settings}
    for name, actual in found.items():
        assert_agree(actual, trained.variables, name)
    for first, second in zip(found["worker 0"], found["worker 1"], strict=True):
        np.testing.assert_array_equal(first, second)


@trained_rows(ON_TWO_REPLICAS, long=LONG_ON_TWO_REPLICAS)
def test_two_replicas_agree_with_one_device(
    trained: Trained, data_dir: str, two_replicas: tf.distribute.Strategy
) -> None:
    config = trained.row.config()
    two = make_trainer(config, data_dir, two_replicas)
    two.advance(steps_of(trained.row))
    assert two.metrics() == pytest.approx(trained.metrics, rel=1e-5, abs=1e-6)
    require_equal_replicas(two.state, two_replicas)
    assert_agree(variables(two.state), trained.variables)


def assert_agree(
    actual: Sequence[np.ndarray], expected: Sequence[np.ndarray], message: str = ""
) -> None:
    """Equal to 1e-9: what float64 leaves of its 1e-16 after so many steps of training."""
    for value, wanted in zip(actual, expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-9, err_msg=message)


@pytest.mark.long
@TRAINED_ELSEWHERE
def test_a_run_goes_on_with_another_number_of_replicas(
    trained: Trained,
    data_dir: str,
    two_replicas: tf.distribute.Strategy,
    tmp_path: pathlib.Path,
) -> None:
    config = trained.row.config()
    folder = str(tmp_path / "checkpoints")
    begun = make_trainer(config, data_dir, two_replicas)
    begun.advance(7)
    Checkpoints(begun.state, folder, keep=1).save()
    # What is done after a checkpoint is lost when a run is killed.
    begun.advance(1)
    alone = one_device_trainer(config, data_dir)
    checkpoints = Checkpoints(alone.state, folder, keep=1)
    checkpoints.restore_newest(log=pytest.fail)
    assert alone.step == 7
    alone.advance(6)
    checkpoints.save()
    out = f"{tmp_path}/out.npz"
    subprocess.run(
        trajectory(
            data_dir, out, "--replicas=4", f"--checkpoints={folder}", "--rows", ROW_ELSEWHERE
        ),
        cwd=REPOSITORY,
        check=True,
    )
    assert_agree(kept(out), trained.variables)


@pytest.mark.parametrize("row", [row for row in ROWS if row.has_penalty], ids=lambda row: row.name)
def test_penalty_gradients_equal_central_differences(row: Row, data_dir: str) -> None:
    config = row.config(precision="float64")
    store = open_data(config, data_dir)
    critic = registry.build_critic(config, store.info)
    random = np.random.default_rng(5)
    points = tf.constant(random.normal(size=(3, *store.example_shape)))
    for variable in critic.trainable_variables:
        variable.assign(random.normal(size=variable.shape, scale=0.3))

    def penalty() -> tf.Tensor:
        with masks_from(tf.constant([1, 2], tf.int64), replica=0, replicas=1):
            norms = lipschitz.gradient_norms(
                lambda x: tf.nest.flatten(critic(x, training=True))[0][:, 0], points
            )
        return tf.reduce_sum(lipschitz.PENALTIES[config.lipschitz](norms))

    with tf.GradientTape() as tape:
        value = penalty()
    gradients = tape.gradient(
        value,
        [variable.value for variable in critic.trainable_variables],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    step = 1e-5
    for _ in range(3):
        directions = [random.normal(size=gradient.shape) for gradient in gradients]
        slope = sum(
            float(tf.reduce_sum(gradient * direction))
            for gradient, direction in zip(gradients, directions, strict=True)
        )
        values = []
        for sign in (1, -2, 1):
            for variable, direction in zip(critic.trainable_variables, directions, strict=True):
                variable.assign_add(sign * step * direction)
            values.append(float(penalty()))
        assert slope == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5)


@ROW
def test_config_reads_back_equal(row: Row) -> None:
    config = row.config()
    assert flagfile.from_flagfile(flagfile.to_flagfile(config), "config.flags") == config
