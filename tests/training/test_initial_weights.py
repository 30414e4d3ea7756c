import dataclasses
import pathlib
import shutil
from collections.abc import Sequence

import keras
import numpy as np
import pytest

from tests.conformance.trajectory import one_device_trainer, variables
from tests.data.helpers import told
from tests.dataset_info import info_of
from wgan_tf import runner
from wgan_tf.config import Config
from wgan_tf.errors import Status
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.trained_generator import restore_critic, restore_generator
from wgan_tf.training.checkpoints import Checkpoints
from wgan_tf.training.initial_weights import pair_in_order, take_initial_weights
from wgan_tf.training.state import TrainingState


@pytest.fixture(scope="module")
def config(dcgan_config: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Of a run of one step on images of 16 pixels."""
    folder = tmp_path_factory.mktemp("first")
    config = dataclasses.replace(
        dcgan_config,
        workdir=str(folder / "run"),
        data_dir=str(folder / "data"),
        image_size=16,
        steps=1,
        sample_every=0,
        precision="float32",
        jit_compile="false",
        strategy="one_device",
        export=False,
        report=False,
    )
    assert runner.train(config) is Status.DONE
    return config


def first_state(config: Config, size: int) -> TrainingState:
    return TrainingState(config, info_of((size, size, 1)))


def weights(network: keras.Model) -> list[np.ndarray]:
    return [variable.numpy() for variable in network.weights]


def assert_equal(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_longest_common_subsequence_is_paired_from_the_beginning() -> None:
    assert pair_in_order("abcbd", "bcd") == [(1, 0), (2, 1), (4, 2)]
    assert pair_in_order("aaa", "aa") == [(0, 0), (1, 1)]
    assert pair_in_order("ab", "cd") == []


def test_equal_networks_are_taken_whole_but_not_optimizers_or_the_step(config: Config) -> None:
    new = config.changed(init_from=config.workdir, workdir="new", seed=5)
    state = first_state(new, 16)
    optimizer = [v.numpy() for v in first_state(new, 16).critic_optimizer.variables]
    said = take_initial_weights(new, state)
    folder = RunFolder(config.workdir)
    assert_equal(weights(state.average_generator), weights(restore_generator(folder)[0]))
    assert_equal(weights(state.critic), weights(restore_critic(folder)[0]))
    assert_equal([v.numpy() for v in state.critic_optimizer.variables], optimizer)
    assert state.step == 0
    assert [line.rpartition(": ")[2] for line in said] == [
        "5 of 5 layers of the generator",
        "3 of 3 layers of the critic",
    ]


def test_a_larger_size_takes_the_layers_that_fit_and_names_the_others(config: Config) -> None:
    new = config.changed(init_from=config.workdir, workdir="new", image_size=32, seed=5)
    state, untouched = first_state(new, 32), first_state(new, 32)
    generator_words, critic_words = take_initial_weights(new, state)
    kept = weights(restore_critic(RunFolder(config.workdir))[0])
    # Two convolutions with their biases; the third and the head are of other shapes.
    assert_equal(weights(state.critic)[:4], kept[:4])
    assert_equal(weights(state.critic)[4:], weights(untouched.critic)[4:])
    assert "2 of 4 layers of the critic; new are conv2d" in critic_words
    assert "3 x 3 x 4 x 8" in critic_words
    kept = weights(restore_generator(RunFolder(config.workdir))[0])
    assert_equal(weights(state.average_generator)[-2:], kept[-2:])
    assert "dense" in generator_words
    assert "at step 1" in generator_words


def test_networks_without_a_common_layer_are_refused(config: Config) -> None:
    new = config.changed(init_from=config.workdir, workdir="new", dcgan_width=3)
    with told(f"--init_from={config.workdir}", "generator", "dense", "3 x 64", "3 x 96"):
        take_initial_weights(new, first_state(new, 16))


def test_a_run_begins_with_the_weights_and_goes_on_without_the_other(
    config: Config, tmp_path: pathlib.Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(config.workdir, other)
    new = config.changed(workdir=str(tmp_path / "unbroken"), init_from=str(other), steps=3, seed=2)
    assert runner.train(new) is Status.DONE
    broken = new.changed(workdir=str(tmp_path / "broken"))
    assert runner.train(broken.changed(steps=2)) is Status.DONE
    shutil.rmtree(other)
    assert runner.train(broken) is Status.DONE
    states = []
    for each in (new, broken, new.changed(init_from="", workdir=str(tmp_path / "fresh"))):
        runner.train(each)
        state = one_device_trainer(each, each.data_dir).state
        Checkpoints(state, RunFolder(each.workdir).checkpoints, keep=1).restore_newest(pytest.fail)
        states.append(variables(state))
    assert_equal(states[0], states[1])
    assert not np.array_equal(states[0][0], states[2][0])
    with told(f"--init_from={other}", "no run"):
        runner.train(new.changed(workdir=str(tmp_path / "late")))
    assert not (tmp_path / "late").exists()
