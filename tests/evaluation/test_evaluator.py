import dataclasses
import itertools

import numpy as np
import pytest

from tests.data.helpers import open_all
from wgan_tf.config import Config
from wgan_tf.data.sources.toy import gaussian_mixture
from wgan_tf.data.store import Store
from wgan_tf.errors import UserError
from wgan_tf.evaluation.evaluator import build_evaluator, build_extractor, relative_diversity
from wgan_tf.evaluation.features.cached_classifier import WeakClassifierError
from wgan_tf.evaluation.metrics import ranking_metric

DIGITS = Config(workdir="run", eval_features="pixels", eval_split="test")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def digits(data_dir: str) -> tuple[Store, Store]:
    return (
        open_all("digits", data_dir, split="train[:1000]"),
        open_all("digits", data_dir, split="train[1000:]"),
    )


def never(message: str) -> None:
    pytest.fail(message)


def test_pictures_are_measured_against_the_held_out_ones(
    digits: tuple[Store, Store], data_dir: str
) -> None:
    train, held_out = digits
    config = dataclasses.replace(DIGITS, data_dir=data_dir)
    measured = build_evaluator(config, train, held_out, num_examples=300, log=never)
    assert ranking_metric(measured.metric_names) == "fid_pixels"
    assert measured.protocol["split"] == "test"
    assert measured.protocol["generated_count"] == measured.num_examples == 300
    noise = np.random.default_rng(0).integers(256, size=(300, 8, 8, 1), dtype=np.uint8)
    of_real = measured.evaluate(iter([train.read(np.arange(300))[0]]))
    of_noise = measured.evaluate(iter([noise]))
    for name in ("fid_pixels", "kid_pixels", "sliced_wasserstein"):
        assert of_real[name] < 0.2 * of_noise[name], name
    assert of_real["precision_pixels"] > 0.5 > of_noise["precision_pixels"]
    few = build_evaluator(
        config, train, held_out, num_examples=300, metrics=["sliced_wasserstein"], log=never
    )
    assert ranking_metric(few.metric_names) == "sliced_wasserstein"
    of_few = few.evaluate(iter([noise]))
    assert of_few == {"sliced_wasserstein": of_noise["sliced_wasserstein"]}


def test_diversity_is_that_of_examples_by_that_of_as_many_real_ones(
    digits: tuple[Store, Store],
) -> None:
    def distance(images: np.ndarray) -> float:
        pairs = itertools.combinations(images.astype(float), 2)
        return float(np.mean([np.linalg.norm(one - other) for one, other in pairs]))

    real, _ = digits
    drawn = np.random.default_rng(0).integers(256, size=(64, 8, 8, 1), dtype=np.uint8)
    compared = real.read(np.linspace(0, 999, 64).round().astype(int))[0]
    expected = pytest.approx(distance(drawn) / distance(compared))
    assert relative_diversity(drawn, real) == {"diversity": expected}
    assert relative_diversity(np.zeros_like(drawn), real) == {"diversity": 0}
    same = dataclasses.replace(real, selection=np.zeros(20, np.int64))
    assert relative_diversity(drawn[:20], same) == {}
    alone = dataclasses.replace(real, selection=np.zeros(1, np.int64))
    assert relative_diversity(drawn[:1], alone) == {}


def test_points_are_transported_and_counted(data_dir: str) -> None:
    store = open_all("toy:8gaussians", data_dir)
    config = Config(workdir="run", dataset="toy:8gaussians")
    measured = build_evaluator(config, store, None, num_examples=2000, log=never)
    mixture = gaussian_mixture("8gaussians")
    assert mixture is not None
    of_two_modes = np.repeat(mixture.centers[:2], 1000, axis=0).astype(np.float32)
    values = measured.evaluate(iter([of_two_modes[::2], of_two_modes[1::2]]))
    assert values["modes_covered"] == 2
    assert values["good_share"] == 1
    assert values["least_mode_share"] == 0
    of_real = measured.evaluate(iter([store.read(np.arange(5000, 7000))[0]]))
    assert of_real["modes_covered"] == 8
    assert of_real["exact_wasserstein"] < 0.3 < values["exact_wasserstein"]
    assert ranking_metric(measured.metric_names) == "exact_wasserstein"


def test_features_follow_the_data_and_the_option(
    digits: tuple[Store, Store], data_dir: str
) -> None:
    train, _ = digits
    info = dataclasses.replace(train.info, class_names=None, class_counts=None)
    unlabelled = dataclasses.replace(train, info=info, labels=None)
    folder = f"{data_dir}/cache"

    def features(kind: str, store: Store) -> str:
        config = dataclasses.replace(DIGITS, eval_features=kind)
        return build_extractor(config, store, None, folder, never).name

    assert features("auto", unlabelled) == features("random", train) == "random"
    assert features("pixels", train) == "pixels"
    with pytest.raises(UserError, match="--eval_features=classifier needs labels"):
        features("classifier", unlabelled)
    with pytest.raises(UserError, match="--inception"):
        features("inception", train)


def test_kernel_distances_of_small_samples_have_an_error(
    digits: tuple[Store, Store], data_dir: str
) -> None:
    train, held_out = digits
    config = dataclasses.replace(DIGITS, data_dir=data_dir)
    evaluator = build_evaluator(
        config, train, held_out, num_examples=120, metrics=("kid",), log=never
    )
    values = evaluator.evaluate([train.read(np.arange(120))[0]])
    assert evaluator.protocol["kernel_subset_size"] == 60
    assert values["kid_pixels_standard_error"] > 1e-9


def test_a_handful_of_real_images_is_not_measured_against(
    digits: tuple[Store, Store], data_dir: str
) -> None:
    train, held_out = digits
    few = dataclasses.replace(held_out, selection=np.arange(9))
    config = dataclasses.replace(DIGITS, data_dir=data_dir)
    with pytest.raises(UserError, match=r"9 real examples .* need 10; name a larger one"):
        build_evaluator(config, train, few, num_examples=120, log=never)


def test_auto_takes_random_projections_where_a_classifier_tells_nothing(
    digits: tuple[Store, Store], data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weak(*arguments: object, **options: object) -> None:
        raise WeakClassifierError("It is near chance; take others.")

    monkeypatch.setattr("wgan_tf.evaluation.evaluator.classifier_features", weak)
    lines: list[str] = []
    config = dataclasses.replace(DIGITS, eval_features="auto")
    assert build_extractor(config, *digits, data_dir, lines.append).name == "random"
    assert "near chance" in lines[0]
    config = dataclasses.replace(DIGITS, eval_features="classifier")
    with pytest.raises(WeakClassifierError):
        build_extractor(config, *digits, data_dir, lines.append)
