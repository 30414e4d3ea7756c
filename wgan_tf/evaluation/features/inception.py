"""Features of the 2015 Inception graph, from a file that the user has."""

import hashlib
import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from wgan_tf.errors import UserError, reason
from wgan_tf.evaluation.features.extractor import Extraction
from wgan_tf.evaluation.features.inception_preprocessing import SIDE, inception_inputs
from wgan_tf.files import join

_Outputs = dict[str, tf.Tensor]
_HASHED_AT_ONCE = 1 << 20


class InceptionFeatures:
    """The outputs of the layer `pool_3` (2048 in the 2015 graph) and the class probabilities.

    Float32 throughout. The metrics' names tell the protocol of the resize: `inception` is
    `legacy_tensorflow`, `inception_clean` is `clean`; they do not compare with each other.

    A frozen graph (`classify_image_graph_def.pb` of 2015, or TF-GAN's) is fed at its node `Mul`,
    behind its own resize, and read at `pool_3` and, if it has one, `logits`. The graph of 2015 has
    none: its logits are `pool_3` times the weights of `softmax/logits`, without the bias, as
    Salimans et al. 2016 computed the inception score.

    A SavedModel or TF-Hub folder is called at its signature `serving_default` or `default`, or
    else itself, with the same input, and gives a dictionary with `pool_3` and perhaps `logits`.
    """

    def __init__(self, path: str, *, protocol: str = "legacy_tensorflow") -> None:
        """Loads a graph.

        Args:
            path: a frozen graph (a file) or a SavedModel or unpacked TF-Hub module (a folder).
            protocol: of the resize: `legacy_tensorflow` or `clean`.

        Raises:
            UserError: it cannot be read, or has no such input or output.
        """
        self.name = "inception" if protocol == "legacy_tensorflow" else f"inception_{protocol}"
        self._protocol = protocol
        is_folder = tf.io.gfile.isdir(path)
        self._run = _load_saved_model(path) if is_folder else _load_frozen_graph(path)
        self.version = _digest(path)
        probe = _run_checked(self._run, path, np.zeros((2, SIDE, SIDE, 3), np.float32))
        self.gives_class_probabilities = "logits" in probe
        self.classes_are_labels = False

    def extract(self, images: np.ndarray) -> Extraction:
        """See `FeatureExtractor`; images of 1 or 3 channels."""
        outputs = self._run(tf.constant(inception_inputs(images, self._protocol)))
        features = tf.reshape(tf.cast(outputs["pool_3"], tf.float32), (len(images), -1)).numpy()
        if not self.gives_class_probabilities:
            return Extraction(features, None)
        probabilities = tf.nn.softmax(tf.cast(outputs["logits"], tf.float32)).numpy()
        return Extraction(features, probabilities.reshape(len(images), -1))


def _unusable(path: str, why: str) -> UserError:
    return UserError(
        f"--inception={path} {why}; name the 2015 Inception graph as a frozen graph (.pb), a "
        "SavedModel or a TF-Hub folder."
    )


def _run_checked(run: Callable[[tf.Tensor], _Outputs], path: str, images: np.ndarray) -> _Outputs:
    try:
        outputs = run(tf.constant(images))
    except (tf.errors.OpError, ValueError, TypeError) as error:
        raise _unusable(
            path, f"takes no float32 images [N, {SIDE}, {SIDE}, 3] ({reason(error)})"
        ) from error
    if not isinstance(outputs, dict) or "pool_3" not in outputs:
        raise _unusable(path, "has no output pool_3")
    shape = tuple(outputs["pool_3"].shape)
    if len(shape) < 2 or math.prod(shape) != len(images) * shape[-1]:
        raise _unusable(path, f"gives pool_3 of the shape {shape} for {len(images)} images")
    return outputs


def _load_frozen_graph(path: str) -> Callable[[tf.Tensor], _Outputs]:
    graph = tf.compat.v1.GraphDef()
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            graph.ParseFromString(file.read())
    except tf.errors.OpError as error:
        raise _unusable(path, "cannot be read") from error
    except DecodeError as error:
        raise _unusable(path, "is no frozen graph") from error
    nodes = {node.name: node for node in graph.node}
    for name in ("Mul", "pool_3"):
        if name not in nodes:
            raise _unusable(path, f"has no node {name}")
    wanted = {"pool_3": "pool_3:0"}
    if "logits" in nodes:
        wanted["logits"] = "logits:0"
    elif "softmax/logits/MatMul" in nodes:
        wanted["weights"] = f"{nodes['softmax/logits/MatMul'].input[1]}:0"

    def run(images: tf.Tensor) -> _Outputs:
        tensors = tf.graph_util.import_graph_def(
            graph, {"Mul:0": images}, list(wanted.values()), name=""
        )
        outputs = dict(zip(wanted, tensors, strict=True))
        if "weights" in outputs:
            pooled = tf.reshape(outputs["pool_3"], (tf.shape(images)[0], -1))
            outputs["logits"] = pooled @ outputs.pop("weights")
        return outputs

    signature = tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32)
    try:
        return tf.compat.v1.wrap_function(run, [signature])
    except ValueError as error:
        raise _unusable(path, f"cannot be run ({reason(error)})") from error


def _load_saved_model(path: str) -> Callable[[tf.Tensor], _Outputs]:
    try:
        model = tf.saved_model.load(path)
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        raise _unusable(path, "is no SavedModel") from error
    signatures = model.signatures
    signature = signatures.get("serving_default") or signatures.get("default")
    if signature is None and not callable(model):
        raise _unusable(path, "has no signature serving_default or default")

    # Naming the model in here keeps alive the variables that a signature needs.
    def run(images: tf.Tensor) -> _Outputs:
        if signature is None:
            return model(images)
        (argument,) = signature.structured_input_signature[1]
        return signature(**{argument: images})

    return run


def _digest(path: str) -> str:
    paths = [path]
    if tf.io.gfile.isdir(path):
        paths = sorted(
            join(folder, file) for folder, _, files in tf.io.gfile.walk(path) for file in files
        )
    digest = hashlib.sha256()
    for each in paths:
        digest.update(each.removeprefix(path).encode() + b"\0")
        with tf.io.gfile.GFile(each, "rb") as file:
            while block := file.read(_HASHED_AT_ONCE):
                digest.update(block)
    return digest.hexdigest()[:16]
