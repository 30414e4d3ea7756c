import numpy as np

from wgan_tf.evaluation.features.projected import PixelFeatures, RandomFeatures

IMAGES = np.random.default_rng(0).integers(0, 256, (200, 6, 5, 3)).astype(np.uint8)


def test_pixels_are_scaled_and_flat() -> None:
    extraction = PixelFeatures().extract(IMAGES)
    np.testing.assert_allclose(extraction.features, IMAGES.reshape(200, 90) / 255, rtol=1e-6)
    assert extraction.features.dtype == np.float32
    assert extraction.class_probabilities is None


def test_random_features_are_seeded_and_linear_in_the_pixels() -> None:
    features = RandomFeatures((6, 5, 3), dimension=256).extract(IMAGES).features
    assert features.shape == (200, 256)
    assert features.dtype == np.float32
    # 256 numbers tell 90 pixels: the least-squares fit is exact.
    pixels = IMAGES.reshape(200, 90) / 255
    weights, *_ = np.linalg.lstsq(pixels, features)
    np.testing.assert_allclose(pixels @ weights, features, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(weights, axis=0), 1, rtol=1e-3)
    again = RandomFeatures((6, 5, 3), dimension=256).extract(IMAGES).features
    np.testing.assert_array_equal(again, features)


def test_version_follows_from_the_projection() -> None:
    versions = {
        RandomFeatures((6, 5, 3), dimension=dimension, seed=seed).version
        for dimension, seed in [(8, 0), (8, 1), (9, 0)]
    }
    assert len(versions) == 3
