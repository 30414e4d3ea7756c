"""Options that are lists with one entry a layer."""

from typing import Any

from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.options import format_value


def per_layer(config: Config, option: str, layers: int, counted: str) -> tuple[Any, ...]:
    """One entry of a list option for each layer; a single entry stands for all.

    Args:
        config: the run's configuration.
        option: the list's name.
        layers: how many there are.
        counted: which layers these are, for errors.

    Raises:
        UserError: neither one entry nor one a layer.
    """
    entries = getattr(config, option)
    if len(entries) == 1:
        return entries * layers
    if len(entries) != layers:
        raise UserError(
            f"--{option}={format_value(entries)} has {len(entries)} entries for the {layers} "
            f"{counted}; give one for all of them, or {layers}."
        )
    return entries
