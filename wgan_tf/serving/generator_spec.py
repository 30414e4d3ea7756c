"""What a trained generator takes and gives."""

import dataclasses
from typing import Self

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.labels import count_classes
from wgan_tf.latents import EXAMPLES_PER_BLOCK
from wgan_tf.networks import registry
from wgan_tf.pixels import PixelScale


@dataclasses.dataclass(frozen=True)
class GeneratorSpec:
    """What a trained generator takes and gives.

    Attributes:
        example_shape: (H, W, C) of images, (D,) of points.
        latent_dim: length of one latent vector.
        latent_distribution: the distribution that it was trained on.
        class_names: of the labels that it takes; empty if it takes none.
        pixel_scale: where pixels lie among its values; None of points, and where they are in
            [0, 1] already.
        examples_per_block: part of the mapping from a seed to its examples.
    """

    example_shape: tuple[int, ...]
    latent_dim: int
    latent_distribution: str
    class_names: tuple[str, ...] = ()
    pixel_scale: PixelScale | None = None
    examples_per_block: int = EXAMPLES_PER_BLOCK

    @classmethod
    def of_run(cls, config: Config, info: DatasetInfo) -> Self:
        """The generator of a run with this configuration on these data."""
        return cls(
            example_shape=info.example_shape,
            latent_dim=config.latent_dim,
            latent_distribution=config.latent_distribution,
            class_names=(info.class_names or ()) if count_classes(config, info) else (),
            pixel_scale=registry.pixel_scale(config),
        )

    @property
    def is_image(self) -> bool:
        """Whether an example is an image; else it is a point."""
        return len(self.example_shape) > 1

    @property
    def num_classes(self) -> int:
        """Of the labels; 0 if it takes none."""
        return len(self.class_names)
