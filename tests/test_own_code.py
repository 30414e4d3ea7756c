import collections
import pathlib

import keras
import pytest
import tensorflow as tf

import wgan_tf
from wgan_tf import lipschitz, own_code
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.objectives import find_objective
from wgan_tf.training.optimizers import build_optimizer

SOURCE = """
import keras, wgan_tf
calls = []

def squares():
    return wgan_tf.Objective(lambda r: (r - 1) ** 2, lambda g: g ** 2, lambda g: (g - 1) ** 2)

def summed():
    return wgan_tf.Objective(lambda r: r, lambda g: sum(g), lambda g: -g)

def cubed(norms):
    return norms ** 3

def broken(norms):
    return norms.nothing

def momentum(rate):
    return keras.optimizers.SGD(rate, momentum=0.9)

def clipped(rate):
    return keras.optimizers.SGD(rate, clipnorm=1.0)

def fixed(rate):
    return keras.optimizers.SGD(0.5)

def no_optimizer(rate):
    return rate
"""


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    return path


def test_a_file_is_run_once_until_its_text_changes(file: pathlib.Path) -> None:
    first = own_code.load(f"{file}:calls", "--objective")
    assert own_code.load(f"{file}:calls", "--objective") is first
    file.write_text(SOURCE + "\n")
    assert own_code.load(f"{file}:calls", "--objective") is not first


def test_a_digest_is_of_the_text_and_the_name(file: pathlib.Path) -> None:
    def digest(name: str) -> str:
        return own_code.digest(f"{file}:{name}", "--objective")

    first = digest("squares")
    assert digest("squares") == first != digest("summed")
    file.write_text(SOURCE + "\n")
    assert digest("squares") != first


def test_functions_and_classes_are_named_so_that_they_are_found_again() -> None:
    assert own_code.name_of(collections.OrderedDict, "x") == "collections:OrderedDict"
    name = own_code.name_of(keras.optimizers.Lion, "optimizer")
    assert own_code.load(name, "optimizer") is keras.optimizers.Lion
    for nameless in (lambda: 3, keras.optimizers.SGD(0.1)):
        with pytest.raises(UserError, match="has no name by which a run could find it again"):
            own_code.name_of(nameless, "objective")


def test_an_objective_of_the_callers_own(file: pathlib.Path) -> None:
    objective = find_objective(f"{file}:squares")
    assert isinstance(objective, wgan_tf.Objective)
    assert objective.real_loss(tf.constant([3.0])).numpy() == [4.0]
    with pytest.raises(UserError, match=r"generated_loss of .*gives shape \(\) for \(3,\)"):
        find_objective(f"{file}:summed")
    with pytest.raises(UserError, match=r"gives list; return a wgan_tf.Objective"):
        find_objective(f"{file}:calls")
    with pytest.raises(UserError, match="defines no nothing"):
        find_objective(f"{file}:nothing")


def test_a_penalty_of_the_callers_own(file: pathlib.Path) -> None:
    penalty = lipschitz.find_penalty(f"{file}:cubed")
    assert penalty is not None and penalty(tf.constant([2.0])).numpy() == [8.0]
    with pytest.raises(UserError, match=r"fails \(AttributeError.*line \d+\); mend it"):
        lipschitz.find_penalty(f"{file}:broken")


def test_a_penalty_of_the_callers_own_has_its_weight(file: pathlib.Path) -> None:
    Config(workdir="unused", lipschitz=f"{file}:cubed", penalty_weight=2.0)
    with pytest.raises(UserError, match="--critic_updates=separate does not go with"):
        Config(workdir="unused", lipschitz=f"{file}:cubed", critic_updates="separate")


def test_an_optimizer_of_the_callers_own(file: pathlib.Path) -> None:
    def build(name: str) -> keras.Optimizer:
        config = Config(workdir="unused", optimizer=name)
        return build_optimizer(config, 1e-2, [keras.Variable(tf.ones(2))])

    assert build(f"{file}:momentum").get_config()["momentum"] == 0.9
    assert isinstance(build("keras.optimizers:Lion"), keras.optimizers.Lion)
    for name, words in (
        ("clipped", "has clipnorm, which is not the same on several replicas"),
        ("fixed", "has the learning rate 0.5 where it was given 0.01"),
        ("no_optimizer", "gives float; return a keras.Optimizer"),
    ):
        with pytest.raises(UserError, match=words):
            build(f"{file}:{name}")
    with pytest.raises(UserError, match=r"--beta_1=0.9 has no effect with --optimizer="):
        Config(workdir="unused", optimizer=f"{file}:momentum", beta_1=0.9)
