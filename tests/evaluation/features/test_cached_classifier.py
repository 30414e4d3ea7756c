import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tests.data.helpers import open_all, told
from wgan_tf.data.store import Store
from wgan_tf.evaluation.features import cached_classifier
from wgan_tf.evaluation.features.cached_classifier import classifier_features
from wgan_tf.evaluation.features.classifier import ClassifierFeatures, ClassifierRecipe
from wgan_tf.evaluation.frechet import GaussianStatistics, frechet_distance, gaussian_statistics

SHORT = ClassifierRecipe(steps=20, dimension=16)


def open_digits(data_dir: Path, split: str, **changes: object) -> Store:
    return open_all("digits", data_dir, split=split, **changes)


def quietly(
    train: Store, held_out: Store | None, folder: Path, recipe: ClassifierRecipe = SHORT
) -> ClassifierFeatures:
    return classifier_features(train, held_out, folder, log=lambda message: None, recipe=recipe)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def train(data_dir: Path) -> Store:
    return open_digits(data_dir, "train[:1200]")


@pytest.fixture
def held_out(data_dir: Path) -> Store:
    return open_digits(data_dir, "train[1200:]")


def test_training_twice_gives_the_same_bits(train: Store, held_out: Store, tmp_path: Path) -> None:
    first = quietly(train, held_out, tmp_path / "first")
    second = quietly(train, held_out, tmp_path / "second")
    assert first.version == second.version
    images = held_out.examples[:50]
    for one, other in zip(first.extract(images), second.extract(images), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
    other_seed = quietly(train, held_out, tmp_path, dataclasses.replace(SHORT, seed=1))
    assert other_seed.version != first.version


def test_extraction(train: Store, held_out: Store, tmp_path: Path) -> None:
    extractor = quietly(train, held_out, tmp_path)
    features, probabilities = extractor.extract(held_out.examples[:30])
    assert (features.shape, features.dtype) == ((30, 16), np.float32)
    assert features.min() == 0
    assert (probabilities.shape, probabilities.dtype) == ((30, 10), np.float32)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    everything = extractor.extract(np.asarray(held_out.examples)).class_probabilities
    is_right = everything.argmax(axis=1) == held_out.labels
    assert extractor.held_out_accuracy == pytest.approx(is_right.mean())


def test_it_is_trained_once(train: Store, held_out: Store, tmp_path: Path) -> None:
    messages: list[str] = []
    first = classifier_features(train, held_out, tmp_path, log=messages.append, recipe=SHORT)
    assert len(messages) == 2
    second = classifier_features(train, held_out, tmp_path, log=messages.append, recipe=SHORT)
    assert len(messages) == 2
    assert (first.version, first.held_out_accuracy) == (second.version, second.held_out_accuracy)
    images = held_out.examples[:50]
    np.testing.assert_array_equal(first.extract(images).features, second.extract(images).features)

    (description_path,) = tmp_path.glob("classifier-*.json")
    description = json.loads(description_path.read_text())
    assert description["held_out_accuracy"] == first.held_out_accuracy
    assert description["held_out_images"] == 597
    assert not description["held_out_of_training_split"]
    assert description["recipe"] == dataclasses.asdict(SHORT)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("suffix", ["npz", "json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_damaged_cache_is_trained_anew(
    train: Store, held_out: Store, tmp_path: Path, suffix: str, damage: str
) -> None:
    first = quietly(train, held_out, tmp_path)
    (path,) = tmp_path.glob(f"*.{suffix}")
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-9])
    messages: list[str] = []
    second = classifier_features(train, held_out, tmp_path, log=messages.append, recipe=SHORT)
    assert messages
    assert second.version == first.version
    assert second.held_out_accuracy == first.held_out_accuracy
    assert len(list(tmp_path.iterdir())) == 2


def test_weights_that_were_not_described_are_trained_anew(
    train: Store, held_out: Store, tmp_path: Path
) -> None:
    first = quietly(train, held_out, tmp_path / "first")
    quietly(train, held_out, tmp_path / "other", dataclasses.replace(SHORT, seed=1))
    (path,) = (tmp_path / "first").glob("*.npz")
    (other,) = (tmp_path / "other").glob("*.npz")
    path.write_bytes(other.read_bytes())
    assert quietly(train, held_out, tmp_path / "first").version == first.version


def test_other_data_or_recipe_makes_another(train: Store, held_out: Store, tmp_path: Path) -> None:
    quietly(train, held_out, tmp_path)
    quietly(held_out, train, tmp_path)
    quietly(train, held_out, tmp_path, dataclasses.replace(SHORT, steps=21))
    assert len(list(tmp_path.glob("*.npz"))) == 3


@pytest.mark.parametrize("unusable", ["none", "the same", "other classes", "other size"])
def test_without_a_usable_held_out_split_a_tenth_is_held_out(
    train: Store,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    unusable: str,
) -> None:
    trained_on: list[np.ndarray] = []
    train_classifier = cached_classifier.train_classifier

    def spy(store: Store, rows: np.ndarray, *arguments: object) -> object:
        trained_on.append(rows)
        return train_classifier(store, rows, *arguments)

    monkeypatch.setattr(cached_classifier, "train_classifier", spy)
    split = "train[1200:]"
    held_out = {
        "none": None,
        "the same": train,
        "other classes": open_digits(data_dir, split, classes=("1", "2")),
        "other size": open_digits(data_dir, split, image_size=4),
    }[unusable]
    extractor = quietly(train, held_out, tmp_path)
    (rows,) = trained_on
    (path,) = tmp_path.glob("*.json")
    description = json.loads(path.read_text())
    assert description["held_out_of_training_split"]
    assert description["training_images"] == len(set(rows)) == 1080
    assert description["held_out_images"] == 120
    left = np.setdiff1d(np.arange(1200), rows)
    probabilities = extractor.extract(train.examples[left]).class_probabilities
    assert extractor.held_out_accuracy == pytest.approx(
        (probabilities.argmax(axis=1) == train.labels[left]).mean()
    )


def test_every_class_is_trained_on_when_data_come_sorted_by_class(
    train: Store, tmp_path: Path
) -> None:
    in_order = dataclasses.replace(train, selection=np.argsort(train.labels, kind="stable"))
    extractor = quietly(in_order, None, tmp_path, dataclasses.replace(SHORT, steps=100))
    assert extractor.held_out_accuracy > 0.6


def test_classes_alone_are_learnt(data_dir: Path, tmp_path: Path) -> None:
    store = open_digits(data_dir, "train[:600]", classes=("3", "7"))
    extractor = quietly(store, None, tmp_path, dataclasses.replace(SHORT, steps=60))
    assert extractor.extract(store.examples[:4]).class_probabilities.shape == (4, 2)
    assert extractor.held_out_accuracy > 0.9


def test_data_that_train_no_classifier_are_told(data_dir: Path, tmp_path: Path) -> None:
    unlabelled, points = tmp_path / "images.npy", tmp_path / "points.npy"
    np.save(unlabelled, np.zeros((30, 8, 8, 1), np.uint8))
    np.save(points, np.zeros((30, 2), np.float32))
    for store, reason in [
        (open_all(f"npy:{unlabelled}", tmp_path), "labels"),
        (open_all(f"npy:{points}", tmp_path), "points"),
        (open_digits(data_dir, "train", classes=("3",)), "only 3"),
        (open_digits(data_dir, "train[:19]"), "19"),
    ]:
        with told("--eval_features=classifier", reason, "--eval_features=random"):
            quietly(store, None, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_frechet_distance_of_its_features_grows_with_damage(
    train: Store, held_out: Store, tmp_path: Path
) -> None:
    extractor = quietly(train, held_out, tmp_path, ClassifierRecipe(steps=300))
    assert extractor.held_out_accuracy > 0.9

    def statistics(images: np.ndarray) -> GaussianStatistics:
        return gaussian_statistics([extractor.extract(np.asarray(images)).features])

    real = statistics(train.examples)

    def distance(images: np.ndarray) -> float:
        return frechet_distance(real, statistics(images))

    random = np.random.default_rng(0)
    images, labels = np.asarray(held_out.examples), held_out.labels
    blurred = [
        distance(gaussian_filter(images, (0, sigma, sigma, 0))) for sigma in (0, 0.5, 0.7, 1, 1.5)
    ]
    noisy = [
        distance((images + random.normal(0, sigma, images.shape)).clip(0, 255).astype(np.uint8))
        for sigma in (0, 20, 40, 80, 160)
    ]
    # One order of dropping says little: a class may lie closer to the mean than its neighbours.
    dropped = [
        np.mean([distance(images[(labels + first) % 10 >= count]) for first in range(10)])
        for count in range(10)
    ]
    noise = distance(random.integers(0, 256, images.shape).astype(np.uint8))
    for distances in (blurred, noisy, dropped):
        assert distances == sorted(distances)
        assert distances[1] > distances[0]
    assert noise > 20 * distance(images)


def test_a_classifier_near_chance_is_refused_each_time_and_trained_once(
    data_dir: Path, tmp_path: Path
) -> None:
    train, held_out = (open_digits(data_dir, part) for part in ("train[:1000]", "train[1000:]"))
    # Labels that nothing in the images tells.
    random = np.random.default_rng(0)
    train, held_out = (
        dataclasses.replace(store, labels=random.integers(0, 10, len(store.labels)))
        for store in (train, held_out)
    )
    told_lines: list[str] = []
    for _ in range(2):
        with told("--eval_features=classifier", "tell nothing", "--eval_features=random") as raised:
            classifier_features(train, held_out, tmp_path, log=told_lines.append, recipe=SHORT)
        assert isinstance(raised.value, cached_classifier.WeakClassifierError)
    assert len(told_lines) == 2


def test_held_out_images_of_one_class_tell_nothing(data_dir: Path, tmp_path: Path) -> None:
    train = open_digits(data_dir, "train[:1000]")
    ones = open_digits(data_dir, "train[1000:]")
    rows = np.flatnonzero(ones.labels == 1)
    with told("most frequent class alone is right on 100.0%"):
        quietly(train, dataclasses.replace(ones, selection=rows), tmp_path)
