"""The latent vectors that a generator turns into examples."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from wgan_tf import random_numbers

# Part of the mapping from a seed to its images: another number gives other images.
EXAMPLES_PER_BLOCK = 16


def draw_latents(
    seed_key: tf.Tensor,
    shape: tf.Tensor | Sequence[int],
    distribution: str,
    dtype: tf.DType = tf.float32,
    *,
    for_xla: bool = False,
) -> tf.Tensor:
    """Draws independent latent values, the same ones for the same key and shape.

    The random bits come from the counter-based generator Philox 4x32-10 and are the same on every
    device. Uniform values are exact functions of them; normal values (Box-Muller) agree between
    devices to float32 rounding. Values are drawn in float32 and then rounded to `dtype`.

    Args:
        seed_key: int32 or int64 [2].
        shape: of the result.
        distribution: `normal` (mean 0, variance 1) or `uniform` (on [-1, 1)).
        dtype: floating-point type of the result.
        for_xla: whether XLA may compile this, whose own numbers of these bits are others.

    Returns:
        `dtype` tensor of the given shape.

    Raises:
        ValueError: if the distribution is neither of the two.
    """
    if distribution == "normal":
        latents = (
            random_numbers.normal(shape, seed_key)
            if for_xla
            else tf.random.stateless_normal(shape, seed_key, alg="philox")
        )
    elif distribution == "uniform":
        latents = (
            2.0 * random_numbers.uniform(shape, seed_key) - 1.0
            if for_xla
            else tf.random.stateless_uniform(shape, seed_key, -1.0, 1.0, alg="philox")
        )
    else:
        raise ValueError(f"The distribution is {distribution!r}, but must be normal or uniform.")
    return tf.cast(latents, dtype)


def generate_in_blocks(
    generate: Callable[[tf.Tensor], tf.Tensor],
    example: tf.TensorSpec,
    n: tf.Tensor | int,
    seed: tf.Tensor | int,
    latent_dim: int,
    distribution: str,
) -> tf.Tensor:
    """Generates the first n examples of a sampling seed.

    With b = `EXAMPLES_PER_BLOCK`, example i is made from row `i % b` of
    `draw_latents([seed, i // b], [b, latent_dim], distribution)`. Every block is generated
    whole, so that an example does not depend on n by the rounding of a network whose kernels vary
    with the batch size. One block is in memory at a time, besides the result.

    Args:
        generate: maps latents, float32 [b, latent_dim], to their b examples.
        example: shape and dtype of one example.
        n: int32 [], the number of examples.
        seed: int64 [], the sampling seed.
        latent_dim: length of one latent vector.
        distribution: of the latent values.

    Returns:
        Tensor [n, *example.shape] of the example's dtype.
    """
    seed = tf.convert_to_tensor(seed, tf.int64)

    def generate_block(block: tf.Tensor) -> tf.Tensor:
        shape = [EXAMPLES_PER_BLOCK, latent_dim]
        return generate(draw_latents(tf.stack([seed, block]), shape, distribution))

    block_count = -(-tf.cast(n, tf.int64) // EXAMPLES_PER_BLOCK)
    blocks = tf.map_fn(
        generate_block,
        tf.range(block_count),
        parallel_iterations=1,
        fn_output_signature=tf.TensorSpec([EXAMPLES_PER_BLOCK, *example.shape], example.dtype),
    )
    return tf.reshape(blocks, [-1, *example.shape])[:n]


def sample_latents(
    n: tf.Tensor | int,
    seed: tf.Tensor | int,
    latent_dim: int,
    distribution: str,
) -> tf.Tensor:
    """Draws the latents of the first n examples of a sampling seed.

    The mapping is that of `generate_in_blocks`; the first rows are the same for every n.

    Args:
        n: int32 [], the number of examples.
        seed: int64 [], the sampling seed.
        latent_dim: length of one latent vector.
        distribution: of the latent values.

    Returns:
        float32 [n, latent_dim].
    """
    latent = tf.TensorSpec([latent_dim], tf.float32)
    return generate_in_blocks(tf.identity, latent, n, seed, latent_dim, distribution)
