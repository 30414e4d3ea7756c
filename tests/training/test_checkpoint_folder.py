import contextlib
import pathlib
from collections.abc import Callable

import pytest
import tensorflow as tf

from wgan_tf.errors import UserError
from wgan_tf.training.checkpoint_folder import CheckpointFolder


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def state() -> tf.train.Checkpoint:
    return tf.train.Checkpoint(value=tf.Variable(0))


def write(state: tf.train.Checkpoint, path: pathlib.Path, *steps: int, keep: int = 9) -> None:
    for step in steps:
        state.value.assign(step)
        CheckpointFolder(str(path)).write(state, step, keep)


def restored(state: tf.train.Checkpoint, path: pathlib.Path) -> int | None:
    """The newest step that can be read, whose value must be its own."""
    found = CheckpointFolder(str(path)).restore_newest(
        lambda path: state.read(path).assert_consumed(), lambda message: None
    )
    assert found is None or int(state.value) == found
    return found


def names(path: pathlib.Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*")}


@pytest.mark.parametrize("other", ["run1", "run", "r"])
@pytest.mark.parametrize("name", ["run?", "run*", "[r]un1", "r[!x]n1", "*", "run\\\\1"])
def test_a_folder_whose_name_is_a_pattern_leaves_others_alone(
    name: str, other: str, state: tf.train.Checkpoint, tmp_path: pathlib.Path
) -> None:
    write(state, tmp_path / other, 1, 2, 3)
    before = names(tmp_path / other)
    write(state, tmp_path / name, 1, 2, 3, 4, keep=1)
    assert names(tmp_path / other) == before
    assert CheckpointFolder(str(tmp_path / name)).steps() == [4]


def test_the_layout_is_that_of_tensorflow(
    state: tf.train.Checkpoint, tmp_path: pathlib.Path
) -> None:
    write(state, tmp_path, 5, 10, 100, keep=2)
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "step-100")
    listed = tf.train.get_checkpoint_state(str(tmp_path))
    assert listed.all_model_checkpoint_paths == [
        str(tmp_path / "step-10"),
        str(tmp_path / "step-100"),
    ]
    files = {f"step-{n}.{e}" for n in (10, 100) for e in ("index", "data-00000-of-00001")}
    assert names(tmp_path) == {"checkpoint", *files}


def test_what_the_list_says_counts_for_nothing(
    state: tf.train.Checkpoint, tmp_path: pathlib.Path
) -> None:
    write(state, tmp_path, 5, 10)
    file = tmp_path / "checkpoint"
    for text in ("", "model_checkpoint_pa", "\x00\xff", 'model_checkpoint_path: "step-5"\n'):
        file.write_text(text)
        assert restored(state, tmp_path) == 10
    file.unlink()
    assert restored(state, tmp_path) == 10
    assert CheckpointFolder(str(tmp_path)).newest_step() == 10


def test_files_of_other_names_are_left_alone(
    state: tf.train.Checkpoint, tmp_path: pathlib.Path
) -> None:
    tmp_path.joinpath("step-").mkdir()
    for name in ("step-7.txt", "step-007.index", "other-7.index", "step-7.index.bak"):
        (tmp_path / name).touch()
    before = names(tmp_path)
    write(state, tmp_path, 8, 9, keep=1)
    assert before < names(tmp_path)
    assert CheckpointFolder(str(tmp_path)).steps() == [9]


def test_later_checkpoints_go_when_an_earlier_step_is_saved(
    state: tf.train.Checkpoint, tmp_path: pathlib.Path
) -> None:
    write(state, tmp_path, 5, 10, 7)
    assert CheckpointFolder(str(tmp_path)).steps() == [5, 7]


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Ends the process, as it were, before the n-th change of a folder's files from now on."""

    def at(count: int) -> None:
        left = iter(range(count))

        def killing(change: Callable[..., None]) -> Callable[..., None]:
            def changed(*arguments: object, **options: object) -> None:
                if next(left, None) is None:
                    raise Killed
                change(*arguments, **options)

            return changed

        for name in ("makedirs", "rename", "remove", "rmtree"):
            monkeypatch.setattr(tf.io.gfile, name, killing(getattr(tf.io.gfile, name)))

    return at


@pytest.mark.parametrize("moment", range(12))
def test_a_kill_at_any_moment_loses_no_checkpoint_and_leaves_nothing_for_long(
    moment: int,
    state: tf.train.Checkpoint,
    tmp_path: pathlib.Path,
    kill_at: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    write(state, broken, 5, 10, keep=2)
    kill_at(moment)
    with contextlib.suppress(Killed):
        write(state, broken, 15, keep=2)
    monkeypatch.undo()
    assert restored(state, broken) in (10, 15)
    write(state, broken, 15, keep=2)
    write(state, whole, 5, 10, 15, keep=2)
    assert names(broken) == names(whole)
    assert restored(state, broken) == 15


def test_a_checkpoint_with_a_flipped_bit_is_not_read(
    state: tf.train.Checkpoint, tmp_path: pathlib.Path
) -> None:
    write(state, tmp_path, 5)
    folder = CheckpointFolder(str(tmp_path))
    assert folder.read(5) == {"value/.ATTRIBUTES/VARIABLE_VALUE": 5}
    assert folder.read(6) is None
    data = tmp_path / "step-5.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[0] ^= 1
    data.write_bytes(content)
    assert folder.read(5) is None
    with pytest.raises(UserError, match="None of the checkpoints"):
        restored(state, tmp_path)


@pytest.mark.parametrize("stops", [[], [3], [7, 12], [11, 14, 19], [21]])
def test_checkpoints_of_stops_leave_the_others_as_they_would_be(
    stops: list[int], state: tf.train.Checkpoint, tmp_path: pathlib.Path
) -> None:
    for step in sorted([0, 5, 10, 15, 20, 22, *stops]):
        CheckpointFolder(str(tmp_path)).write(state, step, keep=3, every=5)
    assert CheckpointFolder(str(tmp_path)).steps() == [15, 20, 22]
    CheckpointFolder(str(tmp_path)).write(state, 23, keep=3, every=0)
    assert CheckpointFolder(str(tmp_path)).steps() == [23]
