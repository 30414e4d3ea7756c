"""Compares the training speed of two configurations, or times one, on this machine.

    python tools/benchmark.py --flagfile=configs/fashion_mnist.flags [--against=--precision=float32]

The two take turns, so that their ratio holds while the machine's speed drifts.
"""

import dataclasses
import statistics
import tempfile
import time

from absl import flags

from wgan_tf import commands
from wgan_tf import config as configuration
from wgan_tf.commands import Status
from wgan_tf.config import Config


def main() -> Status:
    """Prints images a second through the critic, and the ratio."""
    options = flags.FLAGS
    with tempfile.TemporaryDirectory() as unused:
        flags.FLAGS["workdir"].value = unused
        config = commands.config_from_flags()
    configs = [config]
    if options.against:
        configs.append(_changed(config, options.against))

    commands.import_tensorflow()
    from wgan_tf.data.store import open_store
    from wgan_tf.training.devices import build_strategy
    from wgan_tf.training.loop import Trainer

    trainers = []
    for each in configs:
        store = open_store(
            each.dataset,
            data_dir=each.data_dir,
            split=each.train_split,
            image_size=each.image_size,
            classes=each.classes,
        )
        trainers.append(Trainer(each, store, build_strategy(each)))
        trainers[-1].advance(options.steps_timed)
    speeds: list[list[float]] = [[] for _ in trainers]
    for _ in range(options.rounds):
        for each, trainer, measured in zip(configs, trainers, speeds, strict=True):
            began = time.perf_counter()
            trainer.advance(options.steps_timed)
            trainer.metrics()
            images = options.steps_timed * each.critic_steps * each.batch_size
            measured.append(images / (time.perf_counter() - began))

    for name, measured in zip(("given", options.against), speeds, strict=False):
        print(
            f"{name}: {statistics.median(measured):,.0f} images/s "
            f"({min(measured):,.0f} to {max(measured):,.0f} in {options.rounds} rounds)"
        )
    if options.against:
        ratios = [first / second for first, second in zip(*speeds, strict=True)]
        print(f"ratio: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    return Status.DONE


def _changed(config: Config, flag: str) -> Config:
    name, _, text = flag.removeprefix("--").partition("=")
    field = next(field for field in configuration.fields() if field.name == name)
    changed = dataclasses.replace(config, **{name: configuration.parse_value(field, text)})
    configuration.validate(changed)
    return changed


if __name__ == "__main__":
    commands.define_config_flags()
    flags.DEFINE_string("against", "", "One option to change in the second configuration.")
    flags.DEFINE_integer("rounds", 7, "Turns of each.", lower_bound=1)
    flags.DEFINE_integer("steps_timed", 40, "Generator steps in a turn.", lower_bound=1)
    commands.run(main)
