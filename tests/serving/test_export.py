import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from tests.untrained import write_run
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving import formats
from wgan_tf.serving.export import export, export_formats
from wgan_tf.serving.trained_generator import (
    restore_module,
)


def test_an_export_says_what_it_is(conditional_run: RunFolder) -> None:
    version = export(conditional_run, checkpoint=2, license="CC0-1.0")
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
    lines = list(export_formats(conditional_run, ("tflite", "onnx", "keras")))
    files = {path.name for path in Path(conditional_run.converted).iterdir()}
    assert files == {"step_0000003.tflite", "step_0000003.onnx", "step_0000003.keras"}
    assert all("max abs error" in line and "64 latents" in line for line in lines)

    latent = np.random.default_rng(4).normal(size=[5, 3]).astype(np.float32)
    label = np.array([2, 0, 1, 1, 2], np.int32)
    module, _ = restore_module(conditional_run)
    expected = module.serving_default(latent, label)["images"].numpy()
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
    (line,) = export_formats(folder, ("keras",))
    assert f"{folder.converted}/step_0000003.keras" in line


def test_formats_are_checked_before_anything_is_written(
    dcgan_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_run(tmp_path / "run", dcgan_config)
    with pytest.raises(UserError, match=r"--formats=coreml is not known.*tflite, onnx, keras"):
        list(export_formats(folder, ("saved_model", "coreml")))
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"tf2onnx and onnxruntime.*wgan_tf\[onnx\]"):
        list(export_formats(folder, ("saved_model", "onnx")))
    assert not Path(folder.exports).exists()
