import json
import math
import pathlib
from collections.abc import Callable, Iterable

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.dataset_info import info_of
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.training.checkpoint_folder import CheckpointFolder
from wgan_tf.training.checkpoints import BestCheckpoint, Checkpoints
from wgan_tf.training.state import TrainingState

Randomize = Callable[[Iterable[keras.Variable]], None]
SHAPE = (8, 8, 1)


def variables_of(state: TrainingState) -> list[keras.Variable]:
    return [
        *state.generator.variables,
        *state.critic.variables,
        *state.average_generator.variables,
        *state.generator_optimizer.variables,
        *state.critic_optimizer.variables,
    ]


@pytest.fixture(scope="module")
def state(dcgan_config: Config) -> TrainingState:
    return TrainingState(dcgan_config, info_of(SHAPE))


@pytest.fixture(scope="module")
def other_state(dcgan_config: Config) -> TrainingState:
    return TrainingState(dcgan_config, info_of(SHAPE))


def save(state: TrainingState, folder: pathlib.Path, steps: Iterable[int], keep: int = 9) -> None:
    """Checkpoints whose generator's first variable holds the step's number."""
    checkpoints = Checkpoints(state, str(folder), keep)
    for step in steps:
        state.step.assign(step)
        mark(state, step)
        checkpoints.save()


def mark(state: TrainingState, value: float) -> None:
    variable = state.generator.variables[0]
    variable.assign(np.full(variable.shape, value))


def restore(state: TrainingState, folder: pathlib.Path) -> tuple[int, list[str]]:
    """The restored step, whose mark must be there, and the messages."""
    state.step.assign(0)
    mark(state, 0)
    messages: list[str] = []
    Checkpoints(state, str(folder), keep=9).restore_newest(messages.append)
    step = int(state.step.numpy())
    assert np.all(state.generator.variables[0].numpy() == step)
    return step, messages


def truncate(file: pathlib.Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip_a_bit(file: pathlib.Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def empty(file: pathlib.Path) -> None:
    file.write_bytes(b"")


DAMAGES = [truncate, flip_a_bit, empty, pathlib.Path.unlink]


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_every_variable_comes_back_bit_for_bit(
    optimizer: str, tmp_path: pathlib.Path, randomize: Randomize
) -> None:
    options = {"dcgan_width": 2, "latent_dim": 3, "optimizer": optimizer}
    if optimizer == "rmsprop":
        options |= {"dcgan_critic_norm": "batch", "lipschitz": "weight_clipping"}
    config = Config(dcgan_start_size=2, **options)
    first, second = TrainingState(config, info_of(SHAPE)), TrainingState(config, info_of(SHAPE))
    slots = {"adam": 2, "rmsprop": 1}[optimizer]
    # Besides slots there are the count of updates and the learning rate.
    for variables, network in (
        (first.generator_optimizer.variables, first.generator),
        (first.critic_optimizer.variables, first.critic),
    ):
        assert len(variables) == 2 + slots * len(network.trainable_variables)
    randomize(variable for variable in variables_of(first) if "float" in variable.dtype)
    first.critic_optimizer.iterations.assign(17)
    first.step.assign(12)
    Checkpoints(first, str(tmp_path), 1).save()
    Checkpoints(second, str(tmp_path), 1).restore_newest(pytest.fail)
    assert int(second.step.numpy()) == 12
    for one, two in zip(variables_of(first), variables_of(second), strict=True):
        assert np.array(one.numpy()).tobytes() == np.array(two.numpy()).tobytes(), one.path
    assert int(second.critic_optimizer.iterations.numpy()) == 17


def test_without_a_checkpoint_nothing_changes(state: TrainingState, tmp_path: pathlib.Path) -> None:
    state.step.assign(3)
    Checkpoints(state, str(tmp_path / "none"), 1).restore_newest(pytest.fail)
    assert int(state.step.numpy()) == 3
    assert not (tmp_path / "none").exists()


def test_the_newest_checkpoints_are_kept(state: TrainingState, tmp_path: pathlib.Path) -> None:
    save(state, tmp_path, [5, 10, 15, 20], keep=2)
    kept = {file.stem for file in tmp_path.iterdir() if file.name != "checkpoint"}
    assert kept == {"step-15", "step-20"}


def test_the_newest_is_restored_by_a_new_process(
    state: TrainingState, other_state: TrainingState, tmp_path: pathlib.Path
) -> None:
    save(state, tmp_path, [5, 10, 100])
    assert restore(other_state, tmp_path) == (100, [])


def test_saving_a_step_again_changes_no_file(state: TrainingState, tmp_path: pathlib.Path) -> None:
    save(state, tmp_path, [5])
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    save(state, tmp_path, [])
    checkpoints = Checkpoints(state, str(tmp_path), 2)
    checkpoints.restore_newest(pytest.fail)
    checkpoints.save()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("ending", ["data-00000-of-00001", "index"])
def test_a_damaged_checkpoint_is_told_and_an_older_one_taken(
    damage: Callable[[pathlib.Path], None],
    ending: str,
    state: TrainingState,
    other_state: TrainingState,
    tmp_path: pathlib.Path,
) -> None:
    save(state, tmp_path, [5, 10])
    damage(tmp_path / f"step-10.{ending}")
    step, messages = restore(other_state, tmp_path)
    assert step == 5
    assert len(messages) == 1
    assert str(tmp_path / "step-10") in messages[0]
    assert "\n" not in messages[0]


def test_a_damaged_checkpoint_is_replaced_when_its_step_is_reached_again(
    state: TrainingState, tmp_path: pathlib.Path
) -> None:
    save(state, tmp_path, [5, 10])
    truncate(tmp_path / "step-10.data-00000-of-00001")
    checkpoints = Checkpoints(state, str(tmp_path), keep=9)
    checkpoints.restore_newest(lambda message: None)
    state.step.assign(10)
    mark(state, 10)
    checkpoints.save()
    assert restore(state, tmp_path) == (10, [])


def test_training_on_after_a_damaged_checkpoint_makes_the_newest(
    state: TrainingState, tmp_path: pathlib.Path
) -> None:
    save(state, tmp_path, [5, 10])
    truncate(tmp_path / "step-10.data-00000-of-00001")
    checkpoints = Checkpoints(state, str(tmp_path), keep=9)
    checkpoints.restore_newest(lambda message: None)
    state.step.assign(7)
    mark(state, 7)
    checkpoints.save()
    assert restore(state, tmp_path) == (7, [])


def test_when_all_are_damaged_the_user_is_told(
    state: TrainingState, tmp_path: pathlib.Path
) -> None:
    save(state, tmp_path, [5, 10])
    for step in (5, 10):
        truncate(tmp_path / f"step-{step}.data-00000-of-00001")
    messages: list[str] = []
    with pytest.raises(UserError, match="--workdir") as error:
        Checkpoints(state, str(tmp_path), 2).restore_newest(messages.append)
    assert str(tmp_path) in str(error.value)
    assert all(f"step-{n}" in message for n, message in zip((10, 5), messages, strict=True))


def test_a_checkpoint_of_other_networks_is_not_taken(
    dcgan_config: Config, state: TrainingState, tmp_path: pathlib.Path
) -> None:
    save(state, tmp_path, [5])
    other = TrainingState(Config(dcgan_width=3, latent_dim=3), info_of(SHAPE))
    with pytest.raises(UserError):
        Checkpoints(other, str(tmp_path), 2).restore_newest(lambda message: None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"metric": "fid", "value": "x", "step": 1}'])
def test_a_damaged_record_of_the_best_is_told(
    text: str, state: TrainingState, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "best.json").write_text(text)
    with pytest.raises(UserError, match=r"best\.json cannot be read") as error:
        BestCheckpoint(state, str(tmp_path), "fid")
    assert "\n" not in str(error.value)


def test_a_record_of_the_best_that_is_gone_is_made_again_of_the_metrics(
    state: TrainingState, tmp_path: pathlib.Path
) -> None:
    folder = str(tmp_path / "best")
    state.step.assign(20)
    BestCheckpoint(state, folder, "fid").offer({"fid": 3.0})
    (tmp_path / "best" / "best.json").unlink()
    told = [{"step": 10, "fid": 2.0}, {"step": 20, "fid": 3.0}, {"step": 30, "loss": 1.0}]
    state.step.assign(40)
    BestCheckpoint(state, folder, "fid", told).offer({"fid": 3.5})
    assert CheckpointFolder(folder).steps() == [20]
    record = json.loads((tmp_path / "best" / "best.json").read_text())
    assert record == {"metric": "fid", "value": 3.0, "step": 20}


def test_a_record_without_its_state_counts_for_nothing(
    state: TrainingState, tmp_path: pathlib.Path
) -> None:
    folder = str(tmp_path / "best")
    state.step.assign(20)
    BestCheckpoint(state, folder, "fid").offer({"fid": 3.0})
    for file in (tmp_path / "best").glob("step-*"):
        file.unlink()
    state.step.assign(30)
    BestCheckpoint(state, folder, "fid").offer({"fid": 4.0})
    assert CheckpointFolder(folder).steps() == [30]


def test_the_best_state_is_kept_over_interruptions(
    state: TrainingState, tmp_path: pathlib.Path
) -> None:
    folder = str(tmp_path / "best")
    offers = [(10, 5.0), (20, 3.0), (30, 4.0), (40, math.nan)]
    best = BestCheckpoint(state, folder, "fid")
    for step, value in offers:
        state.step.assign(step)
        best.offer({"fid": value, "kid": -1.0})
    assert CheckpointFolder(folder).newest_step() == 20
    again = BestCheckpoint(state, folder, "fid")
    state.step.assign(50)
    again.offer({"fid": 3.5})
    again.offer({"other": 0.0})
    assert CheckpointFolder(folder).newest_step() == 20
    state.step.assign(60)
    again.offer({"fid": 2.5})
    assert CheckpointFolder(folder).newest_step() == 60
    other = BestCheckpoint(state, folder, "kid")
    state.step.assign(70)
    other.offer({"kid": 9.0})
    assert CheckpointFolder(folder).newest_step() == 70
    assert len(list((tmp_path / "best").glob("step-*.index"))) == 1


@pytest.mark.parametrize("since", [(), ("reported", "rollbacks")], ids=["0.2", "later"])
def test_a_checkpoint_that_holds_less_is_gone_on_from(
    since: tuple[str, ...],
    state: TrainingState,
    other_state: TrainingState,
    tmp_path: pathlib.Path,
) -> None:
    for counter in (state.step, state.reported):
        counter.assign(7)
    other_state.summarized.assign(9)
    mark(state, 5)
    old = tf.train.Checkpoint(
        generator=state.generator,
        critic=state.critic,
        average_generator=state.average_generator,
        generator_optimizer=state.generator_optimizer,
        critic_optimizer=state.critic_optimizer,
        step=state.step,
        **{name: getattr(state, name) for name in since},
    )
    manager = tf.train.CheckpointManager(old, str(tmp_path), 1, checkpoint_name="step")
    manager.save(checkpoint_number=7)
    Checkpoints(other_state, str(tmp_path), keep=1).restore_newest(log=print)
    assert (int(other_state.step), int(other_state.reported)) == (7, 7)
    assert int(other_state.summarized) == 0
    for ours, theirs in zip(variables_of(other_state), variables_of(state), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
