"""The classifier of a data set, trained once and kept beside its store."""

import dataclasses
import json

import keras
import numpy as np
import tensorflow as tf

from wgan_tf.data.batches import batch_indices
from wgan_tf.data.store import Store
from wgan_tf.errors import UserError
from wgan_tf.evaluation.cache import (
    arrays_digest,
    digest_of,
    examples_digest,
    read_arrays,
    write_arrays,
)
from wgan_tf.evaluation.features.classifier import (
    ClassifierFeatures,
    ClassifierRecipe,
    build_classifier,
    classifier_accuracy,
    classifier_arrays,
    train_classifier,
)
from wgan_tf.files import StrPath, join, write_atomically
from wgan_tf.log import Log

_HELD_OUT_SHARE = 10
_MIN_EXAMPLES = 20
# Of the way from chance to always right, so much has to be gone.
_LEAST_SKILL = 0.1


class WeakClassifierError(UserError):
    """A trained classifier tells classes hardly better than chance does."""


def classifier_features(
    train: Store,
    held_out: Store | None,
    folder: StrPath,
    *,
    log: Log,
    recipe: ClassifierRecipe | None = None,
) -> ClassifierFeatures:
    """The features of the classifier of a data set, read from the cache or trained and cached.

    Weights lie in `classifier-KEY.npz`, and the accuracy on held-out images, with what it was
    measured on, in `classifier-KEY.json`; the key follows from the examples themselves (so from
    their splits, too), their shape and the recipe. A damaged file is made anew.

    Where the held-out store does not fit (None, no labels, other classes, another shape, or the
    very examples of the other), a tenth of `train` is held out: the last of an order that the
    recipe's seed shuffles, since folders come sorted by class.

    Args:
        train: labelled images.
        held_out: images of the same classes that the classifier does not train on, or None.
        folder: the cache's; see `cache.cache_folder`.
        log: is told that training begins and what came of it.
        recipe: how to train; None for the default.

    Raises:
        UserError: `train` has no labels, fewer than two classes, too few examples or no images.
        WeakClassifierError: the classifier is near chance on held-out images.
    """
    recipe = recipe or ClassifierRecipe()
    class_names = _require_trainable(train)
    if held_out is not None and not _fits(held_out, train):
        held_out = None
    key = digest_of(
        dataclasses.asdict(recipe),
        examples_digest(train),
        None if held_out is None else examples_digest(held_out),
    )
    path = join(folder, f"classifier-{key}")
    rows = np.arange(train.num_examples)
    test, test_rows = held_out, np.arange(0 if held_out is None else held_out.num_examples)
    if test is None:
        order = batch_indices(train.num_examples, train.num_examples, recipe.seed, 0)
        cut = train.num_examples - train.num_examples // _HELD_OUT_SHARE
        test, rows, test_rows = train, np.sort(order[:cut]), np.sort(order[cut:])
    features = _read(path, build_classifier(train.example_shape, len(class_names), recipe))
    if features is None:
        log(f"Training a classifier on {len(rows):,} images, to measure with its features.")
        classifier = train_classifier(train, rows, len(class_names), recipe)
        accuracy = classifier_accuracy(classifier, test, test_rows)
        log(f"It is right on {accuracy:.1%} of {len(test_rows):,} held-out images.")
        features = ClassifierFeatures(classifier, accuracy)
        write_arrays(f"{path}.npz", classifier_arrays(classifier))
        description = {
            "held_out_accuracy": accuracy,
            "held_out_images": len(test_rows),
            "held_out_of_training_split": test is train,
            "training_images": len(rows),
            "classes": class_names,
            "image_shape": train.example_shape,
            "weights": features.version,
            "recipe": dataclasses.asdict(recipe),
        }
        write_atomically(f"{path}.json", json.dumps(description, indent=1).encode())
    _require_skill(features.held_out_accuracy, _labels(test)[test_rows])
    return features


def _labels(store: Store) -> np.ndarray:
    """The labels of the chosen classes' examples, int32 [num_examples]."""
    assert store.labels is not None
    return store.labels if store.selection is None else store.labels[store.selection]


def _require_skill(accuracy: float, labels: np.ndarray) -> None:
    chance = np.bincount(labels).max() / len(labels)
    if accuracy < chance + _LEAST_SKILL * (1 - chance) or chance == 1:
        raise WeakClassifierError(
            f"--eval_features=classifier: the classifier is right on {accuracy:.1%} of the "
            f"held-out images, where the most frequent class alone is right on {chance:.1%}, so "
            "that its features tell nothing; take --eval_features=random or "
            "--eval_features=inception."
        )


def _require_trainable(store: Store) -> tuple[str, ...]:
    remedy = "take --eval_features=random or --eval_features=inception."
    if not store.info.is_image:
        raise UserError(
            f"--eval_features=classifier needs images, but the data are points; {remedy}"
        )
    if store.labels is None or store.info.class_names is None:
        raise UserError(
            f"--eval_features=classifier needs labels, but the data have none; {remedy}"
        )
    if len(store.info.class_names) < 2:
        raise UserError(
            "--eval_features=classifier needs two classes, but the data have only "
            f"{store.info.class_names[0]}; {remedy}"
        )
    if store.num_examples < _MIN_EXAMPLES:
        raise UserError(
            f"--eval_features=classifier needs {_MIN_EXAMPLES} images, but there are "
            f"{store.num_examples}; {remedy}"
        )
    return store.info.class_names


def _fits(held_out: Store, train: Store) -> bool:
    return (
        held_out.labels is not None
        and held_out.info.class_names == train.info.class_names
        and held_out.example_shape == train.example_shape
        and examples_digest(held_out) != examples_digest(train)
    )


def _read(path: str, classifier: keras.Model) -> ClassifierFeatures | None:
    """Fills `classifier` from the files at `path`; None if either is missing or damaged."""
    arrays = read_arrays(f"{path}.npz")
    if arrays is None:
        return None
    try:
        with tf.io.gfile.GFile(f"{path}.json", "rb") as file:
            description = json.loads(file.read())
        accuracy, weights = float(description["held_out_accuracy"]), description["weights"]
    except (tf.errors.NotFoundError, ValueError, KeyError, TypeError):
        return None
    if weights != arrays_digest(arrays):
        return None
    classifier.set_weights(list(arrays.values()))
    return ClassifierFeatures(classifier, accuracy)
