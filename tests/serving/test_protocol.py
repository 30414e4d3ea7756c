"""The requests of docs/serving.md, through TensorFlow Serving's own messages.

REST bodies become PredictRequests by the rules of tensorflow.org/tfx/serving/api_rest.
"""

import base64
import io
import json
import math
import re
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from tests.untrained import card_of
from wgan_tf.pixels import PixelScale
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.saved_model import write_saved_model
from wgan_tf.serving.served_module import ServedModule, build_served_module

grpc = pytest.importorskip("grpc")
predict_pb2 = pytest.importorskip("tensorflow_serving.apis.predict_pb2")
services = pytest.importorskip("tensorflow_serving.apis.prediction_service_pb2_grpc")

GUIDE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
REQUESTS = re.findall(r"```http\nPOST /v1/models/(\w+):predict\n\n(.+?)\n```", GUIDE, re.DOTALL)


def make_module(
    latent_dim: int, example_shape: tuple[int, ...], num_classes: int = 0
) -> ServedModule:
    keras.utils.set_random_seed(3)
    inputs = [keras.Input([latent_dim])]
    x = inputs[0]
    if num_classes:
        inputs.append(keras.Input([], dtype="int32"))
        x = keras.layers.Multiply()([x, keras.layers.Embedding(num_classes, latent_dim)(inputs[1])])
    x = keras.layers.Dense(math.prod(example_shape), activation="tanh")(x)
    generator = keras.Model(inputs, keras.layers.Reshape(example_shape)(x))
    names = tuple(map(str, range(num_classes)))
    scale = PixelScale(-1.0, 1.0) if len(example_shape) == 3 else None
    spec = GeneratorSpec(example_shape, latent_dim, "normal", names, scale)
    return build_served_module(generator, spec)


@pytest.fixture(scope="module")
def modules() -> dict[str, ServedModule]:
    """Of the shapes that the guide tells, by the name of the model."""
    return {
        "digits": make_module(64, (8, 8, 1)),
        "toy_25gaussians": make_module(2, (2,)),
        "conditional": make_module(4, (8, 8, 1), num_classes=3),
    }


class Service(services.PredictionServiceServicer):
    """Predicts with loaded models, as the server's Predict does."""

    def __init__(self, paths: dict[str, str]) -> None:
        self.models = {name: tf.saved_model.load(path) for name, path in paths.items()}

    def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802
        model = self.models[request.model_spec.name]
        function = model.signatures[request.model_spec.signature_name or "serving_default"]
        arguments = {
            name: tf.constant(tf.make_ndarray(tensor)) for name, tensor in request.inputs.items()
        }
        try:
            outputs = function(**arguments)
        except tf.errors.InvalidArgumentError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, error.message)
        response = predict_pb2.PredictResponse()
        for name, tensor in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(tensor.numpy()))
        return response


@pytest.fixture(scope="module")
def service(modules: dict[str, ServedModule], tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("models")
    return Service(
        {
            name: write_saved_model(module, folder / name, card_of(module.spec))
            for name, module in modules.items()
        }
    )


@pytest.fixture(scope="module")
def address(service: Service) -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    services.add_PredictionServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


def to_request(service: Service, model: str, body: dict[str, Any]) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = body.get("signature_name", "serving_default")
    function = service.models[model].signatures[request.model_spec.signature_name]
    specs = function.structured_input_signature[1]
    if "instances" in body:
        assert len({len(row) for row in body["instances"]}) == 1
        rows = [row if isinstance(row, dict) else {only(specs): row} for row in body["instances"]]
        inputs = {name: [row[name] for row in rows] for name in rows[0]}
    else:
        inputs = body["inputs"]
        inputs = inputs if isinstance(inputs, dict) else {only(specs): inputs}
    assert inputs.keys() == specs.keys()
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value, specs[name].dtype))
    return request


def only(names: dict[str, Any]) -> str:
    (name,) = names
    return name


def to_json(body: dict[str, Any], response: Any) -> dict[str, Any]:
    (name, tensor) = next(iter(response.outputs.items()))
    values = tf.make_ndarray(tensor)
    if name.endswith("_bytes"):
        listed: Any = [{"b64": base64.b64encode(value).decode()} for value in values]
    else:
        listed = values.tolist()
    return {"predictions" if "instances" in body else "outputs": listed}


def post(service: Service, address: str, model: str, body: dict[str, Any]) -> Any:
    request = to_request(service, model, body)
    with grpc.insecure_channel(address) as channel:
        response = services.PredictionServiceStub(channel).Predict(request, timeout=60)
    answer = json.loads(json.dumps(to_json(body, response)))
    return answer["predictions" if "instances" in body else "outputs"]


def expected(module: ServedModule, body: dict[str, Any]) -> np.ndarray:
    """What the module that was exported gives for a body."""
    inputs = body.get("inputs")
    if isinstance(inputs, dict) and "seed" in inputs:
        label = [inputs["label"]] if "label" in inputs else []
        (examples,) = module.sample(inputs["n"], inputs["seed"], *label).values()
        return examples.numpy()
    if isinstance(inputs, dict):
        latent, label = inputs["latent"], [inputs["label"]]
    elif inputs is not None:
        latent, label = inputs, []
    elif isinstance(body["instances"][0], dict):
        latent = [row["latent"] for row in body["instances"]]
        label = [[row["label"] for row in body["instances"]]]
    else:
        latent, label = body["instances"], []
    (examples,) = module.serving_default(np.array(latent, np.float32), *label).values()
    return examples.numpy()


def test_the_guide_has_requests_of_all_forms(modules: dict[str, ServedModule]) -> None:
    assert {model for model, _ in REQUESTS} == modules.keys()
    assert {key for _, body in REQUESTS for key in json.loads(body)} == {
        "signature_name",
        "inputs",
        "instances",
    }


@pytest.mark.parametrize(("model", "text"), REQUESTS)
def test_rest_bodies_of_the_guide_get_the_models_answer(
    modules: dict[str, ServedModule], service: Service, address: str, model: str, text: str
) -> None:
    body = json.loads(text)
    answer = post(service, address, model, body)
    if body.get("signature_name") == "sample_png":
        files = [io.BytesIO(base64.b64decode(entry["b64"])) for entry in answer]
        answer = [np.asarray(PIL.Image.open(file))[..., np.newaxis] for file in files]
    np.testing.assert_allclose(answer, expected(modules[model], body), atol=1e-6)


def test_the_guides_grpc_client_gets_pictures(
    modules: dict[str, ServedModule], address: str
) -> None:
    (client,) = re.findall(r"```python\n(import grpc.+?)```", GUIDE, re.DOTALL)
    variables: dict[str, Any] = {}
    exec(client.replace("localhost:8500", address), variables)
    variables["channel"].close()
    pictures = modules["digits"].sample(4, 1)["images"].numpy()
    np.testing.assert_array_equal(variables["images"], pictures)


@pytest.mark.parametrize(
    ("model", "body", "complaint"),
    [
        ("digits", {"signature_name": "sample", "inputs": {"n": 0, "seed": 1}}, "n must be"),
        ("digits", {"instances": [[1.0, 2.0]]}, "latent must have rows of 64 numbers, but they"),
        (
            "conditional",
            {"signature_name": "sample", "inputs": {"n": 1, "seed": 1, "label": 3}},
            "label must be between 0 and 2, but is",
        ),
        (
            "conditional",
            {"inputs": {"latent": [[0.0] * 4], "label": [0, 1]}},
            "label must have one number for each row of latent, which has",
        ),
    ],
    ids=str,
)
def test_mistakes_are_told_by_the_server(
    service: Service, address: str, model: str, body: dict[str, Any], complaint: str
) -> None:
    assert complaint.split("64")[0].rstrip() in GUIDE
    with pytest.raises(grpc.RpcError) as error:
        post(service, address, model, body)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert complaint in error.value.details()
