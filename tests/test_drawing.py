import dataclasses
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from tests.philox import reference_draw
from tests.untrained import build_generator, write_checkpoint, write_run
from wgan_tf import drawing
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.latents import sample_latents
from wgan_tf.networks.normalization import BatchNormalization
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving import formats


@pytest.fixture(scope="module")
def conditional_run(dcgan_config: Config, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    config = dataclasses.replace(
        dcgan_config,
        conditional="auxiliary_classifier",
        sampling_statistics="standing",
        dequantize=True,
    )
    folder = write_run(tmp_path_factory.mktemp("runs") / "run", config, steps=(2, 3))
    write_checkpoint(folder.best_checkpoints, build_generator(config), 1)
    lines = [
        {"step": 1, "fid_classifier": 9.0, "critic_loss": 1.0},
        {"step": 2, "critic_loss": 2.0},
        {"step": 3, "critic_loss": None},
        {"step": 4, "fid_classifier": 7.0},
    ]
    Path(folder.metrics_file).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_a_column_of_the_class_grid_is_a_class(conditional_run: RunFolder) -> None:
    sampler, step = drawing.restore_run_sampler(conditional_run)
    assert step == 3
    grid = drawing.draw_class_grid(sampler, rows=5, seed=9)
    assert grid.shape == (15, 8, 8, 1)
    for label in range(3):
        np.testing.assert_array_equal(grid[label::3], drawing.draw(sampler, 5, 9, label))
    assert len(np.unique(grid.reshape(15, -1), axis=0)) == 15


def test_a_picture_does_not_depend_on_what_is_drawn_with_it(conditional_run: RunFolder) -> None:
    sampler, _ = drawing.restore_run_sampler(conditional_run)
    latents = np.random.default_rng(5).normal(size=(64, 3)).astype(np.float32)
    labels = np.arange(64, dtype=np.int32) % 3
    together = sampler.serving_default(latents, labels)["images"].numpy()
    assert together.std() > 0.01
    alone = sampler.serving_default(latents[:1], labels[:1])["images"]
    of_one_class = sampler.serving_default(latents[::3], labels[::3])["images"]
    np.testing.assert_allclose(alone, together[:1], atol=1e-5)
    np.testing.assert_allclose(of_one_class, together[::3], atol=1e-5)


def test_standing_statistics_are_of_sixteen_batches_with_keys_of_their_own(
    mlp_config: Config, tmp_path: Path
) -> None:
    config = dataclasses.replace(
        mlp_config, sampling_statistics="standing", mlp_generator_norm="batch", seed=6
    )
    folder = write_run(tmp_path / "run", config, example_shape=(2,), class_names=None)
    generator, _ = drawing.restore_run_generator(folder)
    keys = [(6, 2**62 + number * 2**12 * 256 + 19) for number in range(16)]
    latents = np.array([reference_draw(key, 4 * 3, "normal").reshape(4, 3) for key in keys])
    (dense, *_) = (layer for layer in generator.layers if isinstance(layer, keras.layers.Dense))
    kernel, *bias = (weight.numpy() for weight in dense.weights)
    x = latents @ kernel + sum(bias)
    (norm,) = (layer for layer in generator.layers if isinstance(layer, BatchNormalization))
    # The latents are drawn in float32.
    np.testing.assert_allclose(norm.moving_mean, x.mean(axis=(0, 1)), atol=2e-6)
    np.testing.assert_allclose(norm.moving_variance, x.var(axis=1).mean(axis=0), atol=1e-5)


def test_labels_are_mixed_in_the_batches_of_standing_statistics(
    conditional_run: RunFolder,
) -> None:
    config = conditional_run.read_config()
    batches = list(drawing.standing_statistics_batches(config, (1, 1, 1)))
    labels = np.array([label for _, label in batches])
    assert labels.shape == (16, 4)
    assert set(labels.ravel()) == {0, 1, 2}
    assert sum(len(set(batch)) > 1 for batch in labels) > 12


def test_a_generator_in_training_is_drawn_from_as_from_its_checkpoint(
    conditional_run: RunFolder, randomize: Callable[[Iterable[keras.Variable]], None]
) -> None:
    config = conditional_run.read_config()
    trained = build_generator(config)
    randomize(trained.non_trainable_variables)
    current = drawing.follow_generator(config, trained, (8, 8, 1), (1, 1, 1))
    for step in (2, 3):
        # Gives it the weights of the run's checkpoint of that step.
        write_checkpoint(f"{conditional_run.path}/other", trained, step)
        before = trained.get_weights()
        followed = drawing.draw(current(), 20, 4, 1)
        restored, _ = drawing.restore_run_sampler(conditional_run, step)
        np.testing.assert_array_equal(followed, drawing.draw(restored, 20, 4, 1))
        # They are part of the run's state.
        for value, now in zip(before, trained.get_weights(), strict=True):
            np.testing.assert_array_equal(now, value)


def test_moving_statistics_are_drawn_with_as_they_are(
    dcgan_config: Config, randomize: Callable[[Iterable[keras.Variable]], None]
) -> None:
    trained = build_generator(dcgan_config)
    randomize(trained.variables)
    current = drawing.follow_generator(dcgan_config, trained, (8, 8, 1))
    pictures = drawing.draw(current(), 20, 1)
    latents = sample_latents(20, 1, 3, "normal")
    exact = (trained([latents], training=False).numpy().astype(np.float64) + 1) / 2 * 255
    np.testing.assert_allclose(pictures, exact, atol=0.5 + 1e-3)


@pytest.mark.parametrize(("checkpoint", "step"), [("last", 3), ("best", 1), (2, 2), (1, 1)])
def test_the_chosen_checkpoint_is_restored(
    conditional_run: RunFolder, checkpoint: drawing.Checkpoint, step: int
) -> None:
    generator, restored = drawing.restore_run_generator(conditional_run, checkpoint)
    assert restored == step
    expected = np.random.default_rng([step, 0]).normal(size=generator.trainable_variables[0].shape)
    actual = generator.trainable_variables[0].numpy()
    np.testing.assert_allclose(actual, expected / np.sqrt(actual.shape[0]), rtol=1e-6)


def test_a_checkpoint_that_is_not_there_is_a_mistake(dcgan_config: Config, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", dcgan_config, steps=(5, 7))
    with pytest.raises(UserError, match=r"--checkpoint=6 is not kept.*5, 7"):
        drawing.restore_run_sampler(folder, 6)
    with pytest.raises(UserError, match=r"--checkpoint=best is not there.*--checkpoint=last"):
        drawing.restore_run_sampler(folder, "best")
    Path(f"{folder.checkpoints}/step-5.index").write_bytes(b"damaged")
    with pytest.raises(UserError, match="--checkpoint=5 cannot be read"):
        drawing.restore_run_sampler(folder, 5)
    shutil.rmtree(folder.checkpoints)
    with pytest.raises(UserError, match="has no checkpoint yet"):
        drawing.restore_run_sampler(folder)


def test_an_export_says_what_it_is(conditional_run: RunFolder) -> None:
    version = drawing.export(conditional_run, checkpoint=2, license="CC0-1.0")
    card = json.loads(Path(version, "assets.extra", "model_card.json").read_text())
    assert card["dataset"] == "digits"
    assert card["classes"] == ["sandal", "bag", "7"]
    assert card["step"] == 2
    assert card["license"] == "CC0-1.0"
    assert card["latent"] == {"dim": 3, "distribution": "normal", "examples_per_block": 16}
    assert card["metrics"] == {
        "fid_classifier": {"step": 1, "value": 9.0},
        "critic_loss": {"step": 2, "value": 2.0},
    }
    assert card["versions"]["tensorflow"] == tf.__version__
    assert card["config"]["dcgan_width"] == 2
    assert not card["config"].keys() & {"workdir", "data_dir"}


def test_converted_models_do_what_the_generator_does(conditional_run: RunFolder) -> None:
    lines = list(drawing.export_formats(conditional_run, ("tflite", "onnx", "keras")))
    files = {path.name for path in Path(conditional_run.converted).iterdir()}
    assert files == {"step_0000003.tflite", "step_0000003.onnx", "step_0000003.keras"}
    assert all("max abs error" in line and "64 latents" in line for line in lines)

    latent = np.random.default_rng(4).normal(size=[5, 3]).astype(np.float32)
    label = np.array([2, 0, 1, 1, 2], np.int32)
    sampler, _ = drawing.restore_run_sampler(conditional_run)
    expected = sampler.serving_default(latent, label)["images"].numpy()
    assert expected.std() > 0.01
    stem = f"{conditional_run.converted}/step_0000003"
    interpreter = tf.lite.Interpreter(model_path=f"{stem}.tflite")
    tflite = interpreter.get_signature_runner()(latent=latent, label=label)["images"]
    session = onnxruntime.InferenceSession(f"{stem}.onnx", providers=["CPUExecutionProvider"])
    (onnx,) = session.run(["images"], {"latent": latent, "label": label})
    loaded = keras.models.load_model(f"{stem}.keras")([latent, label])["images"]
    for actual in (tflite, onnx, loaded):
        np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"dcgan_generator_norm": "layer"},
        {"conditional": "auxiliary_classifier", "generator_conditioning": "batch_norm"},
        {"sampling_statistics": "standing", "dequantize": True},
        {
            "architecture": "mlp",
            "mlp_generator_units": (5,),
            "mlp_generator_norm": "batch",
            "mlp_generator_dropout": (0.5,),
        },
    ],
    ids=lambda options: "-".join(options),
)
def test_layers_of_our_own_come_back_from_a_keras_file(
    options: dict[str, object], dcgan_config: Config, tmp_path: Path
) -> None:
    families = {"dcgan_width": 2, "dcgan_kernel_size": 3} if "architecture" not in options else {}
    plain = Config(workdir="run", latent_dim=3, batch_size=4, **families)
    folder = write_run(tmp_path / "run", dataclasses.replace(plain, **options))
    (line,) = drawing.export_formats(folder, ("keras",))
    assert f"{folder.converted}/step_0000003.keras" in line


def test_formats_are_checked_before_anything_is_written(
    dcgan_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_run(tmp_path / "run", dcgan_config)
    with pytest.raises(UserError, match=r"--formats=coreml is not known.*tflite, onnx, keras"):
        list(drawing.export_formats(folder, ("saved_model", "coreml")))
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"tf2onnx and onnxruntime.*wgan_tf\[onnx\]"):
        list(drawing.export_formats(folder, ("saved_model", "onnx")))
    assert not Path(folder.exports).exists()
