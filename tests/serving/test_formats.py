import os
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.conformance.table import ROWS, Row
from tests.dataset_info import info_of
from wgan_tf.errors import ExportError
from wgan_tf.networks import registry
from wgan_tf.pixels import PixelScale
from wgan_tf.serving.formats import FORMATS, build_served_model, write_converted
from wgan_tf.serving.generator_spec import GeneratorSpec


def build_model(pixel_scale: PixelScale) -> keras.Model:
    """Maps latents of two numbers to their sum and difference, then to [0, 1]."""
    latent = keras.Input([2])
    generator = keras.Model([latent], keras.layers.Dense(2)(latent))
    generator.set_weights([np.array([[1.0, 1.0], [1.0, -1.0]]), np.zeros(2)])
    return build_served_model(
        generator, GeneratorSpec((2, 1, 1), 2, "normal", pixel_scale=pixel_scale)
    )


@pytest.fixture
def model() -> keras.Model:
    return build_model(PixelScale(-1.0, 1.0))


LATENT = np.array([[0.25, 0.5], [-0.5, 0.0]], np.float32)
EXPECTED = np.array([[0.875, 0.375], [0.25, 0.25]])


def test_the_served_model_scales_to_the_unit_interval(model: keras.Model) -> None:
    np.testing.assert_allclose(model([LATENT])["images"], EXPECTED, atol=1e-7)
    dequantized = build_model(PixelScale(-1.0, 1.0, dequantized=True))
    np.testing.assert_allclose(
        dequantized([LATENT])["images"], (256 * EXPECTED - 0.5) / 255, atol=1e-7
    )


@pytest.mark.parametrize("is_dequantized", [False, True])
def test_the_served_model_clips_to_the_unit_interval(is_dequantized: bool) -> None:
    model = build_model(PixelScale(-1.0, 1.0, is_dequantized))
    beyond = np.array([[1.0, 0.5], [-1.0, 0.5], [0.5, 0.5], [-0.5, -0.5]], np.float32)
    images = model([beyond])["images"].numpy()
    assert images[[0, 2], 0].tolist() == [1, 1]
    assert images[[1, 3], [1, 0]].tolist() == [0, 0]


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_model_that_differs_is_not_kept(
    model: keras.Model, format_name: str, tmp_path: Path
) -> None:
    path = tmp_path / "converted" / f"model.{format_name}"
    environment = dict(os.environ)
    for wrong in (0.002, np.nan):
        with pytest.raises(ExportError, match=f"{format_name} model differs"):
            write_converted(
                model, format_name, str(path), {"latent": LATENT}, EXPECTED + np.array([0, wrong])
            )
        assert not path.parent.exists()
    difference = write_converted(
        model, format_name, str(path), {"latent": LATENT}, EXPECTED + np.array([0, 0.0005])
    )
    assert difference == pytest.approx(0.0005, abs=1e-6)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert dict(os.environ) == environment


def test_a_model_that_cannot_be_converted_is_told(tmp_path: Path) -> None:
    latent = keras.Input([2])
    unknown = keras.Model([latent], {"points": keras.layers.Lambda(lambda x: x)(latent)})
    with pytest.raises(ExportError, match="cannot be converted to keras"):
        write_converted(unknown, "keras", f"{tmp_path}/m.keras", {"latent": LATENT}, LATENT)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_generator_of_every_row_becomes_a_keras_file(row: Row, tmp_path: Path) -> None:
    config = row.config()
    shape = (8, 8, 1) if config.output_activation != "linear" else (2,)
    info = info_of(shape, 3 if config.conditional != "none" else 0)
    generator = registry.build_average_generator(config, info)
    path = str(tmp_path / "generator.keras")
    generator.save(path)
    inputs = [np.random.default_rng(0).normal(size=(4, config.latent_dim))]
    if info.class_names:
        inputs.append(np.array([0, 1, 2, 0], np.int32))
    loaded = keras.models.load_model(path)
    np.testing.assert_array_equal(loaded(inputs), generator(inputs))
