import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.untrained import card_of
from wgan_tf.errors import ExportError
from wgan_tf.pixels import PixelScale
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.model_card import ModelCard
from wgan_tf.serving.saved_model import _unfinished_folder, read_model_card, write_saved_model
from wgan_tf.serving.served_module import ImageModule, PointModule, ServedModule

CONSUMER = """
import sys
sys.modules["wgan_tf"] = sys.modules["keras"] = None
import numpy as np
import tensorflow as tf
try:
    import wgan_tf
except ImportError:
    pass
else:
    raise AssertionError("wgan_tf is importable")
path, seed, result, *labels = sys.argv[1:]
model = tf.saved_model.load(path)
seeded = {"n": tf.constant(20), "seed": tf.constant(int(seed), tf.int64)}
given = {"latent": tf.reshape(tf.linspace(-1.0, 1.0, 15), [3, 5])}
if labels:
    seeded["label"] = tf.constant(int(labels[0]))
    given["label"] = tf.fill([3], int(labels[0]))
signatures = model.signatures
images = signatures["sample"](**seeded)["images"]
pngs = signatures["sample_png"](**seeded)["png_bytes"]
floats = signatures["serving_default"](**given)["images"]
decoded = np.stack([tf.io.decode_png(png).numpy() for png in pngs])
np.savez(result, images=images, decoded=decoded, floats=floats)
"""


class Scaled(tf.Module):
    """Maps [latents [N, 5]] to points [N, 5]."""

    def __init__(self, factor: float, noise: float) -> None:
        super().__init__()
        self.factor = tf.Variable(factor)
        self.noise = noise

    def __call__(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        (latent,) = inputs
        return latent * self.factor + self.noise * tf.random.normal(tf.shape(latent))


POINTS = GeneratorSpec((5,), 5, "normal")


def scaled_module(factor: float, noise: float = 0.0) -> PointModule:
    return PointModule(Scaled(factor, noise), POINTS)


def exported(module: ServedModule, path: Path) -> tf.Module:
    return tf.saved_model.load(write_saved_model(module, path, card_of(module.spec)))


@pytest.mark.parametrize("labels", [[], [2]], ids=["unconditional", "conditional"])
def test_a_process_with_tensorflow_alone_gets_the_same_pictures(
    labels: list[int], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    kind = "conditional" if labels else "image"
    module = request.getfixturevalue(f"{kind}_module")
    generator = request.getfixturevalue(f"{kind}_generator")
    card = card_of(module.spec)
    version = write_saved_model(module, tmp_path / "export", card)
    assert version == f"{tmp_path}/export/1"
    assert ModelCard.read(version) == card

    result = tmp_path / "result.npz"
    arguments = [version, str(2**40), str(result), *map(str, labels)]
    subprocess.run([sys.executable, "-I", "-c", CONSUMER, *arguments], cwd=tmp_path, check=True)
    with np.load(result) as consumed:
        images = module.sample(20, 2**40, *labels)["images"]
        np.testing.assert_array_equal(consumed["images"], images)
        np.testing.assert_array_equal(consumed["decoded"], images)
        latent = np.linspace(-1, 1, 15, dtype=np.float32).reshape(3, 5)
        inputs = [latent, *(np.full(3, label, np.int32) for label in labels)]
        floats = (generator(inputs, training=False) + 1) / 2
        np.testing.assert_allclose(consumed["floats"], floats, atol=1e-6)


def test_signatures_have_the_promised_names_and_types(
    image_module: ImageModule, tmp_path: Path
) -> None:
    model = tf.saved_model.load(
        write_saved_model(image_module, tmp_path, card_of(image_module.spec))
    )
    described = {
        name: (
            {key: (spec.dtype, spec.shape.as_list()) for key, spec in inputs.items()},
            {key: (spec.dtype, spec.shape.as_list()) for key, spec in outputs.items()},
        )
        for name, function in model.signatures.items()
        for inputs, outputs in [
            (function.structured_input_signature[1], function.structured_outputs)
        ]
    }
    seeded = {"n": (tf.int32, []), "seed": (tf.int64, [])}
    assert described == {
        "serving_default": (
            {"latent": (tf.float32, [None, 5])},
            {"images": (tf.float32, [None, 6, 6, 3])},
        ),
        "sample": (seeded, {"images": (tf.uint8, [None, 6, 6, 3])}),
        "sample_png": (seeded, {"png_bytes": (tf.string, [None])}),
    }
    with pytest.raises(tf.errors.InvalidArgumentError, match="n must be between 1 and 10000"):
        model.signatures["sample"](n=tf.constant(0), seed=tf.constant(0, tf.int64))


def test_a_session_gets_the_same_pictures_as_tensorflow_serving_runs_it(
    conditional_module: ImageModule, tmp_path: Path
) -> None:
    path = write_saved_model(conditional_module, tmp_path, card_of(conditional_module.spec))
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        model = tf.compat.v1.saved_model.load(session, ["serve"], path)
        signature = model.signature_def["sample"]
        given = {"n": 20, "seed": 2**40, "label": 3}
        feed = {signature.inputs[name].name: value for name, value in given.items()}
        images = session.run(signature.outputs["images"].name, feed)
    np.testing.assert_array_equal(images, conditional_module.sample(20, 2**40, 3)["images"])


def test_a_conditional_model_takes_labels_and_tells_mistakes(
    conditional_module: ImageModule, tmp_path: Path
) -> None:
    model = tf.saved_model.load(
        write_saved_model(conditional_module, tmp_path, card_of(conditional_module.spec))
    )
    inputs = {
        name: {
            key: (spec.dtype, spec.shape.as_list())
            for key, spec in function.structured_input_signature[1].items()
        }
        for name, function in model.signatures.items()
    }
    seeded = {"n": (tf.int32, []), "seed": (tf.int64, []), "label": (tf.int32, [])}
    assert inputs == {
        "serving_default": {"latent": (tf.float32, [None, 5]), "label": (tf.int32, [None])},
        "sample": seeded,
        "sample_png": seeded,
    }
    for label in (0, 3):
        arguments = {
            "n": tf.constant(17),
            "seed": tf.constant(5, tf.int64),
            "label": tf.constant(label),
        }
        np.testing.assert_array_equal(
            model.signatures["sample"](**arguments)["images"],
            conditional_module.sample(**arguments)["images"],
        )
    for latent, label, complaint in (
        (tf.zeros([2, 6]), [0, 0], "latent must have rows of 5 numbers.*6"),
        (tf.zeros([2, 5]), [0], "label must have one number for each"),
        (tf.zeros([2, 5]), [0, 4], "label must be between 0 and 3"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=complaint):
            model.signatures["serving_default"](latent=latent, label=tf.constant(label))


def test_versions_rise_above_the_highest_integer(tmp_path: Path) -> None:
    for name in ("3", "007", "latest", "9x"):
        (tmp_path / name).mkdir()
    assert write_saved_model(scaled_module(2.0), tmp_path, card_of(POINTS)) == f"{tmp_path}/8"
    second = write_saved_model(scaled_module(3.0), tmp_path, card_of(POINTS))
    assert second == f"{tmp_path}/9"
    model = tf.saved_model.load(second)
    points = model.signatures["serving_default"](latent=tf.ones([1, 5]))["points"]
    np.testing.assert_array_equal(points, np.full([1, 5], 3.0))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"3", "007", "latest", "9x", "8", "9"}


ABANDON = """
import os, signal, sys
from wgan_tf.serving import saved_model
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.served_module import PointModule
from tests.untrained import card_of
saved_model._compare = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
module = PointModule(lambda inputs: inputs[0], GeneratorSpec((2,), 2, "normal"))
saved_model.write_saved_model(module, sys.argv[1], card_of(module.spec))
"""


def test_what_a_killed_export_left_is_removed_and_a_running_one_is_let_be(
    tmp_path: Path,
) -> None:
    killed = subprocess.run([sys.executable, "-c", ABANDON, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (abandoned,) = tmp_path.iterdir()
    assert (abandoned / "saved_model.pb").exists()
    with _unfinished_folder(str(tmp_path)) as running:
        assert not abandoned.exists()
        assert write_saved_model(scaled_module(2.0), tmp_path, card_of(POINTS)) == f"{tmp_path}/1"
        assert Path(running).exists()
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_a_version_taken_by_another_export_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = tf.io.gfile.rename

    def rename_after_a_rival(source: str, target: str) -> None:
        if target.endswith("/1"):
            Path(target).mkdir()
            (Path(target) / "rival").touch()
        rename(source, target)

    monkeypatch.setattr(tf.io.gfile, "rename", rename_after_a_rival)
    assert write_saved_model(scaled_module(2.0), tmp_path, card_of(POINTS)) == f"{tmp_path}/2"
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["rival"]


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        (scaled_module(1.0, noise=1e-3), "not that of the model in memory"),
        (scaled_module(np.nan), "not finite"),
    ],
)
def test_a_model_that_fails_the_comparison_is_not_published(
    module: PointModule, complaint: str, tmp_path: Path
) -> None:
    tf.random.set_seed(0)
    with pytest.raises(ExportError, match=complaint):
        write_saved_model(module, tmp_path, card_of(module.spec))
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_are_not_numbers_are_not_published(tmp_path: Path) -> None:
    latent = keras.Input([5])
    not_numbers = keras.layers.Dense(12, bias_initializer=keras.initializers.Constant(np.nan))
    model = keras.Model([latent], keras.layers.Reshape([2, 2, 3])(not_numbers(latent)))
    spec = GeneratorSpec((2, 2, 3), 5, "normal", pixel_scale=PixelScale(-1.0, 1.0))
    module = ImageModule(model, spec)
    with pytest.raises(ExportError, match=r"serving_default\.images is not finite"):
        write_saved_model(module, tmp_path, card_of(module.spec))


def test_a_model_card_that_is_not_there_or_damaged_is_none(tmp_path: Path) -> None:
    assert read_model_card(tmp_path / "absent") is None
    version = write_saved_model(scaled_module(1.0), tmp_path, card_of(POINTS))
    assert read_model_card(tmp_path) == card_of(POINTS)
    Path(version, "assets.extra", "model_card.json").write_text('{"dataset": "digits"}')
    assert read_model_card(tmp_path) is None
