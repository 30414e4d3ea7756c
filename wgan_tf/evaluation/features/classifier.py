"""A small convolutional classifier, trained on the data's own labels."""

import dataclasses
import math
import sys

import keras
import numpy as np
import tensorflow as tf
import tqdm

from wgan_tf.data.batches import batch_indices
from wgan_tf.data.store import Store
from wgan_tf.evaluation.cache import arrays_digest
from wgan_tf.evaluation.features.extractor import Extraction
from wgan_tf.networks.layers import LayerFactory
from wgan_tf.pixels import PixelScale, from_uint8

_EVALUATION_BATCH = 500
_PIXEL_SCALE = PixelScale(-1.0, 1.0)


@dataclasses.dataclass(frozen=True)
class ClassifierRecipe:
    """How a classifier is built and trained.

    Attributes:
        version: goes up when the same numbers below train another classifier.
        dimension: units of the penultimate layer, whose outputs are the features.
        steps: updates by Adam.
        batch_size: images in one.
        learning_rate: at the first update; it falls in a straight line, to 0 after the last.
        seed: of the initial values and of the data's order.
    """

    version: int = 1
    dimension: int = 128
    steps: int = 2500
    batch_size: int = 128
    learning_rate: float = 2e-3
    seed: int = 0


class ClassifierFeatures:
    """The penultimate layer of a classifier, after its rectifier, and its class probabilities.

    Float32 throughout, from pixels in [-1, 1]; D is the recipe's dimension.
    """

    name = "classifier"
    gives_class_probabilities = True
    classes_are_labels = True

    def __init__(self, classifier: keras.Model, held_out_accuracy: float) -> None:
        """Wraps a trained classifier, whose outputs are the features and the logits.

        Args:
            classifier: as `build_classifier` makes it.
            held_out_accuracy: in [0, 1], on images it was not trained on.
        """
        self.held_out_accuracy = held_out_accuracy
        self.version = arrays_digest(classifier_arrays(classifier))
        signature = tf.TensorSpec((None, *classifier.input_shape[1:]), tf.uint8)

        @tf.function(input_signature=[signature], autograph=False)
        def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            features, logits = classifier(from_uint8(images, _PIXEL_SCALE), training=False)
            return features, tf.nn.softmax(logits)

        self._run = run

    def extract(self, images: np.ndarray) -> Extraction:
        """See `FeatureExtractor`."""
        features, probabilities = self._run(images)
        return Extraction(features.numpy(), probabilities.numpy())


def build_classifier(
    image_shape: tuple[int, ...], num_classes: int, recipe: ClassifierRecipe
) -> keras.Model:
    """An untrained classifier: images float32 in [-1, 1] to features and logits.

    Convolutions of stride 2 (5x5 with 32 filters, then 3x3 with 64, 128, 128, ...), two at least,
    until neither side is longer than 7, then a dense layer, all with rectifiers; then the logits.
    """
    layers = LayerFactory("float32", recipe.seed, "he_uniform")
    inputs = x = layers.input(image_shape)
    for block in range(max(2, math.ceil(math.log2(max(image_shape[:2]) / 7)))):
        x = layers.convolution(32 * 2 ** min(block, 2), 3 if block else 5, stride=2)(x)
        x = layers.relu()(x)
    features = layers.relu()(layers.dense(recipe.dimension)(layers.flatten()(x)))
    return keras.Model(inputs, [features, layers.head(num_classes)(features)])


def train_classifier(
    store: Store, rows: np.ndarray, num_classes: int, recipe: ClassifierRecipe
) -> keras.Model:
    """Trains a classifier by cross-entropy.

    The same examples and recipe give the same bits on one CPU; another device's kernels add in
    another order and give another classifier, of the same quality.

    Args:
        store: labelled images.
        rows: integers [n], the examples of the store to train on.
        num_classes: one more than the largest label.
        recipe: how.
    """
    classifier = build_classifier(store.example_shape, num_classes, recipe)
    variables = classifier.trainable_variables
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.PolynomialDecay(
            recipe.learning_rate, recipe.steps, end_learning_rate=0.0
        )
    )
    optimizer.build(variables)

    @tf.function(autograph=False)
    def update(images: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            _, logits = classifier(from_uint8(images, _PIXEL_SCALE), training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, variables), variables)

    steps = tqdm.trange(
        recipe.steps, desc="classifier", leave=False, disable=not sys.stderr.isatty()
    )
    for step in steps:
        batch = batch_indices(len(rows), recipe.batch_size, recipe.seed, step)
        images, labels = store.read(rows[batch])
        update(tf.constant(images), tf.constant(labels))
    return classifier


def classifier_accuracy(classifier: keras.Model, store: Store, rows: np.ndarray) -> float:
    """The share of the given examples of a labelled store that get the highest logit, in [0, 1]."""
    num_right = 0
    for start in range(0, len(rows), _EVALUATION_BATCH):
        images, labels = store.read(rows[start : start + _EVALUATION_BATCH])
        _, logits = classifier(from_uint8(tf.constant(images), _PIXEL_SCALE), training=False)
        num_right += int((logits.numpy().argmax(axis=1) == labels).sum())
    return num_right / len(rows)


def classifier_arrays(classifier: keras.Model) -> dict[str, np.ndarray]:
    """A classifier's weights by name, in their order."""
    return {f"weight_{n:02}": array for n, array in enumerate(classifier.get_weights())}
