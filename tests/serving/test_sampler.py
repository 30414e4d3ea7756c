import collections
import dataclasses

import numpy as np
import pytest

from tests.dataset_info import info_of
from tests.untrained import build_generator
from wgan_tf.config import Config
from wgan_tf.serving.generator_spec import GeneratorSpec
from wgan_tf.serving.sampler import EXAMPLES_PER_CHUNK, Sampler, batch_labels, class_chunks
from wgan_tf.serving.served_module import build_served_module


@pytest.mark.parametrize(
    ("count", "weights", "expected"),
    [
        (1, (), {None: 1}),
        (499, (), {None: 499}),
        (1501, (), {None: 1501}),
        (2000, (1,) * 10, dict.fromkeys(range(10), 200)),
        (10_000, (1,) * 10, dict.fromkeys(range(10), 1000)),
        (2000, (1, 1, 1), {0: 667, 1: 667, 2: 666}),
        (2, (1, 1, 1), {0: 1, 1: 1}),
        # Exact shares 1666.67, 0, 833.33 and 7500.
        (10_000, (2, 0, 1, 9), {0: 1667, 2: 833, 3: 7500}),
    ],
)
def test_chunks_are_of_every_class_by_its_weight(
    count: int, weights: tuple[int, ...], expected: dict[int | None, int]
) -> None:
    chunks = list(class_chunks(count, weights))
    assert [number for number, _, _ in chunks] == list(range(len(chunks)))
    assert all(0 < size <= EXAMPLES_PER_CHUNK for _, size, _ in chunks)
    counts = collections.Counter[int | None]()
    for _, size, label in chunks:
        counts[label] += size
    assert counts == expected


def test_the_first_examples_have_the_classes_of_all() -> None:
    labels = batch_labels(50_000, (9, 1))
    assert labels is not None
    assert np.mean(labels) == 0.1
    assert np.mean(labels[:10_000]) == pytest.approx(0.1, abs=0.005)


def test_examples_are_what_the_sampler_draws(dcgan_config: Config) -> None:
    config = dataclasses.replace(dcgan_config, conditional="auxiliary_classifier")
    spec = GeneratorSpec.of_run(config, info_of((8, 8, 1), 3))
    sampler = Sampler.of_module(build_served_module(build_generator(config), spec))
    for weights in ((1, 1, 1), (7, 0), ()):
        # Weights of other classes count as even.
        batches = list(sampler.batches(6, 4, weights))
        assert len(batches) == 3
        for label, batch in enumerate(batches):
            np.testing.assert_array_equal(batch, sampler.draw(2, 4 + label, label))
        np.testing.assert_array_equal(sampler.labels(6, weights), [0, 0, 1, 1, 2, 2])
    assert batch_labels(6, ()) is None
