from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.untrained import card_of
from wgan_tf.serving.saved_model import write_saved_model
from wgan_tf.serving.served_module import ImageModule
from wgan_tf.serving.warmup import encode_prediction_log

prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")


def test_a_record_is_a_prediction_log() -> None:
    latent = np.arange(600, dtype=np.float32).reshape(100, 6)
    record = encode_prediction_log("m", "s", {"latent": latent, "label": tf.constant([1, 2])})
    log = prediction_log_pb2.PredictionLog.FromString(record)
    assert log.WhichOneof("log_type") == "predict_log"
    request = log.predict_log.request
    assert (request.model_spec.name, request.model_spec.signature_name) == ("m", "s")
    assert request.inputs.keys() == {"latent", "label"}
    np.testing.assert_array_equal(tf.make_ndarray(request.inputs["latent"]), latent)
    np.testing.assert_array_equal(tf.make_ndarray(request.inputs["label"]), [1, 2])


def test_a_model_is_warmed_up_on_every_signature(
    conditional_module: ImageModule, tmp_path: Path
) -> None:
    path = write_saved_model(conditional_module, tmp_path, card_of(conditional_module.spec))
    model = tf.saved_model.load(path)
    records = tf.data.TFRecordDataset(f"{path}/assets.extra/tf_serving_warmup_requests")
    requests = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        for record in records
    ]
    assert {request.model_spec.signature_name for request in requests} == set(model.signatures)
    for request in requests:
        inputs = {name: tf.constant(tf.make_ndarray(t)) for name, t in request.inputs.items()}
        (output,) = model.signatures[request.model_spec.signature_name](**inputs).values()
        assert output.shape[0] == 17
