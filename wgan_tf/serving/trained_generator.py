"""A trained generator, from a run or from a SavedModel, that latents go into."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np
import tensorflow as tf

from wgan_tf.errors import UserError
from wgan_tf.latents import draw_latents
from wgan_tf.serving.saved_model import MODEL_CARD, newest_version


@dataclasses.dataclass(frozen=True)
class TrainedGenerator:
    """What a generator takes and gives.

    Attributes:
        origin: the option that named it.
        example_shape: (H, W, C) of pictures, (D,) of points.
        class_names: of the labels that it takes; empty if it takes none.
        latent_dim: length of one latent vector.
        latent_distribution: the distribution that it was trained on.
        examples_per_block: part of the mapping from a seed to its examples.
        serve: the signature `serving_default`.
    """

    origin: str
    example_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    latent_dim: int
    latent_distribution: str
    examples_per_block: int
    serve: Callable[..., Mapping[str, tf.Tensor]]

    @classmethod
    def from_saved_model(cls, path: str) -> Self:
        """The generator of an exported version, or of the newest one in a folder of versions.

        Raises:
            UserError: no SavedModel of this package is there.
        """
        origin = f"--saved_model={path}"
        version = path.rstrip("/")
        if not tf.io.gfile.exists(f"{version}/saved_model.pb") and tf.io.gfile.isdir(version):
            version = newest_version(version) or version
        try:
            with tf.io.gfile.GFile(f"{version}/{MODEL_CARD}") as file:
                card = json.load(file)
            model = tf.saved_model.load(version)
            return cls.from_card(origin, card, _Signature(model, "serving_default"))
        except (OSError, tf.errors.OpError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{origin} holds no SavedModel that wgan_tf.export wrote; name a folder such as "
                "runs/digits/export/1."
            ) from error

    @classmethod
    def from_card(cls, origin: str, card: Mapping[str, Any], serve: Callable[..., Any]) -> Self:
        """The generator that a model card tells of; other arguments as the attributes are."""
        latent = card["latent"]
        return cls(
            origin=origin,
            example_shape=tuple(card["example_shape"]),
            class_names=tuple(card["classes"] or ()),
            latent_dim=latent["dim"],
            latent_distribution=latent["distribution"],
            examples_per_block=latent["examples_per_block"],
            serve=serve,
        )

    def latents(self, n: int, seed: int) -> np.ndarray:
        """The first n latents of a seed, float32 [n, latent_dim], as `sample` draws them."""
        return np.concatenate(list(self.latent_blocks(n, seed)))[:n]

    def latent_blocks(self, n: int, seed: int) -> Iterator[np.ndarray]:
        """The blocks, float32 [examples_per_block, latent_dim], with a seed's first n latents."""
        shape = [self.examples_per_block, self.latent_dim]
        for block in range(-(-n // self.examples_per_block)):
            key = tf.constant([seed, block], tf.int64)
            yield draw_latents(key, shape, self.latent_distribution).numpy()

    def generate(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Generates examples block by block, as `sample` does; the last may be filled up.

        Args:
            latents: float32 [N, latent_dim].
            labels: int32 [N] where the generator takes labels, else None.

        Returns:
            Pictures uint8 [N, H, W, C] or points float32 [N, D].
        """
        size = self.examples_per_block
        return np.concatenate(
            [
                self._generate_block(
                    latents[start : start + size],
                    None if labels is None else labels[start : start + size],
                )
                for start in range(0, len(latents), size)
            ]
        )

    def request(
        self, latents: np.ndarray, labels: np.ndarray | None = None
    ) -> dict[str, tf.Tensor]:
        """Arguments of `serve`; without labels, those of a conditional generator go in turn."""
        arguments = {"latent": tf.constant(latents)}
        if self.class_names:
            in_turn = np.arange(len(latents), dtype=np.int32) % len(self.class_names)
            arguments["label"] = tf.constant(in_turn if labels is None else labels)
        return arguments

    def _generate_block(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        count = len(latents)
        missing = self.examples_per_block - count
        padded = np.pad(latents, ((0, missing), (0, 0)), mode="wrap")
        padded_labels = None if labels is None else np.pad(labels, (0, missing), mode="wrap")
        (examples,) = self.serve(**self.request(padded, padded_labels)).values()
        drawn = examples.numpy()[:count]
        if len(self.example_shape) == 1:
            return drawn
        return np.round(drawn * np.float32(255)).astype(np.uint8)


class _Signature:
    """A signature of a loaded model, which does not keep the model's variables alive itself."""

    def __init__(self, model: tf.Module, name: str) -> None:
        self._model = model
        self._function = model.signatures[name]

    def __call__(self, **arguments: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return self._function(**arguments)
