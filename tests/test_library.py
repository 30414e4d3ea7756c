"""The package as a script or a notebook uses it."""

import dataclasses
import pathlib
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import wgan_tf
from wgan_tf import Config, Run, UserError
from wgan_tf.config import fields
from wgan_tf.options import format_value

IMAGES = np.random.default_rng(0).integers(256, size=(60, 8, 8), dtype=np.uint8)
LABELS = np.arange(60) % 3
SMALL: dict[str, Any] = {
    "architecture": "mlp",
    "mlp_generator_units": (8,),
    "mlp_critic_units": (8,),
    "latent_dim": 4,
    "batch_size": 8,
    "critic_steps": 2,
    "steps": 20,
    "summary_every": 10,
    "checkpoint_every": 10,
    "sample_every": 20,
    "steps_per_call": 10,
}


def variables(run: Run) -> dict[str, np.ndarray]:
    reader = tf.train.load_checkpoint(f"{run.workdir}/checkpoints")
    names = reader.get_variable_to_shape_map()
    return {
        name: reader.get_tensor(name)
        for name in names
        if name.endswith("VARIABLE_VALUE") and "save_counter" not in name
    }


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("library")
    return Config(workdir=str(folder / "run"), data_dir=str(folder / "data"), **SMALL)


@pytest.fixture(scope="module")
def run(config: Config) -> Run:
    return wgan_tf.train(config)


def test_importing_the_package_does_not_import_tensorflow() -> None:
    script = "import wgan_tf, sys; wgan_tf.Config(); assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_training_switches_onednn_on_unless_the_caller_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = (
        "import wgan_tf; wgan_tf.train;"
        "from wgan_tf.tensorflow_import import onednn_in_effect; print(onednn_in_effect())"
    )
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    for set_by_user, expected in ((None, "True"), ("0", "False")):
        if set_by_user:
            monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", set_by_user)
        told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
        assert told.stdout.decode().split() == [expected]


def test_a_preset_with_changes(tmp_path: pathlib.Path) -> None:
    preset = pathlib.Path(__file__).parents[1] / "configs/mnist_wgan.flags"
    config = Config.from_flagfile(preset, workdir="runs/mine", conv_stack_critic_filters=[4, 8])
    assert (config.workdir, config.clip_value, config.critic_updates) == (
        *("runs/mine", 0.01, "separate"),
    )
    assert config.conv_stack_critic_filters == (4, 8)
    with pytest.raises(UserError, match=r"epochs is no option.*steps"):
        Config.from_flagfile(preset, epochs=3)
    with pytest.raises(UserError, match=r"absent\.flags cannot be read"):
        Config.from_flagfile(tmp_path / "absent.flags")


@pytest.mark.long
def test_two_runs_in_one_process_are_those_of_the_command_bit_for_bit(
    config: Config, tmp_path: pathlib.Path
) -> None:
    options = {
        field.name: getattr(config, field.name)
        for field in fields()
        if getattr(config, field.name) != field.default
    }
    first, second, of_command = ({**options, "workdir": str(tmp_path / name)} for name in "abc")
    script = f"import wgan_tf; [wgan_tf.train(wgan_tf.Config(**o)) for o in ({first}, {second})]"
    subprocess.run([sys.executable, "-c", script], check=True)
    flags = [f"--{name}={format_value(value)}" for name, value in of_command.items()]
    subprocess.run([sys.executable, "-m", "wgan_tf.main", *flags], check=True)
    expected = variables(Run(tmp_path / "c"))
    for name in "ab":
        here = variables(Run(tmp_path / name))
        assert here.keys() == expected.keys()
        for variable, value in here.items():
            np.testing.assert_array_equal(value, expected[variable], err_msg=variable)


def test_the_critic_is_the_one_that_was_trained(run: Run) -> None:
    critic = run.critic()
    saved = variables(run)
    prefix, suffix = "critic_optimizer/_trainable_variables/", "/.ATTRIBUTES/VARIABLE_VALUE"
    assert sum(name.startswith(prefix) for name in saved) == len(critic.trainable_variables) == 4
    for number, variable in enumerate(critic.trainable_variables):
        np.testing.assert_array_equal(variable.numpy(), saved[f"{prefix}{number}{suffix}"])
    assert critic(tf.zeros([3, 8, 8, 1])).shape == (3, 1)
    earlier = run.critic(checkpoint=10)
    assert not np.array_equal(earlier.trainable_variables[0], critic.trainable_variables[0])


def test_what_a_run_tells_and_draws(run: Run) -> None:
    assert (run.step, run.config.steps) == (20, 20)
    assert [line["step"] for line in run.metrics()] == [10, 20]
    images = run.sample(5, seed=3)
    assert (images.shape, images.dtype) == ((5, 8, 8, 1), np.uint8)
    np.testing.assert_array_equal(run.sample(9, seed=3)[:5], images)
    exported = tf.saved_model.load(run.export())
    drawn = exported.sample(n=tf.constant(5), seed=tf.constant(3, tf.int64))["images"]
    np.testing.assert_array_equal(drawn, images)
    outputs = run.generator()(tf.zeros([2, 4]))
    assert outputs.shape == (2, 8, 8, 1)
    assert "fid_random" in run.evaluate(n=100, eval_features="random")
    assert pathlib.Path(run.report()).is_file()
    shown = run._repr_html_()
    assert "data:image/png;base64," in shown
    assert "wasserstein_estimate" in shown
    assert shown.count("<polyline") >= 3


def test_a_finished_run_is_left_as_it_is_and_a_longer_one_goes_on(run: Run, config: Config) -> None:
    before = variables(run)
    assert variables(wgan_tf.train(config)).keys() == before.keys()
    longer = wgan_tf.train(dataclasses.replace(config, steps=30))
    assert longer.step == 30


def test_arrays_of_the_callers_own_are_trained_on_by_class(
    config: Config, tmp_path: pathlib.Path
) -> None:
    by_class = dataclasses.replace(
        config, workdir=str(tmp_path / "run"), conditional="auxiliary_classifier", export=False
    )
    run = wgan_tf.train(by_class, images=IMAGES, labels=LABELS)
    assert run.sample(4, label=2).shape == (4, 8, 8, 1)
    in_turn = run.sample(6, seed=1)
    for label in range(3):
        same_class = run.sample(6, seed=1, label=label)
        np.testing.assert_array_equal(in_turn[label::3], same_class[label::3])
    with pytest.raises(UserError, match=r"label=3 is no class.*0, 1, 2"):
        run.sample(1, label=3)
    longer = dataclasses.replace(by_class, steps=30)
    assert wgan_tf.train(longer, images=IMAGES, labels=LABELS).step == 30
    with pytest.raises(UserError, match="examples of --dataset have changed"):
        wgan_tf.train(dataclasses.replace(longer, steps=40), images=IMAGES[::-1], labels=LABELS)


def test_a_finite_dataset_is_the_arrays_it_yields(config: Config, tmp_path: pathlib.Path) -> None:
    runs = []
    for name, images in (
        ("array", IMAGES),
        ("dataset", tf.data.Dataset.from_tensor_slices(IMAGES[..., np.newaxis])),
    ):
        own = dataclasses.replace(config, workdir=str(tmp_path / name), export=False, report=False)
        runs.append(variables(wgan_tf.train(own, images=images)))
    for name, value in runs[0].items():
        np.testing.assert_array_equal(value, runs[1][name], err_msg=name)
    endless = tf.data.Dataset.from_tensor_slices(IMAGES).repeat()
    with pytest.raises(UserError, match="never ends"):
        wgan_tf.train(config, images=endless)


@pytest.mark.parametrize(
    ("images", "labels", "told"),
    [
        (IMAGES.astype(np.int64), None, "int64"),
        (IMAGES, LABELS[:-1], "a whole number for each"),
        (IMAGES, LABELS - 1, "from -1 to 1"),
        (IMAGES, LABELS / 2, "float64"),
        (None, LABELS, "without images"),
    ],
)
def test_what_no_run_can_train_on_is_refused(
    images: Any, labels: Any, told: str, config: Config, tmp_path: pathlib.Path
) -> None:
    own = dataclasses.replace(config, workdir=str(tmp_path / "run"))
    with pytest.raises(UserError, match=told):
        wgan_tf.train(own, images=images, labels=labels)


def test_what_is_no_run_is_told(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UserError, match="holds no run"):
        Run(tmp_path)
    with pytest.raises(UserError, match="--workdir is not given"):
        wgan_tf.train(Config())


def least_squares() -> wgan_tf.Objective:
    return wgan_tf.Objective(lambda x: (x - 1) ** 2, lambda x: x**2, lambda x: (x - 1) ** 2)


def zero_centered(norms: tf.Tensor) -> tf.Tensor:
    return norms**2


def own_models() -> dict[str, keras.Model]:
    layers = keras.layers
    return {
        "generator": keras.Sequential(
            [keras.Input((4,)), layers.Dense(64, activation="tanh"), layers.Reshape((8, 8, 1))]
        ),
        "critic": keras.Sequential(
            [keras.Input((8, 8, 1)), layers.Conv2D(2, 3, 2), layers.Flatten(), layers.Dense(1)]
        ),
    }


def test_a_run_of_models_and_functions_of_ones_own_goes_on_bit_for_bit(config: Config) -> None:
    folder = pathlib.Path(config.workdir).parent
    small = {name: value for name, value in SMALL.items() if not name.startswith("mlp_")}
    own = {"objective": least_squares, "penalty": zero_centered, "optimizer": keras.optimizers.Lion}
    options = {**small, "architecture": "dcgan", "data_dir": config.data_dir}
    models = own_models()
    before = models["generator"].get_weights()
    whole = wgan_tf.train(Config(workdir=str(folder / "whole"), **options), **models, **own)
    for value, now in zip(before, models["generator"].get_weights(), strict=True):
        np.testing.assert_array_equal(now, value)
    half = Config(workdir=str(folder / "half"), **{**options, "steps": 10})
    wgan_tf.train(half, **models, **own)
    # Built again, as a script that is started again does: other first values, no longer used.
    rest = wgan_tf.train(dataclasses.replace(half, steps=20), **own_models(), **own)
    for name, value in variables(whole).items():
        np.testing.assert_array_equal(variables(rest)[name], value, err_msg=name)
    np.testing.assert_array_equal(rest.sample(3), whole.sample(3))
    with pytest.raises(UserError, match="generator and critic belong together"):
        wgan_tf.train(config, generator=models["generator"])
    with pytest.raises(UserError, match="--optimizer=adam differs from the run"):
        wgan_tf.train(
            dataclasses.replace(half, steps=30),
            **own_models(),
            objective=least_squares,
            penalty=zero_centered,
        )


def test_arrays_without_a_folder_to_keep_them_in_are_written_nowhere(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="--workdir is not given"):
        wgan_tf.train(Config(**SMALL), images=IMAGES)
    assert not list(tmp_path.iterdir())


def test_numbers_and_options_that_cannot_be_are_refused(run: Run) -> None:
    for n in (0, -1, 2**31, 1.5, "many"):
        with pytest.raises(UserError, match="give a whole number from 1 on"):
            run.sample(n)
    with pytest.raises(UserError, match=r"seed=-1 cannot be"):
        run.sample(1, seed=-1)
    np.testing.assert_array_equal(run.sample(1, seed=2**40), run.sample(2, seed=2**40)[:1])
    with pytest.raises(UserError, match=r"n=99 cannot be; give a whole number from 100 on"):
        run.evaluate(n=99)
    with pytest.raises(UserError, match=r"eval_feature is no option.* or take eval_features"):
        run.evaluate(n=100, eval_feature="random")
    with pytest.raises(UserError, match="--eval_features=pixel is not known"):
        run.evaluate(n=100, eval_features="pixel")
