"""Measures how fast an exported generator answers in this process.

    python tools/load_client.py --saved_model=runs/digits/export/1

For each batch size: the latency of `serving_default` in milliseconds (median, 90th and 99th of a
hundred) and the examples a second, by one caller that waits for each answer.
"""

import time

from absl import flags

from wgan_tf import commands
from wgan_tf.errors import Status, UserError


def main() -> Status:
    """Prints a table row for each batch size."""
    options = flags.FLAGS
    try:
        batch_sizes = [int(size) for size in options.batch_sizes]
    except ValueError:
        batch_sizes = []
    if not batch_sizes or min(batch_sizes) < 1:
        raise UserError(
            f"--batch_sizes={','.join(options.batch_sizes)} does not fit; give whole numbers from "
            "1, separated by commas."
        )

    commands.import_tensorflow()
    import numpy as np
    import tensorflow as tf

    from wgan_tf.serving.sampler import Sampler

    sampler = Sampler.of_saved_model(options.saved_model)
    print("| Examples in a request | Median ms | 90% ms | 99% ms | Examples/s |")
    print("|---:|---:|---:|---:|---:|")
    for size in batch_sizes:
        request = {"latent": tf.constant(sampler.latents(size, options.seed))}
        if num_classes := sampler.spec.num_classes:
            request["label"] = tf.range(size) % num_classes
        for _ in range(options.warmup):
            sampler.served.serving_default(**request)
        seconds = []
        end = time.perf_counter() + options.seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            (examples,) = sampler.served.serving_default(**request).values()
            examples.numpy()
            seconds.append(time.perf_counter() - start)
        median, ninety, ninety_nine = 1e3 * np.percentile(seconds, [50, 90, 99])
        rate = size * len(seconds) / sum(seconds)
        print(
            f"| {size} | {median:.2f} | {ninety:.2f} | {ninety_nine:.2f} | {rate:,.0f} |",
            flush=True,
        )
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_string("saved_model", None, "The exported model.", required=True)
    flags.DEFINE_list("batch_sizes", ["1", "4", "16", "64", "256"], "Examples in a request.")
    flags.DEFINE_float("seconds", 5.0, "For which each size is measured.", lower_bound=0.1)
    flags.DEFINE_integer("warmup", 10, "Requests before the first that counts.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Of the latents.", lower_bound=0)
    commands.run(main)
