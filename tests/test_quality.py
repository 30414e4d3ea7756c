import collections
import dataclasses
import itertools

import numpy as np
import pytest

from tests.data.helpers import open_all
from tests.untrained import build_generator
from wgan_tf import drawing, quality
from wgan_tf.config import Config
from wgan_tf.data.sources.toy import gaussian_mixture
from wgan_tf.data.store import Store
from wgan_tf.errors import UserError

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


@pytest.mark.parametrize(
    ("count", "weights", "expected"),
    [
        (1, (), {None: 1}),
        (499, (), {None: 499}),
        (1501, (), {None: 1501}),
        (2000, (1,) * 10, dict.fromkeys(range(10), 200)),
        (10_000, (1,) * 10, dict.fromkeys(range(10), 1000)),
        (2000, (1, 1, 1), {0: 667, 1: 667, 2: 666}),
        (2, (1, 1, 1), {0: 1, 1: 1}),
        # Exact shares 1666.67, 0, 833.33 and 7500.
        (10_000, (2, 0, 1, 9), {0: 1667, 2: 833, 3: 7500}),
    ],
)
def test_chunks_are_of_every_class_by_its_weight(
    count: int, weights: tuple[int, ...], expected: dict[int | None, int]
) -> None:
    chunks = list(quality.class_chunks(count, weights))
    assert [number for number, _, _ in chunks] == list(range(len(chunks)))
    assert all(0 < size <= quality.EXAMPLES_PER_CHUNK for _, size, _ in chunks)
    counts = collections.Counter[int | None]()
    for _, size, label in chunks:
        counts[label] += size
    assert counts == expected


def test_the_first_examples_have_the_classes_of_all() -> None:
    labels = quality.generated_labels(50_000, (9, 1))
    assert labels is not None
    assert np.mean(labels) == 0.1
    assert np.mean(labels[:10_000]) == pytest.approx(0.1, abs=0.005)


def test_examples_are_what_the_sampler_draws(dcgan_config: Config) -> None:
    config = dataclasses.replace(dcgan_config, conditional="auxiliary_classifier")
    sampler = drawing.build_run_sampler(config, build_generator(config), (8, 8, 1), 3)
    batches = list(quality.generated_examples(sampler, 6, (1, 1, 1), seed=4))
    assert len(batches) == 3
    for label, batch in enumerate(batches):
        np.testing.assert_array_equal(batch, drawing.draw(sampler, 2, 4 + label, label))
    labels = quality.generated_labels(6, (1, 1, 1))
    np.testing.assert_array_equal(labels, [0, 0, 1, 1, 2, 2])
    assert quality.generated_labels(6, ()) is None


def test_pictures_are_measured_against_the_held_out_ones(
    digits: tuple[Store, Store], data_dir: str
) -> None:
    train, held_out = digits
    config = dataclasses.replace(DIGITS, data_dir=data_dir)
    measured = quality.build_quality(config, train, held_out, num_examples=300, tell=never)
    assert measured.main_metric == "fid_pixels"
    assert measured.protocol["split"] == "test"
    assert measured.protocol["generated_count"] == measured.num_examples == 300
    noise = np.random.default_rng(0).integers(256, size=(300, 8, 8, 1), dtype=np.uint8)
    of_real = measured.measure(iter([train.read(np.arange(300))[0]]))
    of_noise = measured.measure(iter([noise]))
    for name in ("fid_pixels", "kid_pixels", "sliced_wasserstein"):
        assert of_real[name] < 0.2 * of_noise[name], name
    assert of_real["precision_pixels"] > 0.5 > of_noise["precision_pixels"]
    few = quality.build_quality(
        config, train, held_out, num_examples=300, metrics=["sliced_wasserstein"], tell=never
    )
    assert few.main_metric == "sliced_wasserstein"
    of_few = few.measure(iter([noise]))
    assert of_few == {"sliced_wasserstein": of_noise["sliced_wasserstein"]}


def test_diversity_is_that_of_drawn_examples_by_that_of_real_ones(
    dcgan_config: Config, digits: tuple[Store, Store]
) -> None:
    def distance(pictures: np.ndarray) -> float:
        pairs = itertools.combinations(pictures.astype(float), 2)
        return float(np.mean([np.linalg.norm(one - other) for one, other in pairs]))

    real, _ = digits
    generator = build_generator(dcgan_config)
    sampler = drawing.build_run_sampler(dcgan_config, generator, (8, 8, 1), 0)
    drawn = drawing.draw(sampler, 64, 0)
    compared = real.read(np.linspace(0, 999, 64).round().astype(int))[0]
    measured = quality.measure_diversity(sampler, (), real)
    assert measured == {"diversity": pytest.approx(distance(drawn) / distance(compared))}
    for weight in generator.weights:
        weight.assign(np.zeros(weight.shape))
    assert quality.measure_diversity(sampler, (), real) == {"diversity": 0}
    same = dataclasses.replace(real, selection=np.zeros(20, np.int64))
    assert quality.measure_diversity(sampler, (), same) == {}
    alone = dataclasses.replace(real, selection=np.zeros(1, np.int64))
    assert quality.measure_diversity(sampler, (), alone) == {}


def test_points_are_transported_and_counted(data_dir: str) -> None:
    store = open_all("toy:8gaussians", data_dir)
    config = Config(workdir="run", dataset="toy:8gaussians")
    measured = quality.build_quality(config, store, None, num_examples=2000, tell=never)
    mixture = gaussian_mixture("8gaussians")
    assert mixture is not None
    of_two_modes = np.repeat(mixture.centers[:2], 1000, axis=0).astype(np.float32)
    values = measured.measure(iter([of_two_modes[::2], of_two_modes[1::2]]))
    assert values["modes_covered"] == 2
    assert values["good_share"] == 1
    assert values["least_mode_share"] == 0
    of_real = measured.measure(iter([store.read(np.arange(5000, 7000))[0]]))
    assert of_real["modes_covered"] == 8
    assert of_real["exact_wasserstein"] < 0.3 < values["exact_wasserstein"]
    assert measured.main_metric == "exact_wasserstein"


def test_features_follow_the_data_and_the_option(
    digits: tuple[Store, Store], data_dir: str
) -> None:
    train, _ = digits
    unlabelled = dataclasses.replace(train, class_names=None, labels=None)
    folder = f"{data_dir}/cache"

    def features(kind: str, store: Store) -> str:
        config = dataclasses.replace(DIGITS, eval_features=kind)
        return quality.build_extractor(config, store, None, folder, never).name

    assert features("auto", unlabelled) == features("random", train) == "random"
    assert features("pixels", train) == "pixels"
    with pytest.raises(UserError, match="--eval_features=classifier needs labels"):
        features("classifier", unlabelled)
    with pytest.raises(UserError, match="--inception="):
        features("inception", train)
