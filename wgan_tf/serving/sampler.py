"""The functions that a served generator offers."""

import abc
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from wgan_tf.latents import (
    EXAMPLES_PER_BLOCK,
    generate_in_blocks,
    sample_latents,
)
from wgan_tf.pixels import OutputRange, to_uint8, to_unit_interval

Generator = Callable[[tf.Tensor], tf.Tensor]

MAX_EXAMPLES_PER_CALL = 10_000


class Sampler(tf.Module, abc.ABC):
    """A generator with the functions that its SavedModel serves.

    Attributes:
        serving_default: Examples of given latents, float32 [N, latent_dim], as floating point.
        sample: n examples (int32 []) of a seed (int64 []). The first ones are the same for every
            n. Raises tf.errors.InvalidArgumentError unless n is between 1 and
            MAX_EXAMPLES_PER_CALL.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        latent_dim: int,
        latent_distribution: str,
        example_shape: Sequence[int],
    ) -> None:
        """Wraps a generator; nothing is traced yet.

        Args:
            generator: Maps latents, float32 [N, latent_dim], to examples [N, *example_shape], as
                a Keras model or another trackable object, so that its variables are saved.
                Called with the latents alone it must be in inference mode, as a Keras model is.
            latent_dim: Length of one latent vector.
            latent_distribution: The distribution that the generator was trained on.
            example_shape: Shape of one example.
        """
        super().__init__()
        self._generator = generator
        self._latent_dim = latent_dim
        self._latent_distribution = latent_distribution
        self._example_shape = tf.TensorShape(example_shape)
        latent = tf.TensorSpec([None, latent_dim], tf.float32, name="latent")
        self.serving_default = tf.function(self._serving_default, input_signature=[latent])
        self.sample = self._seeded_function(self._sample)

    def signatures(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """Traces the functions under the names that the SavedModel gives them."""
        return {
            "serving_default": self.serving_default.get_concrete_function(),
            "sample": self.sample.get_concrete_function(),
        }

    def probes(self) -> dict[str, dict[str, tf.Tensor]]:
        """Gives arguments for each of the signatures, to compare two copies of a sampler by."""
        n = EXAMPLES_PER_BLOCK + 1
        latent = sample_latents(n, 0, self._latent_dim, self._latent_distribution)
        seeded = {"n": tf.constant(n, tf.int32), "seed": tf.constant(1, tf.int64)}
        return {
            name: {"latent": latent} if name == "serving_default" else seeded
            for name in self.signatures()
        }

    @abc.abstractmethod
    def _serving_default(self, latent: tf.Tensor) -> Mapping[str, tf.Tensor]: ...

    @abc.abstractmethod
    def _sample(self, n: tf.Tensor, seed: tf.Tensor) -> Mapping[str, tf.Tensor]: ...

    def _generate(self, latent: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(self._generator(latent), [None, *self._example_shape])

    def _generate_seeded(
        self,
        n: tf.Tensor,
        seed: tf.Tensor,
        finish: Callable[[tf.Tensor], tf.Tensor],
        dtype: tf.DType,
    ) -> tf.Tensor:
        allowed = tf.logical_and(n >= 1, n <= MAX_EXAMPLES_PER_CALL)
        message = f"n must be between 1 and {MAX_EXAMPLES_PER_CALL}, but is"
        with tf.control_dependencies([tf.debugging.Assert(allowed, [message, n])]):
            n = tf.identity(n)
        return generate_in_blocks(
            lambda latent: finish(self._generate(latent)),
            tf.TensorSpec(self._example_shape, dtype),
            n,
            seed,
            self._latent_dim,
            self._latent_distribution,
        )

    @staticmethod
    def _seeded_function(
        function: Callable[[tf.Tensor, tf.Tensor], Mapping[str, tf.Tensor]],
    ) -> tf.types.experimental.PolymorphicFunction:
        n = tf.TensorSpec([], tf.int32, name="n")
        seed = tf.TensorSpec([], tf.int64, name="seed")
        return tf.function(function, input_signature=[n, seed])


class ImageSampler(Sampler):
    """Serves a generator of pictures.

    Attributes:
        serving_default: `(latent) -> {"images": float32 [N, H, W, C] in [0, 1]}`.
        sample: `(n, seed) -> {"images": uint8 [n, H, W, C]}`.
        sample_png: `(n, seed) -> {"png_bytes": string [n]}`, the pictures of `sample`.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        latent_dim: int,
        latent_distribution: str,
        image_shape: Sequence[int],
        output_range: OutputRange,
    ) -> None:
        """Wraps a generator; nothing is traced yet.

        Args:
            generator: As `Sampler` takes it.
            latent_dim: Length of one latent vector.
            latent_distribution: The distribution that the generator was trained on.
            image_shape: (height, width, channels), with 1 to 4 channels.
            output_range: The generator's values of black and of full intensity.

        Raises:
            ValueError: If PNG has no such pictures.
        """
        if len(image_shape) != 3 or not 1 <= image_shape[2] <= 4:
            raise ValueError(
                f"The image shape is {tuple(image_shape)}, but must be height, width and 1 to 4 "
                "channels."
            )
        super().__init__(
            generator,
            latent_dim=latent_dim,
            latent_distribution=latent_distribution,
            example_shape=image_shape,
        )
        self._low, self._high = output_range
        self.sample_png = self._seeded_function(self._sample_png)

    def signatures(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """Traces the functions under the names that the SavedModel gives them."""
        return {**super().signatures(), "sample_png": self.sample_png.get_concrete_function()}

    def _serving_default(self, latent: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return {"images": to_unit_interval(self._generate(latent), (self._low, self._high))}

    def _sample(self, n: tf.Tensor, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return {"images": self._pictures(n, seed)}

    def _sample_png(self, n: tf.Tensor, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return {"png_bytes": tf.io.encode_png(self._pictures(n, seed))}

    def _pictures(self, n: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        def finish(output: tf.Tensor) -> tf.Tensor:
            return to_uint8(output, (self._low, self._high))

        return self._generate_seeded(n, seed, finish, tf.uint8)


class PointSampler(Sampler):
    """Serves a generator of points, in the units of the data; points have no PNG.

    Attributes:
        serving_default: `(latent) -> {"points": float32 [N, D]}`.
        sample: `(n, seed) -> {"points": float32 [n, D]}`.
    """

    def _serving_default(self, latent: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return {"points": self._to_float32(self._generate(latent))}

    def _sample(self, n: tf.Tensor, seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return {"points": self._generate_seeded(n, seed, self._to_float32, tf.float32)}

    @staticmethod
    def _to_float32(output: tf.Tensor) -> tf.Tensor:
        return tf.cast(output, tf.float32)


def build_sampler(
    generator: Generator,
    *,
    latent_dim: int,
    latent_distribution: str,
    example_shape: Sequence[int],
    output_range: OutputRange | None,
) -> Sampler:
    """Builds the sampler that suits the shape of an example.

    Args:
        generator: As `Sampler` takes it.
        latent_dim: Length of one latent vector.
        latent_distribution: The distribution that the generator was trained on.
        example_shape: (height, width, channels) of pictures or (D,) of points.
        output_range: A picture's values of black and of full intensity; None for points.

    Returns:
        An ImageSampler or a PointSampler.

    Raises:
        ValueError: If the shape is neither that of a PNG picture nor that of a point, or
            pictures come without an output range.
    """
    if len(example_shape) == 1:
        return PointSampler(
            generator,
            latent_dim=latent_dim,
            latent_distribution=latent_distribution,
            example_shape=example_shape,
        )
    if output_range is None:
        raise ValueError("Pictures need an output range.")
    return ImageSampler(
        generator,
        latent_dim=latent_dim,
        latent_distribution=latent_distribution,
        image_shape=example_shape,
        output_range=output_range,
    )
