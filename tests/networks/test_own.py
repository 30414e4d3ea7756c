import dataclasses
import pathlib
import random
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.networks import keras_files, own, registry
from wgan_tf.networks.graph import layers_within
from wgan_tf.run_folder import RunFolder

INFO = DatasetInfo((4, 4, 1), 10, ("a", "b"))
SOURCE = """
import keras
L = keras.layers

def build_generator(config, info):
    latent = keras.Input((config.latent_dim,))
    x = L.Reshape(info.example_shape)(L.Dense(16)(latent))
    return keras.Model(latent, L.Activation("tanh", dtype="float32")(x))

def build_critic(config, info):
    assert info.num_classes == 0
    image = keras.Input(info.example_shape)
    return keras.Model(image, L.Dense(1, dtype="float32")(L.Flatten()(L.Conv2D(2, 3)(image))))
"""


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "pair.py"
    path.write_text(SOURCE)
    return path


def config(architecture: object, **changes: Any) -> Config:
    return Config(workdir="unused", architecture=str(architecture), latent_dim=3, **changes)


def models(filters: int = 2, *, dtype: str = "float32") -> tuple[keras.Model, keras.Model]:
    generator = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(16, activation="tanh", dtype=dtype),
            keras.layers.Reshape((4, 4, 1), dtype="float32"),
        ]
    )
    image = keras.Input((4, 4, 1))
    features = keras.layers.Flatten()(keras.layers.Conv2D(filters, 3, dtype=dtype)(image))
    return generator, keras.Model(image, keras.layers.Dense(1, dtype="float32")(features))


def saved(folder: pathlib.Path, *pair: keras.Model) -> str:
    keras_files.write_pair(str(folder), *pair or models())
    return str(folder)


def test_first_values_follow_the_seed_and_nothing_else(file: pathlib.Path) -> None:
    def weights(seed: int) -> list[np.ndarray]:
        return registry.build_critic(config(file, seed=seed), INFO).get_weights()

    first = weights(1)
    state = random.getstate()
    np.random.seed(5)
    again, other = weights(1), weights(2)
    assert random.getstate() == state
    for value, same, different in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(same, value)
        assert not value.any() or np.any(different != value)


@pytest.mark.parametrize(
    ("precision", "computes"),
    [
        ("float32", {"float32"}),
        ("bfloat16", {"bfloat16", "float32"}),
        ("float64", {"float64"}),
    ],
)
def test_layers_take_the_precision_of_the_run(
    file: pathlib.Path, precision: str, computes: set[str]
) -> None:
    given = config(file, precision=precision)
    critic = registry.build_critic(given, INFO)
    layers = [x for x in layers_within(critic) if not isinstance(x, keras.layers.InputLayer)]
    assert {layer.compute_dtype for layer in layers} == computes
    average = registry.build_average_generator(given, INFO)
    exact = "float64" if precision == "float64" else "float32"
    assert {layer.compute_dtype for layer in layers_within(average)} == {exact}
    assert keras.config.dtype_policy().name == keras.config.floatx() == "float32"


def test_models_in_a_folder_begin_with_their_weights(tmp_path: pathlib.Path) -> None:
    generator, critic = models()
    given = config(saved(tmp_path / "nets", generator, critic))
    for model, built in (
        (generator, registry.build_generator(given, INFO)),
        (generator, registry.build_average_generator(given, INFO)),
        (critic, registry.build_critic(given, INFO)),
    ):
        for value, own_value in zip(model.get_weights(), built.get_weights(), strict=True):
            np.testing.assert_array_equal(own_value, value)


def test_the_digest_is_of_the_layers_and_not_of_names_or_weights(tmp_path: pathlib.Path) -> None:
    digests = [
        keras_files.digest(saved(tmp_path / name, *models(filters)))
        for name, filters in (("first", 2), ("again", 2), ("other", 3))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_models_of_another_precision_than_the_run_are_refused(tmp_path: pathlib.Path) -> None:
    mixed = saved(tmp_path / "mixed", *models(dtype="mixed_bfloat16"))
    with pytest.raises(UserError, match=r"layers of mixed_bfloat16.*take --precision=bfloat16"):
        registry.build_critic(config(mixed), INFO)
    registry.build_critic(config(mixed, precision="bfloat16"), INFO)
    with pytest.raises(UserError, match=r"no layer of mixed_bfloat16.*--precision=bfloat16"):
        registry.build_critic(config(saved(tmp_path / "plain"), precision="bfloat16"), INFO)


WRONG: Mapping[str, tuple[str, str, str]] = {
    "score": (
        "Dense(1, dtype",
        "Dense(2, dtype",
        r"The critic gives float32 \[B, 2\], but it needs the score float \[B, 1\]",
    ),
    "latent": ("config.latent_dim", "9", r"The generator takes float32 \[B, 9\].*latent float"),
    "shape": ("L.Reshape(info.example_shape)", "L.Reshape((2, 8, 1))", r"gives float32 \[B, 2, 8"),
    "failure": ("L.Conv2D(2, 3)", "L.Conv2D(2, 9)", r"build_critic of .* fails \(ValueError"),
    "nothing": ("return keras.Model(image", "keras.Model(image", "is NoneType and shows no graph"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_told(file: pathlib.Path, name: str) -> None:
    old, new, words = WRONG[name]
    file.write_text(SOURCE.replace(old, new))
    with pytest.raises(UserError, match=words):
        registry.build_generator(config(file), INFO)
        registry.build_critic(config(file), INFO)


def test_scores_in_bfloat16_are_refused(file: pathlib.Path) -> None:
    file.write_text(SOURCE.replace('L.Dense(1, dtype="float32")', "L.Dense(1)"))
    with pytest.raises(UserError, match=r'the score in bfloat16.*dtype="float32"'):
        registry.build_critic(config(file, precision="bfloat16"), INFO)


def test_what_is_not_there_is_told(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for architecture, words in (
        (tmp_path / "none.py", "cannot be read"),
        (f"{tmp_path}/folder", "no folder with generator.keras"),
        ("no_such_package.pair", "cannot be imported"),
    ):
        with pytest.raises(UserError, match=words):
            registry.check(config(architecture), INFO)
    file.write_text(SOURCE.replace("build_critic", "critic"))
    with pytest.raises(UserError, match=r"defines no build_critic\(config, info\)"):
        registry.check(config(file), INFO)


def test_a_layer_of_a_script_is_not_found_by_another_process(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mine(keras.layers.Dense):
        pass

    monkeypatch.setattr(Mine, "__module__", "no_such_module")
    image = keras.Input((4, 4, 1))
    critic = keras.Model(image, Mine(1)(keras.layers.Flatten()(image)))
    folder = saved(tmp_path / "nets", models()[0], critic)
    with pytest.raises(UserError, match="a layer Mine of the module no_such_module"):
        registry.build_critic(config(folder), INFO)


def test_a_run_names_no_passing_folder_where_it_refuses_models(tmp_path: pathlib.Path) -> None:
    begun = config(saved(tmp_path / "first"), precision="float32")
    folder = RunFolder(str(tmp_path / "run"))
    folder.write(begun, INFO)
    folder.check_same_run(begun)
    passing = saved(tmp_path / "passing", *models(filters=3))
    with pytest.raises(UserError, match=r"not what the run in .* began with") as refusal:
        folder.check_same_run(dataclasses.replace(begun, architecture=passing))
    assert passing not in str(refusal.value)
    assert f"go on with --architecture={folder.own}" in str(refusal.value)


def test_two_files_of_one_name_are_not_kept_over_each_other(
    file: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    kept = own.keep_own(str(file), f"{tmp_path}/own")
    assert pathlib.Path(kept).read_text() == SOURCE
    other = tmp_path / "elsewhere" / "pair.py"
    other.parent.mkdir()
    other.write_text("loss = 1")
    with pytest.raises(UserError, match=r"different files called pair.py"):
        own.keep_own(f"{other}:loss", f"{tmp_path}/own")
