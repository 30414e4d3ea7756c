"""The DCGAN pair (Radford et al. 2016) for any square image of 8 to 256 pixels.

The image's side is halved, rounding up, until it is at most `dcgan_start_size`; filters double
with every halving. Where a side was odd, the generator crops what doubling gave too much, as
WGAN-GP's MNIST network crops 8x8 to 7x7.
"""

import keras

from wgan_tf.config import Config
from wgan_tf.data.info import DatasetInfo
from wgan_tf.errors import UserError
from wgan_tf.networks.conditioning import check_conditioning, condition_generator, critic_outputs
from wgan_tf.networks.layers import LayerFactory

DRAWS_POINTS = False
SMALLEST, LARGEST = 8, 256


def sides(image_size: int, start_size: int) -> list[int]:
    """Sides of the feature maps, from the image's to the generator's first."""
    result = [image_size]
    while result[-1] > start_size:
        result.append(-(-result[-1] // 2))
    return result


def check(config: Config, info: DatasetInfo) -> None:
    """Checks that the family can draw such examples.

    Raises:
        UserError: images of a size that the family does not draw.
    """
    if not SMALLEST <= info.example_shape[0] <= LARGEST:
        raise UserError(
            f"--architecture=dcgan draws images of {SMALLEST} to {LARGEST} pixels, not of "
            f"{info.example_shape[0]}; give --image_size."
        )
    if config.dcgan_start_size >= info.example_shape[0]:
        raise UserError(
            f"--dcgan_start_size={config.dcgan_start_size} leaves nothing to halve in images of "
            f"{info.example_shape[0]} pixels; take a smaller one."
        )
    check_conditioning(config, "dcgan_generator_norm")


def initializer(config: Config) -> str:
    """How kernels are initialized."""
    return config.dcgan_initializer


def build_generator(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """[latent [B, latent_dim], label int32 [B] if any] -> images [B, H, W, C]."""
    size, _, channels = info.example_shape
    *targets, start = sides(size, config.dcgan_start_size)
    filters = config.dcgan_width * 2 ** (len(targets) - 1)
    norm = config.dcgan_generator_norm
    use_bias = layers.has_bias_before(norm) if norm != "none" else config.dcgan_biases

    condition = condition_generator(config, info, layers)
    x = layers.dense(start * start * filters, use_bias=use_bias)(condition.features)
    first_map = layers.reshape((start, start, filters))
    if config.dcgan_first_norm == "units":
        x = first_map(layers.relu()(condition.norm(norm)(x)))
    else:
        x = layers.relu()(condition.norm(norm)(first_map(x)))
    for target in reversed(targets[1:]):
        filters //= 2
        x = layers.transposed_convolution(filters, config.dcgan_kernel_size, 2, use_bias=use_bias)(
            x
        )
        x = _crop_to(target, x, layers)
        x = layers.relu()(condition.norm(norm)(x))
    x = layers.transposed_convolution(
        channels, config.dcgan_kernel_size, 2, use_bias=config.dcgan_biases
    )(x)
    x = _crop_to(size, x, layers)
    return keras.Model(
        condition.inputs, layers.output(config.output_activation)(x), name="generator"
    )


def build_critic(config: Config, info: DatasetInfo, layers: LayerFactory) -> keras.Model:
    """Images [B, H, W, C] -> [scores [B, 1], class logits [B, num_classes] if any]."""
    image = x = layers.input(info.example_shape)
    filters = config.dcgan_width
    for level in range(len(sides(info.example_shape[0], config.dcgan_start_size)) - 1):
        norm = config.dcgan_critic_norm if level > 0 else "none"
        use_bias = layers.has_bias_before(norm) if norm != "none" else config.dcgan_biases
        x = layers.convolution(filters, config.dcgan_kernel_size, 2, use_bias=use_bias)(x)
        x = layers.norm(norm)(x)
        x = layers.leaky_relu()(x)
        filters *= 2
    x = layers.flatten()(x)
    if config.dcgan_critic_units:
        x = layers.dense(config.dcgan_critic_units, use_bias=config.dcgan_biases)(x)
        x = layers.leaky_relu()(x)
    outputs = critic_outputs(config, info, layers, x, use_bias=config.dcgan_biases)
    return keras.Model(image, outputs, name="critic")


def _crop_to(side: int, x: keras.KerasTensor, layers: LayerFactory) -> keras.KerasTensor:
    excess = x.shape[1] - side
    return layers.crop(excess, excess)(x) if excess else x
