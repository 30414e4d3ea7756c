"""A generator in the formats of other runtimes, each one run before it counts."""

import contextlib
import importlib.util
import io
import os
import pathlib
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

from wgan_tf.errors import ExportError, UserError
from wgan_tf.files import write_atomically
from wgan_tf.pixels import unit_interval_line
from wgan_tf.serving.generator_spec import GeneratorSpec

TOLERANCE = 1e-3

Arguments: TypeAlias = Mapping[str, np.ndarray]
Converter: TypeAlias = Callable[[keras.Model, str], None]
Runner: TypeAlias = Callable[[str, Arguments], np.ndarray]


def build_served_model(generator: keras.Model, spec: GeneratorSpec) -> keras.Model:
    """A Keras model that computes what the signature `serving_default` does, to 1e-6.

    Args:
        generator: takes [latent float32 [N, latent_dim], label int32 [N] if any].
        spec: what it takes and gives.

    Returns:
        A model of [latent, label if any] that gives {"images": float32 in [0, 1]}, or
        {"points": float32}.
    """
    inputs = [keras.Input((spec.latent_dim,), dtype="float32", name="latent")]
    if spec.num_classes:
        inputs.append(keras.Input((), dtype="int32", name="label"))
    output = generator(inputs)
    if spec.pixel_scale is not None:
        slope, offset = unit_interval_line(spec.pixel_scale)
        output = keras.layers.Rescaling(slope, offset, dtype="float32")(output)
        # What clips to the unit interval in every format.
        output = keras.layers.ReLU(max_value=1.0, dtype="float32")(output)
    name = "images" if spec.is_image else "points"
    return keras.Model(inputs, {name: output}, name="served_generator")


def check_installed(format_name: str) -> None:
    """Checks that the packages that a format needs are there.

    Raises:
        UserError: they are not, or there is no such format.
    """
    if format_name not in FORMATS:
        raise UserError(
            f"--formats={format_name} is not known; take some of saved_model, {', '.join(FORMATS)}."
        )
    missing = [
        package
        for package in REQUIRED_PACKAGES.get(format_name, ())
        if importlib.util.find_spec(package) is None
    ]
    if missing:
        raise UserError(
            f"--formats={format_name} needs {' and '.join(missing)}; install them with pip "
            f"install 'wgan_tf[{format_name}]'."
        )


def write_converted(
    model: keras.Model, format_name: str, path: str, probes: Arguments, expected: np.ndarray
) -> float:
    """Converts a model, runs the result, and writes it if it does what it should.

    Args:
        model: of `build_served_model`.
        format_name: one of `FORMATS`.
        path: the file to write, on a local disk or not.
        probes: arguments by the name of the input.
        expected: what they should give.

    Returns:
        The largest absolute difference from what was expected.

    Raises:
        ExportError: the model cannot be converted or run, or differs by more than `TOLERANCE`;
            no file is left then.
    """
    convert, run = FORMATS[format_name]
    with tempfile.TemporaryDirectory() as folder:
        unverified = f"{folder}/model.{format_name}"
        try:
            # Keras prints what it exports, on the way to another format.
            with (
                contextlib.redirect_stdout(io.StringIO()),
                warnings.catch_warnings(action="ignore"),
            ):
                convert(model, unverified)
                actual = run(unverified, probes)
        except Exception as error:
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise ExportError(
                f"The model cannot be converted to {format_name} ({reason})."
            ) from error
        if actual.shape != expected.shape:
            raise ExportError(
                f"The {format_name} model gives {actual.shape}, not {expected.shape}; "
                "it is not kept."
            )
        difference = float(np.max(np.abs(actual.astype(np.float64) - expected)))
        # Not a number is not small either.
        if not difference <= TOLERANCE:
            raise ExportError(
                f"The {format_name} model differs from the original by up to {difference:.3g}, "
                f"more than {TOLERANCE:g}; it is not kept."
            )
        write_atomically(path, pathlib.Path(unverified).read_bytes())
    return difference


def _convert_to_tflite(model: keras.Model, path: str) -> None:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    pathlib.Path(path).write_bytes(converter.convert())


def _run_tflite(path: str, arguments: Arguments) -> np.ndarray:
    interpreter = tf.lite.Interpreter(model_path=path)
    (output,) = interpreter.get_signature_runner()(**arguments).values()
    return output


def _convert_to_onnx(model: keras.Model, path: str) -> None:
    signature = [
        tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name) for tensor in model.inputs
    ]
    function = tf.function(lambda *inputs: model(list(inputs)), input_signature=signature)
    with _environment_kept():
        import tf2onnx

        tf2onnx.convert.from_function(
            function, input_signature=signature, opset=17, output_path=path
        )


def _run_onnx(path: str, arguments: Arguments) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, dict(arguments))
    return output


def _convert_to_keras(model: keras.Model, path: str) -> None:
    model.save(path)


def _run_keras(path: str, arguments: Arguments) -> np.ndarray:
    (output,) = keras.models.load_model(path)(list(arguments.values())).values()
    return output.numpy()


@contextlib.contextmanager
def _environment_kept() -> Iterator[None]:
    """Undoes what is done to the environment, in which tf2onnx sets TensorFlow's log level."""
    kept = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


FORMATS: Mapping[str, tuple[Converter, Runner]] = MappingProxyType(
    {
        "tflite": (_convert_to_tflite, _run_tflite),
        "onnx": (_convert_to_onnx, _run_onnx),
        "keras": (_convert_to_keras, _run_keras),
    }
)
REQUIRED_PACKAGES = MappingProxyType({"onnx": ("tf2onnx", "onnxruntime")})
