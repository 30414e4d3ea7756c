"""How a label enters the generator, and where the critic tells it (Odena et al. 2017)."""

import dataclasses

import keras

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.labels import count_classes
from wgan_tf.networks.layers import LayerFactory, Operation


@dataclasses.dataclass(frozen=True)
class Condition:
    """What a conditional or unconditional generator begins with.

    Attributes:
        inputs: the generator's inputs: [latent], or [latent, label].
        features: what its first layer takes, [B, width].
    """

    inputs: list[keras.KerasTensor]
    features: keras.KerasTensor
    _layers: LayerFactory
    _num_classes: int
    _in_norm: bool

    def norm(self, kind: str) -> Operation:
        """A normalization; batch norm has a scale and an offset a class if labels enter there."""
        if not self._in_norm:
            return self._layers.norm(kind)
        return self._layers.norm(kind, label=self.inputs[1], num_classes=self._num_classes)


def check_conditioning(config: Config, norm_option: str | None) -> None:
    """Checks that labels enter the generator somewhere.

    Args:
        config: the run's configuration.
        norm_option: the option that names the generator's normalization; None where it has none.

    Raises:
        UserError: they would enter batch norms, of which the generator has none.
    """
    if config.conditional == "none" or config.generator_conditioning != "batch_norm":
        return
    if norm_option is None:
        raise UserError(
            f"--generator_conditioning=batch_norm does not go with --architecture="
            f"{config.architecture}, whose generator has no batch norm; take multiply or "
            "concatenate."
        )
    if getattr(config, norm_option) != "batch":
        raise UserError(
            f"--generator_conditioning=batch_norm needs batch norm in the generator, but "
            f"--{norm_option}={getattr(config, norm_option)}; take --{norm_option}=batch, or "
            "--generator_conditioning=multiply."
        )


def condition_generator(config: Config, info: DatasetInfo, layers: LayerFactory) -> Condition:
    """The generator's inputs, and its label where `generator_conditioning` puts it.

    multiply: latent * embedding(label); concatenate: latent beside embedding(label), both of
    latent_dim numbers; batch_norm: the latent alone, and the label in every batch norm.

    Args:
        config: the run's configuration.
        info: of the examples; names the classes.
        layers: of the generator.
    """
    num_classes = count_classes(config, info)
    latent = layers.input((config.latent_dim,))
    if not num_classes:
        return Condition([latent], latent, layers, 0, False)
    label = layers.label_input()
    in_norm = config.generator_conditioning == "batch_norm"
    features = latent
    if not in_norm:
        embedding = layers.class_embedding(num_classes, config.latent_dim)(label)
        join = (
            layers.multiply()
            if config.generator_conditioning == "multiply"
            else layers.concatenate()
        )
        features = join([latent, embedding])
    return Condition([latent, label], features, layers, num_classes, in_norm)


def critic_outputs(
    config: Config,
    info: DatasetInfo,
    layers: LayerFactory,
    features: keras.KerasTensor,
    *,
    initializer: str | None = None,
    use_bias: bool = True,
) -> list[keras.KerasTensor]:
    """The critic's outputs from features [B, width]: scores [B, 1], then class logits if any.

    Args:
        config: the run's configuration.
        info: of the examples; names the classes.
        layers: of the critic.
        features: of the layer before the heads.
        initializer: of the heads' kernels; the network's own by default.
        use_bias: whether the heads have biases.
    """
    num_classes = count_classes(config, info)
    scores = layers.head(use_bias=use_bias, initializer=initializer)(features)
    if not num_classes:
        return [scores]
    class_logits = layers.head(num_classes, use_bias=use_bias, initializer=initializer)(features)
    return [scores, class_logits]
