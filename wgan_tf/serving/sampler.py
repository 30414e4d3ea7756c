"""The functions that a served generator offers."""

import abc
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from wgan_tf.latents import EXAMPLES_PER_BLOCK, generate_in_blocks, sample_latents
from wgan_tf.pixels import PixelScale, to_uint8, to_unit_interval

Generator = Callable[[list[tf.Tensor]], tf.Tensor]

MAX_EXAMPLES_PER_CALL = 10_000


class Sampler(tf.Module, abc.ABC):
    """A generator with the functions that its SavedModel serves.

    Those of a conditional generator take labels, from 0 to `num_classes` - 1, as their last
    argument; the same seed has the same latents with every label. What a caller may get wrong is
    told in a tf.errors.InvalidArgumentError.

    Attributes:
        serving_default: Examples of given latents, float32 [N, latent_dim], and labels, int32
            [N], as floating point.
        sample: n examples (int32 []) of a seed (int64 []) and a label (int32 []). The first ones
            are the same for every n, which is between 1 and MAX_EXAMPLES_PER_CALL.
        num_classes: Of the labels; 0 where the functions take none.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        latent_dim: int,
        latent_distribution: str,
        example_shape: Sequence[int],
        num_classes: int = 0,
    ) -> None:
        """Wraps a generator; nothing is traced yet.

        Args:
            generator: Maps a list of latents, float32 [N, latent_dim], and labels, int32 [N], if
                it takes any, to examples [N, *example_shape]. What it has in `variables`, as
                Keras models and tf.Modules do, is saved. Called with the list alone it must be in
                inference mode, as a Keras model is.
            latent_dim: Length of one latent vector.
            latent_distribution: The distribution that the generator was trained on.
            example_shape: Shape of one example.
            num_classes: Of the labels; 0 for a generator that takes none.
        """
        super().__init__()
        # A Keras model that is tracked itself is restored by tf.saved_model.load, but not by the
        # session that TensorFlow Serving runs; its TensorFlow variables are restored by both.
        self._call_generator: Generator = lambda inputs: generator(inputs)
        self._generator_variables = [
            variable.value if isinstance(variable, keras.Variable) else variable
            for variable in getattr(generator, "variables", ())
        ]
        self._latent_dim = latent_dim
        self._latent_distribution = latent_distribution
        self._example_shape = tf.TensorShape(example_shape)
        self.num_classes = num_classes
        latent = tf.TensorSpec([None, latent_dim], tf.float32, name="latent")
        labels = tf.TensorSpec([None], tf.int32, name="label")
        if num_classes:
            self.serving_default = tf.function(
                lambda latent, label: self._serving_default(latent, label),
                input_signature=[latent, labels],
            )
        else:
            self.serving_default = tf.function(
                lambda latent: self._serving_default(latent, None), input_signature=[latent]
            )
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
        latents = {"latent": sample_latents(n, 0, self._latent_dim, self._latent_distribution)}
        seeded = {"n": tf.constant(n, tf.int32), "seed": tf.constant(1, tf.int64)}
        if self.num_classes:
            latents["label"] = tf.range(n) % self.num_classes
            seeded["label"] = tf.constant(self.num_classes - 1)
        return {
            name: latents if name == "serving_default" else seeded for name in self.signatures()
        }

    @abc.abstractmethod
    def _serving_default(
        self, latent: tf.Tensor, label: tf.Tensor | None
    ) -> Mapping[str, tf.Tensor]: ...

    @abc.abstractmethod
    def _sample(
        self, n: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None
    ) -> Mapping[str, tf.Tensor]: ...

    def _generate(self, latent: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        inputs = [latent] if label is None else [latent, label]
        return tf.ensure_shape(self._call_generator(inputs), [None, *self._example_shape])

    def _generate_served(self, latent: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        width = _runtime_shape(latent)[1]
        checks = [
            _require(
                tf.equal(width, self._latent_dim),
                [f"latent must have rows of {self._latent_dim} numbers, but they have", width],
            )
        ]
        if label is not None:
            count, label_count = _runtime_shape(latent)[0], _runtime_shape(label)[0]
            message = "label must have one number for each row of latent, which has"
            checks += [
                _require(
                    tf.equal(count, label_count), [message, count, "; label has", label_count]
                ),
                self._require_known(label),
            ]
        with tf.control_dependencies(checks):
            return self._generate(
                tf.identity(latent), None if label is None else tf.identity(label)
            )

    def _generate_seeded(
        self,
        n: tf.Tensor,
        seed: tf.Tensor,
        label: tf.Tensor | None,
        finish: Callable[[tf.Tensor], tf.Tensor],
        dtype: tf.DType,
    ) -> tf.Tensor:
        allowed = tf.logical_and(n >= 1, n <= MAX_EXAMPLES_PER_CALL)
        checks = [
            _require(allowed, [f"n must be between 1 and {MAX_EXAMPLES_PER_CALL}, but is", n])
        ]
        if label is not None:
            checks.append(self._require_known(label))
        with tf.control_dependencies(checks):
            n = tf.identity(n)

        def generate(latent: tf.Tensor) -> tf.Tensor:
            labels = None if label is None else tf.fill([EXAMPLES_PER_BLOCK], label)
            return finish(self._generate(latent, labels))

        return generate_in_blocks(
            generate,
            tf.TensorSpec(self._example_shape, dtype),
            n,
            seed,
            self._latent_dim,
            self._latent_distribution,
        )

    def _require_known(self, label: tf.Tensor) -> tf.Operation:
        allowed = tf.reduce_all(tf.logical_and(label >= 0, label < self.num_classes))
        return _require(
            allowed, [f"label must be between 0 and {self.num_classes - 1}, but is", label]
        )

    def _seeded_function(
        self,
        function: Callable[[tf.Tensor, tf.Tensor, tf.Tensor | None], Mapping[str, tf.Tensor]],
    ) -> tf.types.experimental.PolymorphicFunction:
        n = tf.TensorSpec([], tf.int32, name="n")
        seed = tf.TensorSpec([], tf.int64, name="seed")
        if not self.num_classes:
            return tf.function(lambda n, seed: function(n, seed, None), input_signature=[n, seed])
        label = tf.TensorSpec([], tf.int32, name="label")
        return tf.function(
            lambda n, seed, label: function(n, seed, label), input_signature=[n, seed, label]
        )


class ImageSampler(Sampler):
    """Serves a generator of pictures; `label` is there if the generator is conditional.

    Attributes:
        serving_default: `(latent, label) -> {"images": float32 [N, H, W, C] in [0, 1]}`.
        sample: `(n, seed, label) -> {"images": uint8 [n, H, W, C]}`.
        sample_png: `(n, seed, label) -> {"png_bytes": string [n]}`, the pictures of `sample`.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        latent_dim: int,
        latent_distribution: str,
        image_shape: Sequence[int],
        pixel_scale: PixelScale,
        num_classes: int = 0,
    ) -> None:
        """Wraps a generator; nothing is traced yet.

        Args:
            generator: As `Sampler` takes it.
            latent_dim: Length of one latent vector.
            latent_distribution: The distribution that the generator was trained on.
            image_shape: (height, width, channels), with 1 to 4 channels.
            pixel_scale: Where pixels lie among the generator's values.
            num_classes: Of the labels; 0 for a generator that takes none.

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
            num_classes=num_classes,
        )
        self._pixel_scale = pixel_scale
        self.sample_png = self._seeded_function(self._sample_png)

    def signatures(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """Traces the functions under the names that the SavedModel gives them."""
        return {**super().signatures(), "sample_png": self.sample_png.get_concrete_function()}

    def _serving_default(
        self, latent: tf.Tensor, label: tf.Tensor | None
    ) -> Mapping[str, tf.Tensor]:
        output = self._generate_served(latent, label)
        return {"images": to_unit_interval(output, self._pixel_scale)}

    def _sample(
        self, n: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None
    ) -> Mapping[str, tf.Tensor]:
        return {"images": self._pictures(n, seed, label)}

    def _sample_png(
        self, n: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None
    ) -> Mapping[str, tf.Tensor]:
        return {"png_bytes": tf.io.encode_png(self._pictures(n, seed, label))}

    def _pictures(self, n: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        def finish(output: tf.Tensor) -> tf.Tensor:
            return to_uint8(output, self._pixel_scale)

        return self._generate_seeded(n, seed, label, finish, tf.uint8)


class PointSampler(Sampler):
    """Serves a generator of points, in the units of the data; points have no PNG.

    Attributes:
        serving_default: `(latent, label) -> {"points": float32 [N, D]}`.
        sample: `(n, seed, label) -> {"points": float32 [n, D]}`.
    """

    def _serving_default(
        self, latent: tf.Tensor, label: tf.Tensor | None
    ) -> Mapping[str, tf.Tensor]:
        return {"points": self._to_float32(self._generate_served(latent, label))}

    def _sample(
        self, n: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None
    ) -> Mapping[str, tf.Tensor]:
        return {"points": self._generate_seeded(n, seed, label, self._to_float32, tf.float32)}

    @staticmethod
    def _to_float32(output: tf.Tensor) -> tf.Tensor:
        return tf.cast(output, tf.float32)


def build_sampler(
    generator: Generator,
    *,
    latent_dim: int,
    latent_distribution: str,
    example_shape: Sequence[int],
    pixel_scale: PixelScale | None,
    num_classes: int = 0,
) -> Sampler:
    """Builds the sampler that suits the shape of an example.

    Args:
        generator: As `Sampler` takes it.
        latent_dim: Length of one latent vector.
        latent_distribution: The distribution that the generator was trained on.
        example_shape: (height, width, channels) of pictures or (D,) of points.
        pixel_scale: Where pixels lie among the generator's values; None for points.
        num_classes: Of the labels; 0 for a generator that takes none.

    Returns:
        An ImageSampler or a PointSampler.

    Raises:
        ValueError: If the shape is neither that of a PNG picture nor that of a point, or
            pictures come without a pixel scale.
    """
    if len(example_shape) == 1:
        return PointSampler(
            generator,
            latent_dim=latent_dim,
            latent_distribution=latent_distribution,
            example_shape=example_shape,
            num_classes=num_classes,
        )
    if pixel_scale is None:
        raise ValueError("Pictures need a pixel scale.")
    return ImageSampler(
        generator,
        latent_dim=latent_dim,
        latent_distribution=latent_distribution,
        image_shape=example_shape,
        pixel_scale=pixel_scale,
        num_classes=num_classes,
    )


def _runtime_shape(tensor: tf.Tensor) -> tf.Tensor:
    """The shape that a tensor has, not the one that its signature promises."""
    return tf.shape(tf.compat.v1.placeholder_with_default(tensor, tf.TensorShape(None)))


def _require(condition: tf.Tensor, message: Sequence[str | tf.Tensor]) -> tf.Operation:
    return tf.debugging.Assert(condition, list(message), summarize=8)
