"""TensorFlow's stateless draws in numpy."""

import numpy as np


def philox_4x32_10(counters: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Salmon et al. 2011: counters uint32 [..., 4] and key uint32 [2] to random uint32 [..., 4]."""
    c0, c1, c2, c3 = (counters[..., i].astype(np.uint64) for i in range(4))
    k0, k1 = (int(word) for word in key)
    for _ in range(10):
        product0, product1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        low = np.uint64(0xFFFFFFFF)
        c0, c1, c2, c3 = (
            (product1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0),
            product1 & low,
            (product0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1),
            product0 & low,
        )
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def reference_draw(seed_key: tuple[int, int], count: int, distribution: str) -> np.ndarray:
    seed_words = np.array(seed_key, np.int64).view(np.uint32)
    mix = philox_4x32_10(seed_words, np.array([0x3EC8F720, 0x02461E29]))
    groups = -(-count // 4)
    counters = np.zeros((groups, 4), np.uint32)
    counters[:, 0] = np.arange(groups)
    counters[:, 2:] = mix[2:]
    words = philox_4x32_10(counters, mix[:2])
    unit = (words & 0x7FFFFF) / 2.0**23
    if distribution == "uniform":
        return (2 * unit - 1).ravel()[:count]
    radius = np.sqrt(-2 * np.log(np.maximum(unit[:, 0::2], 1e-7)))
    angle = 2 * np.pi * unit[:, 1::2]
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1).ravel()[:count]
