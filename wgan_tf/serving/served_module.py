"""The functions that a served generator offers."""

import abc
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from wgan_tf.latents import EXAMPLES_PER_BLOCK, generate_in_blocks, sample_latents
from wgan_tf.pixels import to_uint8, to_unit_interval
from wgan_tf.serving.generator_spec import GeneratorSpec

Generator = Callable[[list[tf.Tensor]], tf.Tensor]

MAX_EXAMPLES_PER_CALL = 10_000


class ServedModule(tf.Module, abc.ABC):
    """A generator with the functions that its SavedModel serves.

    Those of a conditional generator take labels, from 0 to `num_classes` - 1, as their last
    argument; the same seed has the same latents with every label. What a caller may get wrong is
    told in a tf.errors.InvalidArgumentError.

    Attributes:
        serving_default: examples of given latents, float32 [N, latent_dim], and labels, int32
            [N], as floating point.
        sample: n examples (int32 []) of a seed (int64 []) and a label (int32 []). The first ones
            are the same for every n, which is between 1 and MAX_EXAMPLES_PER_CALL.
        spec: what the generator takes and gives.
    """

    def __init__(self, generator: Generator, spec: GeneratorSpec) -> None:
        """Wraps a generator; nothing is traced yet.

        Args:
            generator: maps a list of latents, float32 [N, latent_dim], and labels, int32 [N], if
                it takes any, to examples [N, *example_shape]. What it has in `variables`, as
                Keras models and tf.Modules do, is saved. Called with the list alone it must be in
                inference mode, as a Keras model is.
            spec: what it takes and gives.
        """
        super().__init__()
        # A Keras model that is tracked itself is restored by tf.saved_model.load, but not by the
        # session that TensorFlow Serving runs; its TensorFlow variables are restored by both.
        self._call_generator: Generator = lambda inputs: generator(inputs)
        self._generator_variables = [
            variable.value if isinstance(variable, keras.Variable) else variable
            for variable in getattr(generator, "variables", ())
        ]
        self.spec = spec
        latent = tf.TensorSpec([None, spec.latent_dim], tf.float32, name="latent")
        labels = tf.TensorSpec([None], tf.int32, name="label")
        if spec.num_classes:
            self.serving_default = tf.function(
                lambda latent, label: self._serving_default(latent, label),
                input_signature=[latent, labels],
                autograph=False,
            )
        else:
            self.serving_default = tf.function(
                lambda latent: self._serving_default(latent, None),
                input_signature=[latent],
                autograph=False,
            )
        self.sample = self._seeded_function(self._sample)

    def signatures(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """Traces the functions under the names that the SavedModel gives them."""
        return {
            "serving_default": self.serving_default.get_concrete_function(),
            "sample": self.sample.get_concrete_function(),
        }

    def probes(self) -> dict[str, dict[str, tf.Tensor]]:
        """Gives arguments for each of the signatures, to compare two copies of it by."""
        n, spec = EXAMPLES_PER_BLOCK + 1, self.spec
        latents = {"latent": sample_latents(n, 0, spec.latent_dim, spec.latent_distribution)}
        seeded = {"n": tf.constant(n, tf.int32), "seed": tf.constant(1, tf.int64)}
        if spec.num_classes:
            latents["label"] = tf.range(n) % spec.num_classes
            seeded["label"] = tf.constant(spec.num_classes - 1)
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
        return tf.ensure_shape(self._call_generator(inputs), [None, *self.spec.example_shape])

    def _generate_served(self, latent: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        width = _runtime_shape(latent)[1]
        checks = [
            _require(
                tf.equal(width, self.spec.latent_dim),
                [f"latent must have rows of {self.spec.latent_dim} numbers, but they have", width],
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
            tf.TensorSpec(self.spec.example_shape, dtype),
            n,
            seed,
            self.spec.latent_dim,
            self.spec.latent_distribution,
        )

    def _require_known(self, label: tf.Tensor) -> tf.Operation:
        allowed = tf.reduce_all(tf.logical_and(label >= 0, label < self.spec.num_classes))
        return _require(
            allowed, [f"label must be between 0 and {self.spec.num_classes - 1}, but is", label]
        )

    def _seeded_function(
        self,
        function: Callable[[tf.Tensor, tf.Tensor, tf.Tensor | None], Mapping[str, tf.Tensor]],
    ) -> tf.types.experimental.PolymorphicFunction:
        n = tf.TensorSpec([], tf.int32, name="n")
        seed = tf.TensorSpec([], tf.int64, name="seed")
        if not self.spec.num_classes:
            return tf.function(
                lambda n, seed: function(n, seed, None),
                input_signature=[n, seed],
                autograph=False,
            )
        label = tf.TensorSpec([], tf.int32, name="label")
        return tf.function(
            lambda n, seed, label: function(n, seed, label),
            input_signature=[n, seed, label],
            autograph=False,
        )


class ImageModule(ServedModule):
    """Serves a generator of images; `label` is there if the generator is conditional.

    Attributes:
        serving_default: `(latent, label) -> {"images": float32 [N, H, W, C] in [0, 1]}`.
        sample: `(n, seed, label) -> {"images": uint8 [n, H, W, C]}`.
        sample_png: `(n, seed, label) -> {"png_bytes": string [n]}`, the images of `sample`.
    """

    def __init__(self, generator: Generator, spec: GeneratorSpec) -> None:
        """Wraps a generator; nothing is traced yet.

        Args:
            generator: as `ServedModule` takes it.
            spec: with an image of 1 to 4 channels and a pixel scale.

        Raises:
            ValueError: if PNG has no such images, or there is no pixel scale.
        """
        shape = spec.example_shape
        if len(shape) != 3 or not 1 <= shape[2] <= 4:
            raise ValueError(
                f"The image shape is {shape}, but must be height, width and 1 to 4 channels."
            )
        if spec.pixel_scale is None:
            raise ValueError("Images need a pixel scale.")
        super().__init__(generator, spec)
        self._pixel_scale = spec.pixel_scale
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
        return {"images": self._images(n, seed, label)}

    def _sample_png(
        self, n: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None
    ) -> Mapping[str, tf.Tensor]:
        return {"png_bytes": tf.io.encode_png(self._images(n, seed, label))}

    def _images(self, n: tf.Tensor, seed: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        def finish(output: tf.Tensor) -> tf.Tensor:
            return to_uint8(output, self._pixel_scale)

        return self._generate_seeded(n, seed, label, finish, tf.uint8)


class PointModule(ServedModule):
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


def build_served_module(generator: Generator, spec: GeneratorSpec) -> ServedModule:
    """The `ImageModule` or the `PointModule` of a generator; raises as they do."""
    kind = ImageModule if spec.is_image else PointModule
    return kind(generator, spec)


def _runtime_shape(tensor: tf.Tensor) -> tf.Tensor:
    """The shape that a tensor has, not the one that its signature promises."""
    return tf.shape(tf.compat.v1.placeholder_with_default(tensor, tf.TensorShape(None)))


def _require(condition: tf.Tensor, message: Sequence[str | tf.Tensor]) -> tf.Operation:
    return tf.debugging.Assert(condition, list(message), summarize=8)
