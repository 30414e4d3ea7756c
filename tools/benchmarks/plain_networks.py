"""The networks of a configuration as Keras's layers alone, and as a list of them for PyTorch."""

import dataclasses
import json
from typing import Any

import keras

from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.networks import registry

# What the others are told of a configuration.
SETTINGS = (
    *("batch_size", "critic_steps", "latent_dim", "lipschitz", "penalty_weight", "clip_value"),
    *("optimizer", "generator_learning_rate", "critic_learning_rate", "beta_1", "beta_2", "rho"),
)


def build_plain(config: Config, info: DatasetInfo) -> tuple[keras.Model, keras.Model]:
    """The generator and the critic, in float32 or bfloat16 as configured.

    Raises:
        UserError: they are not what a user of another library would compare.
    """
    if config.objective != "wasserstein" or config.conditional != "none":
        raise UserError(
            "Others are compared on --objective=wasserstein without classes alone; leave "
            "--against=keras and torch out."
        )
    of_constraint = {
        field.name: field.default
        for field in configuration.fields()
        if field.metadata["only_with"] and field.metadata["only_with"].option == "lipschitz"
    }
    precision = "bfloat16" if config.precision == "bfloat16" else "float32"
    # With a penalty, rectifiers would be ours.
    plain = dataclasses.replace(
        config, **{**of_constraint, "lipschitz": "none", "precision": precision}
    )
    return registry.build_generator(plain, info), registry.build_critic(plain, info)


def networks_as_json(config: Config, info: DatasetInfo, *, is_compiled: bool) -> str:
    """What `torch_user.py` reads."""
    generator, critic = build_plain(config, info)
    return json.dumps(
        {
            **{name: getattr(config, name) for name in SETTINGS},
            "example_shape": info.example_shape,
            "is_bfloat16": config.precision == "bfloat16",
            "is_compiled": is_compiled,
            "generator": [_as_dict(layer) for layer in generator.layers],
            "critic": [_as_dict(layer) for layer in critic.layers],
        }
    )


def _as_dict(layer: keras.Layer) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": type(layer).__name__}
    for name in ("units", "filters", "use_bias", "strides", "kernel_size", "size", "cropping"):
        if hasattr(layer, name):
            found[name] = getattr(layer, name)
    found["use_bias"] = bool(getattr(layer, "use_bias", False))
    if hasattr(layer, "negative_slope"):
        found["negative_slope"] = float(layer.negative_slope)
    activation = getattr(layer, "activation", None)
    if activation is not None:
        found["activation"] = activation.__name__
    found["output_shape"] = layer.output.shape[1:]
    return found
