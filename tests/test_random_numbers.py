from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from tests.philox import reference_draw
from wgan_tf import random_numbers

KEY = (3, 2**62 + 1281)


def test_uniform_numbers_are_those_of_the_kernel_bit_for_bit() -> None:
    for shape in ([7], [5, 3, 2]):
        drawn = random_numbers.uniform(shape, tf.constant(KEY, tf.int64))
        expected = tf.random.stateless_uniform(shape, KEY, alg="philox")
        np.testing.assert_array_equal(drawn, expected)
        unit = (reference_draw(KEY, drawn.shape.num_elements(), "uniform") + 1) / 2
        np.testing.assert_allclose(np.ravel(drawn), unit, atol=1e-7)


def test_normal_numbers_are_those_of_an_independent_philox() -> None:
    for shape in ([7], [5, 3], [64, 128]):
        drawn = random_numbers.normal(shape, tf.constant(KEY, tf.int64)).numpy()
        assert drawn.shape == tuple(shape)
        expected = reference_draw(KEY, drawn.size, "normal")
        np.testing.assert_allclose(drawn.ravel(), expected, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(
    ("draw", "tolerance"), [(random_numbers.uniform, 0), (random_numbers.normal, 1e-5)]
)
def test_xla_makes_the_same_numbers(
    draw: Callable[[list[int], tf.Tensor], tf.Tensor], tolerance: float
) -> None:
    plain, compiled = (
        tf.function(lambda: draw([64, 3], tf.constant(KEY, tf.int64)), jit_compile=jit_compile)()
        for jit_compile in (None, True)
    )
    np.testing.assert_allclose(compiled, plain, atol=tolerance, rtol=0)
