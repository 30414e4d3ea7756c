import dataclasses

import numpy as np
import pytest

from wgan_tf.config import fields
from wgan_tf.evaluation.features.extractor import Extraction
from wgan_tf.evaluation.features.projected import PixelFeatures
from wgan_tf.evaluation.frechet import frechet_distance, gaussian_statistics
from wgan_tf.evaluation.inception_score import inception_score
from wgan_tf.evaluation.kernel_distance import kernel_distance
from wgan_tf.evaluation.metrics import METRICS, applicable_metrics, image_metrics, ranking_metric
from wgan_tf.evaluation.precision_recall import manifold_scores
from wgan_tf.evaluation.protocol import EvaluationProtocol
from wgan_tf.evaluation.statistics import SampleStatistics, sample_statistics
from wgan_tf.evaluation.wasserstein import sliced_wasserstein

RANDOM = np.random.default_rng(0)
REAL = RANDOM.integers(0, 256, (300, 2, 2, 1)).astype(np.uint8)
GENERATED = RANDOM.integers(40, 200, (260, 2, 2, 1)).astype(np.uint8)
PROTOCOL = EvaluationProtocol(
    features="brightness",
    features_version="1",
    split="train",
    real_count=300,
    generated_count=260,
    seed=5,
    kept_count=200,
    kernel_subsets=4,
    kernel_subset_size=50,
    nearest_k=3,
    inception_splits=2,
    num_directions=20,
)


class BrightnessFeatures:
    """Pixels, and the classes dark and bright."""

    name = "brightness"
    version = "1"
    gives_class_probabilities = True
    classes_are_labels = True

    def __init__(self) -> None:
        self.largest_batch = 0

    def extract(self, images: np.ndarray) -> Extraction:
        self.largest_batch = max(self.largest_batch, len(images))
        features = images.reshape(len(images), -1) / np.float32(255)
        bright = features.mean(axis=1)
        return Extraction(features, np.stack([1 - bright, bright], axis=1))


def statistics(images: np.ndarray, protocol: EvaluationProtocol = PROTOCOL) -> SampleStatistics:
    return sample_statistics(
        [images],
        BrightnessFeatures(),
        kept_count=protocol.kept_count,
        num_directions=protocol.num_directions,
        seed=protocol.seed,
    )


def test_every_metric_is_that_of_its_own_function() -> None:
    extractor = BrightnessFeatures()
    batches = iter(np.split(GENERATED, [150, 150, 151]))
    result = image_metrics(statistics(REAL), batches, extractor, PROTOCOL)
    assert extractor.largest_batch <= 64

    real, generated = extractor.extract(REAL), extractor.extract(GENERATED)
    real_kept, generated_kept = real.features[:200], generated.features[:200]
    kernel = kernel_distance(
        real_kept, generated_kept, num_subsets=4, subset_size=50, seed=PROTOCOL.seed
    )
    manifolds = manifold_scores(real_kept, generated_kept, nearest_k=3)
    shuffled = np.random.default_rng(PROTOCOL.seed).permutation(generated.class_probabilities)
    score = inception_score(shuffled, num_splits=2)
    expected = {
        "fid_brightness": frechet_distance(
            gaussian_statistics([real.features]), gaussian_statistics([generated.features])
        ),
        "kid_brightness": kernel.mean,
        "kid_brightness_standard_error": kernel.standard_error,
        "inception_score_brightness": score.mean,
        "inception_score_brightness_standard_deviation": score.standard_deviation,
        "precision_brightness": manifolds.precision,
        "recall_brightness": manifolds.recall,
        "density_brightness": manifolds.density,
        "coverage_brightness": manifolds.coverage,
        "sliced_wasserstein": sliced_wasserstein(
            REAL[:200], GENERATED[:200], num_directions=20, seed=PROTOCOL.seed
        ),
    }
    assert list(result) == list(expected)
    assert result == pytest.approx(expected, rel=1e-5)


def test_class_agreement_is_the_share_of_images_of_the_class_asked_for() -> None:
    labels = np.arange(len(GENERATED)) % 2
    result = image_metrics(
        statistics(REAL),
        [GENERATED],
        BrightnessFeatures(),
        PROTOCOL,
        ["class_agreement"],
        labels,
    )
    agreement = np.mean((GENERATED.mean(axis=(1, 2, 3)) > 127.5) == labels)
    assert 0.3 < agreement < 0.7
    expected = {"class_agreement_brightness": agreement}
    assert result == pytest.approx(expected)
    with pytest.raises(ValueError, match="no class probabilities"):
        image_metrics(
            statistics(REAL), [GENERATED], PixelFeatures(), PROTOCOL, ["class_agreement"], labels
        )


def test_the_inception_score_is_of_all_classes_though_they_come_one_by_one() -> None:
    images = np.zeros([260, 2, 2, 1], np.uint8)
    images[130:] = 255
    result = image_metrics(
        statistics(REAL), [images], BrightnessFeatures(), PROTOCOL, ["inception_score"]
    )
    assert result["inception_score_brightness"] == pytest.approx(2, abs=0.05)


def test_chosen_metrics_alone_are_computed() -> None:
    result = image_metrics(
        statistics(REAL),
        [GENERATED],
        BrightnessFeatures(),
        PROTOCOL,
        ["sliced_wasserstein", "fid"],
    )
    assert list(result) == ["fid_brightness", "sliced_wasserstein"]


def test_every_metric_names_its_values() -> None:
    labels = np.zeros(len(GENERATED), int)
    result = image_metrics(
        statistics(REAL), [GENERATED], BrightnessFeatures(), PROTOCOL, labels=labels
    )
    named = [name for metric in METRICS.values() for name in metric.names_with("brightness")]
    assert list(result) == named
    (option,) = (field for field in fields() if field.name == "eval_metrics")
    assert tuple(METRICS) == option.metadata["choices"]


@pytest.mark.parametrize(
    ("names", "ranked_by"),
    [
        (["raw_fid_x", "kid_x", "fid_x"], "fid_x"),
        (["kid_x_standard_error", "kid_x", "sliced_wasserstein"], "kid_x"),
        (["precision_x", "sliced_wasserstein"], "sliced_wasserstein"),
        (["modes_covered", "exact_wasserstein"], "exact_wasserstein"),
        (["critic_loss", "precision_x"], None),
    ],
)
def test_generators_are_ranked_by_the_first_distance_there_is(
    names: list[str], ranked_by: str | None
) -> None:
    assert ranking_metric(names) == ranked_by


def test_inception_score_needs_class_probabilities() -> None:
    assert applicable_metrics(BrightnessFeatures()) == tuple(METRICS)
    needy = {"inception_score", "class_agreement"}
    assert set(METRICS) - set(applicable_metrics(PixelFeatures())) == needy
    with pytest.raises(ValueError, match="no class probabilities"):
        image_metrics(statistics(REAL), [GENERATED], PixelFeatures(), PROTOCOL)


def test_number_of_images_is_that_of_the_protocol() -> None:
    with pytest.raises(ValueError, match="260 images, not 259"):
        image_metrics(statistics(REAL), [GENERATED[1:]], BrightnessFeatures(), PROTOCOL)


def test_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="fdi"):
        image_metrics(statistics(REAL), [GENERATED], BrightnessFeatures(), PROTOCOL, ["fdi"])


def test_only_what_is_kept_stays_in_memory() -> None:
    sample = statistics(GENERATED, dataclasses.replace(PROTOCOL, kept_count=70))
    assert sample.gaussian.count == 260
    assert sample.features.shape == (70, 4)
    assert sample.projections.shape == (70, 20)
    np.testing.assert_array_equal(
        sample.features, BrightnessFeatures().extract(GENERATED[:70]).features
    )
