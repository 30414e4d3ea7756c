import dataclasses
import json
import pathlib
from typing import Any

import pytest

from wgan_tf import run_folder
from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.run_folder import RunFolder
from wgan_tf.tensorflow_import import onednn_in_effect, recorded_onednn

INFO = DatasetInfo(
    example_shape=(8, 8, 1),
    num_examples=1797,
    class_names=("T-shirt, top", "été"),
    digest="ab12",
    class_counts=(1790, 7),
)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> RunFolder:
    return RunFolder(str(tmp_path / "my run"))


@pytest.fixture
def config(folder: RunFolder) -> Config:
    return Config(
        workdir=folder.path,
        classes=("a,b", "c"),
        critic_learning_rate=4e-4,
        seed=3,
        precision="float32",
        jit_compile="false",
        fused_updates="true",
        subpixel_convolutions="true",
    )


def test_files_are_where_others_look_for_them(folder: RunFolder, config: Config) -> None:
    assert not folder.exists()
    folder.write(config, INFO)
    assert folder.exists()
    root = pathlib.Path(folder.path)
    assert {file.name for file in root.iterdir()} == {"config.flags", "dataset.json"}
    assert "--critic_learning_rate=0.0004\n" in (root / "config.flags").read_text()
    assert folder.checkpoints == str(root / "checkpoints")
    assert folder.exports == str(root / "export")


def test_a_configuration_reads_back_equal(folder: RunFolder, config: Config) -> None:
    folder.write(config, INFO)
    assert folder.read_config() == config


def test_a_moved_run_is_where_it_is_now(
    folder: RunFolder, config: Config, tmp_path: pathlib.Path
) -> None:
    folder.write(config, INFO)
    moved = pathlib.Path(folder.path).rename(tmp_path / "moved")
    read = RunFolder(str(moved)).read_config()
    assert read == dataclasses.replace(config, workdir=str(moved))
    RunFolder(str(moved)).check_same_run(read)


def test_a_run_of_a_version_with_other_steps_is_refused(folder: RunFolder, config: Config) -> None:
    folder.write(config, INFO)
    folder.check_same_run(config)
    file = pathlib.Path(folder.dataset_file)
    entries = json.loads(file.read_text())
    for version in (None, 1, 99):
        entries["trajectory_version"] = version
        file.write_text(json.dumps({k: v for k, v in entries.items() if v is not None}))
        with pytest.raises(UserError, match=r"another --workdir") as told:
            folder.check_same_run(config)
        assert "CHANGELOG.md" in str(told.value)
    assert folder.read_info() == INFO


def test_a_run_goes_on_with_the_kernels_that_it_was_begun_with(
    folder: RunFolder, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_effect = onednn_in_effect()
    folder.write(config, INFO)
    assert recorded_onednn(folder.dataset_file) is in_effect
    folder.check_same_run(config)
    monkeypatch.setattr(run_folder, "onednn_in_effect", lambda: not in_effect)
    asked_for = f"TF_ENABLE_ONEDNN_OPTS={int(in_effect)} before TensorFlow is imported"
    with pytest.raises(UserError, match=asked_for):
        folder.check_same_run(config)


def test_what_is_left_to_be_measured_is_as_the_run_has_it(
    folder: RunFolder, config: Config
) -> None:
    is_open = dataclasses.replace(
        config,
        precision="auto",
        jit_compile="auto",
        fused_updates="auto",
        subpixel_convolutions="auto",
    )
    is_measured = dataclasses.replace(config, precision="bfloat16", jit_compile="true")
    assert folder.adopt(is_open) == is_open
    folder.write(is_measured, INFO)
    folder.check_same_run(is_open)
    assert folder.adopt(is_open) == is_measured
    with pytest.raises(UserError, match="--precision=float32 differs"):
        folder.check_same_run(config)


def test_a_run_from_before_anything_was_measured_goes_on_without_xla(
    folder: RunFolder, config: Config
) -> None:
    folder.write(dataclasses.replace(config, precision="bfloat16"), INFO)
    file = pathlib.Path(folder.config_file)
    added = ("jit_compile", "fused_updates", "subpixel_convolutions")
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line for line in lines if not any(name in line for name in added)))
    adopted = folder.adopt(
        dataclasses.replace(
            config,
            precision="auto",
            jit_compile="auto",
            fused_updates="auto",
            subpixel_convolutions="auto",
        )
    )
    assert (adopted.precision, adopted.jit_compile) == ("bfloat16", "false")
    assert (adopted.fused_updates, adopted.subpixel_convolutions) == ("false", "false")


def test_a_run_that_does_not_say_its_kernels_goes_on_with_any(
    folder: RunFolder, config: Config
) -> None:
    assert recorded_onednn(folder.dataset_file) is True
    folder.write(config, INFO)
    file = pathlib.Path(folder.dataset_file)
    entries = json.loads(file.read_text())
    del entries["onednn"]
    file.write_text(json.dumps(entries))
    folder.check_same_run(config)
    assert recorded_onednn(folder.dataset_file) is None


@pytest.mark.parametrize(
    "info",
    [
        INFO,
        dataclasses.replace(INFO, class_names=None, class_counts=None),
        DatasetInfo(example_shape=(2,), num_examples=100_000, class_names=(), digest=""),
    ],
)
def test_what_it_is_trained_on_reads_back_equal(
    info: DatasetInfo, folder: RunFolder, config: Config
) -> None:
    folder.write(config, info)
    assert folder.read_info() == info
    json.loads(pathlib.Path(folder.dataset_file).read_text())


def test_a_folder_without_a_run_is_named(folder: RunFolder) -> None:
    with pytest.raises(UserError) as error:
        folder.read_config()
    assert f"--workdir={folder.path}" in str(error.value)


def test_where_no_run_is_any_may_begin(folder: RunFolder, config: Config) -> None:
    folder.check_same_run(config)
    folder.check_same_data(INFO)


@pytest.mark.parametrize(
    ("option", "value", "saved", "given"),
    [
        ("latent_dim", 5, "128", "5"),
        ("critic_learning_rate", 1e-4, "0.0004", "0.0001"),
        ("classes", ("a", "b"), '"a,b",c', "a,b"),
        ("critic_warmup", True, "false", "true"),
        ("architecture", "mlp", "dcgan", "mlp"),
    ],
)
def test_a_changed_option_is_refused_with_both_values(
    option: str, value: Any, saved: str, given: str, folder: RunFolder, config: Config
) -> None:
    folder.write(config, INFO)
    with pytest.raises(UserError) as error:
        folder.check_same_run(dataclasses.replace(config, **{option: value}))
    assert f"--{option}={given} " in str(error.value)
    assert f"--{option}={saved};" in str(error.value)


def test_what_does_not_shape_the_run_may_change(folder: RunFolder, config: Config) -> None:
    folder.write(config, INFO)
    folder.check_same_run(dataclasses.replace(config, steps=7, sample_every=1, strategy="mirrored"))


def test_changed_data_are_refused(folder: RunFolder, config: Config) -> None:
    folder.write(config, INFO)
    folder.check_same_data(dataclasses.replace(INFO, class_names=None))
    with pytest.raises(UserError, match="--dataset"):
        folder.check_same_data(dataclasses.replace(INFO, digest="cd34"))


def test_vertex_ai_says_where_things_go() -> None:
    environment = {
        "AIP_CHECKPOINT_DIR": "gs://bucket/run/checkpoints/",
        "AIP_TENSORBOARD_LOG_DIR": "gs://bucket/run/logs/",
        "AIP_MODEL_DIR": "gs://bucket/run/model/",
    }
    folder = RunFolder.from_environment("gs://bucket/run", environment)
    assert folder.checkpoints == RunFolder("gs://bucket/run").checkpoints
    assert folder.tensorboard == "gs://bucket/run/logs"
    assert folder.published_model == "gs://bucket/run/model"
    assert folder.exports == "gs://bucket/run/export"


def test_without_vertex_ai_everything_is_in_the_folder() -> None:
    folder = RunFolder.from_environment("run", {"AIP_MODEL_DIR": ""})
    assert folder == RunFolder("run")
    assert folder.tensorboard == "run/tensorboard"
    assert folder.published_model is None


def test_learning_rates_change_on_purpose_alone(folder: RunFolder, config: Config) -> None:
    folder.write(config, INFO)
    lower = dataclasses.replace(config, critic_learning_rate=1e-4)
    with pytest.raises(UserError, match="--accept_changes"):
        folder.check_same_run(lower)
    folder.check_same_run(lower, accept_changes=True)
    with pytest.raises(UserError) as error:
        folder.check_same_run(dataclasses.replace(lower, seed=4), accept_changes=True)
    assert "--seed=4" in str(error.value)
    assert "--accept_changes" not in str(error.value)


def test_changes_on_purpose_are_recorded(folder: RunFolder, config: Config) -> None:
    folder.write(config, INFO)
    file = pathlib.Path(folder.changes_file)
    folder.record_changes(dataclasses.replace(config, steps=7), 10)
    assert not file.exists()
    for step, rate in ((20, 1e-4), (30, 1e-5)):
        changed = dataclasses.replace(config, critic_learning_rate=rate)
        folder.record_changes(changed, step)
        folder.write(changed, INFO)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(x["step"], x["option"], x["from"], x["to"]) for x in lines] == [
        (20, "critic_learning_rate", 4e-4, 1e-4),
        (30, "critic_learning_rate", 1e-4, 1e-5),
    ]
    assert all(line["time"].startswith("2") for line in lines)


@pytest.fixture
def own(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "mine.py"
    path.write_text("def loss(): ...\n")
    return path


def test_a_run_keeps_code_of_the_callers_own_wherever_it_is_moved(
    folder: RunFolder, config: Config, own: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    begun = dataclasses.replace(
        config,
        architecture=str(own),
        objective=f"{own}:loss",
        subpixel_convolutions="auto",
    )
    folder.write(begun, INFO)
    assert (pathlib.Path(folder.path) / "own" / "mine.py").read_text() == own.read_text()
    written = folder.read_config()
    assert folder.adopt(begun) == written
    moved = RunFolder(str(pathlib.Path(folder.path).rename(tmp_path / "moved")))
    own.unlink()
    # As its flagfile has it, with the folder named anew.
    given = dataclasses.replace(written, workdir=moved.path)
    moved.check_same_run(given)
    adopted = moved.adopt(given)
    assert adopted == moved.read_config()
    assert (adopted.architecture, adopted.objective) == (
        f"{moved.path}/own/mine.py",
        f"{moved.path}/own/mine.py:loss",
    )


def test_a_run_does_not_go_on_with_other_code(
    folder: RunFolder, config: Config, own: pathlib.Path
) -> None:
    begun = dataclasses.replace(config, objective=f"{own}:loss")
    folder.write(begun, INFO)
    folder.check_same_run(begun)
    own.write_text("def loss(): return 1\n")
    with pytest.raises(UserError, match=r"is not what the run in .* began with"):
        folder.check_same_run(begun)
    (pathlib.Path(folder.path) / "own" / "mine.py").write_text("def loss(): return 1\n")
    with pytest.raises(UserError, match=r"has changed since the run in .* began"):
        folder.check_same_run(folder.read_config())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'{"example_shape": [8, 8, 1]',
        b'{"example_shape": [8, 8, 1]}',
        b'{"example_shape": 8, "num_examples": 9, "class_names": null, "digest": "a"}',
        b'{"example_shape": ["x"], "num_examples": 9, "class_names": null, "digest": "a"}',
        b'{"example_shape": [8], "num_examples": null, "class_names": null, "digest": "a"}',
        b'{"example_shape": [8], "num_examples": 9, "class_names": 3, "digest": "a"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_damage_to_what_a_run_is_trained_on_is_told(
    folder: RunFolder, config: Config, content: bytes
) -> None:
    folder.write(config, INFO)
    pathlib.Path(folder.dataset_file).write_bytes(content)
    with pytest.raises(UserError, match=r"dataset\.json cannot be read, .*; bring it back"):
        folder.read_info()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"--seed=\xff\n", "config.flags cannot be read"),
        (b"--seed=1\n--bogus=2\n", "has the line '--bogus=2'"),
        (b"--seed=many\n", "--seed=many does not fit"),
        (b"--batch_size=0\n", "In .*config.flags, --batch_size=0 is out of range"),
    ],
)
def test_damage_to_a_run_s_configuration_is_told(
    folder: RunFolder, config: Config, content: bytes, told: str
) -> None:
    folder.write(config, INFO)
    pathlib.Path(folder.config_file).write_bytes(content)
    with pytest.raises(UserError, match=told):
        folder.read_config()
