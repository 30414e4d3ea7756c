import dataclasses
import io

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from wgan_tf.latents import sample_latents
from wgan_tf.pixels import PixelScale
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.served_module import (
    MAX_EXAMPLES_PER_CALL,
    ImageModule,
    PointModule,
    ServedModule,
    build_served_module,
)


def test_latents_become_images_in_the_unit_interval(
    image_generator: keras.Model, image_module: ImageModule
) -> None:
    latent = np.random.default_rng(1).normal(size=[9, 5]).astype(np.float32)
    images = image_module.serving_default(latent)["images"].numpy()
    expected = (image_generator([latent], training=False).numpy().astype(np.float64) + 1) / 2
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, expected, atol=1e-6)


def test_sampled_pictures_are_those_of_the_seeds_latents(
    image_generator: keras.Model, image_module: ImageModule
) -> None:
    pictures = image_module.sample(20, 11)["images"].numpy()
    output = image_generator([sample_latents(20, 11, 5, "normal")], training=False).numpy()
    exact = (output.astype(np.float64) + 1) / 2 * 255
    assert pictures.dtype == np.uint8
    assert pictures.shape == (20, 6, 6, 3)
    np.testing.assert_allclose(pictures, exact, atol=0.5 + 1e-3)


def test_dequantized_pictures_are_mapped_back_by_the_inverse(
    image_generator: keras.Model, image_spec: GeneratorSpec
) -> None:
    scale = PixelScale(-1.0, 1.0, dequantized=True)
    module = ImageModule(image_generator, dataclasses.replace(image_spec, pixel_scale=scale))
    latents = sample_latents(16, 11, 5, "normal")
    steps = 128 * (image_generator([latents], training=False).numpy().astype(np.float64) + 1)
    images = module.serving_default(latents)["images"].numpy()
    np.testing.assert_allclose(images, np.clip((steps - 0.5) / 255, 0, 1), atol=2e-6)
    pictures = module.sample(16, 11)["images"].numpy()
    np.testing.assert_array_equal(pictures, np.round(images * np.float32(255)))
    np.testing.assert_allclose(pictures + 0.5, steps, atol=0.5 + 1e-3)


def test_the_first_pictures_are_the_same_however_many_are_asked_for(
    image_module: ImageModule,
) -> None:
    longest = image_module.sample(64, 1)["images"].numpy()
    for n in (1, 4, 16, 17, 63):
        np.testing.assert_array_equal(image_module.sample(n, 1)["images"], longest[:n])


def test_another_seed_gives_other_pictures(image_module: ImageModule) -> None:
    pictures = [image_module.sample(4, seed)["images"].numpy() for seed in (0, 1, -1, 2**40)]
    assert len(np.unique(np.concatenate(pictures).reshape(16, -1), axis=0)) == 16


def test_pngs_hold_the_sampled_pictures(image_module: ImageModule) -> None:
    pngs = image_module.sample_png(18, 3)["png_bytes"].numpy()
    decoded = [np.asarray(PIL.Image.open(io.BytesIO(png))) for png in pngs]
    np.testing.assert_array_equal(decoded, image_module.sample(18, 3)["images"])


@pytest.mark.parametrize("n", [0, -1, MAX_EXAMPLES_PER_CALL + 1, 2**31 - 1])
def test_a_count_out_of_bounds_is_told(image_module: ImageModule, n: int) -> None:
    for function in (image_module.sample, image_module.sample_png):
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=rf"n must be between 1 and 10000.*\[{n}\]"
        ):
            function(n, 0)


def test_latents_of_another_width_are_refused(image_module: ImageModule) -> None:
    with pytest.raises(TypeError, match=r"\(None, 5\)"):
        image_module.serving_default(tf.zeros([2, 6]))


def test_labels_choose_the_class_of_each_latent(
    conditional_generator: keras.Model, conditional_module: ImageModule
) -> None:
    latent = np.repeat(np.random.default_rng(1).normal(size=[1, 5]), 4, axis=0).astype(np.float32)
    images = conditional_module.serving_default(latent, [3, 0, 1, 2])["images"].numpy()
    expected = conditional_generator([latent, np.array([3, 0, 1, 2])], training=False)
    np.testing.assert_allclose(images, (expected.numpy() + 1) / 2, atol=1e-6)
    assert len(np.unique(images.reshape(4, -1).round(3), axis=0)) == 4


def test_the_same_seed_has_the_same_latents_with_every_label(
    conditional_generator: keras.Model, conditional_module: ImageModule
) -> None:
    latents = sample_latents(20, 11, 5, "normal")
    for label in range(4):
        pictures = conditional_module.sample(20, 11, label)["images"].numpy()
        output = conditional_generator([latents, tf.fill([20], label)], training=False).numpy()
        np.testing.assert_allclose(pictures, (output + 1) / 2 * 255, atol=0.5 + 1e-3)
        pngs = conditional_module.sample_png(20, 11, label)["png_bytes"].numpy()
        decoded = [np.asarray(PIL.Image.open(io.BytesIO(png))) for png in pngs]
        np.testing.assert_array_equal(decoded, pictures[..., 0])


@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_that_no_class_has_is_told(conditional_module: ImageModule, label: int) -> None:
    message = rf"label must be between 0 and 3, but is.*{label}"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        conditional_module.serving_default(tf.zeros([2, 5]), [0, label])
    for function in (conditional_module.sample, conditional_module.sample_png):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            function(1, 0, label)


def test_as_many_labels_as_latents_are_wanted(conditional_module: ImageModule) -> None:
    for labels in ([0], [0, 1, 2]):
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=rf"one number for each.*2.*has.*{len(labels)}"
        ):
            conditional_module.serving_default(tf.zeros([2, 5]), labels)


def test_a_generator_of_another_shape_is_refused(
    image_generator: keras.Model, image_spec: GeneratorSpec
) -> None:
    other = dataclasses.replace(image_spec, example_shape=(8, 8, 3))
    with pytest.raises(ValueError, match=r"8,8,3\].*6,6,3\]"):
        ImageModule(image_generator, other).signatures()


def test_images_without_a_pixel_scale_are_refused(
    image_generator: keras.Model, image_spec: GeneratorSpec
) -> None:
    with pytest.raises(ValueError, match="pixel scale"):
        ImageModule(image_generator, dataclasses.replace(image_spec, pixel_scale=None))


def test_points_are_in_the_units_of_the_data(point_module: PointModule) -> None:
    weights, offset = np.arange(10).reshape(5, 2) - 4, [10, -20]
    latent = np.random.default_rng(2).uniform(-1, 1, [7, 5]).astype(np.float32)
    points = point_module.serving_default(latent)["points"]
    np.testing.assert_allclose(points, latent @ weights + offset, rtol=1e-5)
    sampled = point_module.sample(100, 5)["points"]
    expected = sample_latents(100, 5, 5, "uniform").numpy() @ weights + offset
    np.testing.assert_allclose(sampled, expected, rtol=1e-5)
    assert point_module.signatures().keys() == {"serving_default", "sample"}


def test_the_shape_of_an_example_decides_between_images_and_points(
    image_generator: keras.Model, image_module: ImageModule, image_spec: GeneratorSpec
) -> None:
    def build(shape: tuple[int, ...]) -> ServedModule:
        return build_served_module(
            image_generator, dataclasses.replace(image_spec, example_shape=shape)
        )

    module = build((6, 6, 3))
    assert isinstance(module, ImageModule)
    np.testing.assert_array_equal(
        module.sample(2, 1)["images"], image_module.sample(2, 1)["images"]
    )
    assert isinstance(build((2,)), PointModule)
    for shape in ((6, 6), (6, 6, 5)):
        with pytest.raises(ValueError, match=r"\(6, 6.*1 to 4 channels"):
            build(shape)
