"""Requests that TensorFlow Serving plays to a model before it serves it.

They are `tensorflow.serving.PredictionLog` messages, written here field by field: the only
message in them that is not a few strings is TensorFlow's own TensorProto, and the package that
defines the others is not needed to export.
"""

from collections.abc import Mapping

import tensorflow as tf

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"

# Field numbers of tensorflow_serving/apis: prediction_log.proto, predict.proto, model.proto.
_PREDICTION_LOG_PREDICT_LOG = 6
_PREDICT_LOG_REQUEST = 1
_PREDICT_REQUEST_MODEL_SPEC = 1
_PREDICT_REQUEST_INPUTS = 2
_MODEL_SPEC_NAME = 1
_MODEL_SPEC_SIGNATURE_NAME = 3
_MAP_KEY = 1
_MAP_VALUE = 2


def write_warmup_requests(
    model_path: str, requests: Mapping[str, Mapping[str, tf.Tensor]], model_name: str = "wgan_tf"
) -> None:
    """Writes a request for each signature into a SavedModel's folder, as a TFRecord file.

    Args:
        model_path: the SavedModel's folder.
        requests: the arguments by the name of the signature.
        model_name: what the requests call the model; a server does not look at it.
    """
    with tf.io.TFRecordWriter(f"{model_path}/{WARMUP_FILE}") as writer:
        for signature, arguments in requests.items():
            writer.write(encode_prediction_log(model_name, signature, arguments))


def encode_prediction_log(
    model_name: str, signature: str, arguments: Mapping[str, tf.Tensor]
) -> bytes:
    """A PredictionLog of a PredictRequest, in protocol buffers' wire format."""
    model_spec = _field(_MODEL_SPEC_NAME, model_name.encode()) + _field(
        _MODEL_SPEC_SIGNATURE_NAME, signature.encode()
    )
    request = _field(_PREDICT_REQUEST_MODEL_SPEC, model_spec)
    for name, value in arguments.items():
        tensor = tf.make_tensor_proto(value).SerializeToString()
        entry = _field(_MAP_KEY, name.encode()) + _field(_MAP_VALUE, tensor)
        request += _field(_PREDICT_REQUEST_INPUTS, entry)
    return _field(_PREDICTION_LOG_PREDICT_LOG, _field(_PREDICT_LOG_REQUEST, request))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
