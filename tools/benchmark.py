"""Compares the training speed of two configurations, or of one worker and several, on this machine.

    python tools/benchmark.py --flagfile=configs/fashion_mnist.flags [--against=--precision=float32]
    python tools/benchmark.py --flagfile=configs/fashion_mnist.flags --workers=2

Those compared take turns, so that their ratio holds while the machine's speed drifts.
"""

import contextlib
import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

from absl import flags

from wgan_tf import commands, flagfile
from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.errors import Status
from wgan_tf.log import log_to_stderr
from wgan_tf.options import parse_value
from wgan_tf.training.distributed.cluster import local_clusters


class Contestant:
    """A configuration, compiled and ready to be timed in this process."""

    def __init__(self, config: Config) -> None:
        from wgan_tf.data.store import open_store
        from wgan_tf.training.distributed.strategy import build_strategy, find_cluster
        from wgan_tf.training.trainer import Trainer
        from wgan_tf.training.tuning import Tuning, prepare_turns

        strategy = build_strategy(config, find_cluster(config, os.environ))
        store = open_store(config, config.train_split)
        self._config = config
        config = Tuning(config, store.info, strategy).choose(
            lambda chosen: prepare_turns(chosen, store, strategy),
            log=log_to_stderr,
        )
        self._trainer = Trainer(config, store, strategy)
        self.turn()

    def turn(self) -> float:
        """Trains for some steps; images a second through the critic."""
        from wgan_tf.training import schedule

        first_step = self._trainer.step
        began = time.perf_counter()
        self._trainer.advance(flags.FLAGS.steps_timed)
        self._trainer.metrics()
        seconds = time.perf_counter() - began
        batches = schedule.batches_before(self._config, self._trainer.step)
        batches -= schedule.batches_before(self._config, first_step)
        return batches * self._config.batch_size / seconds


def main() -> Status:
    """Prints images a second through the critic, and the ratio."""
    options = flags.FLAGS
    with tempfile.TemporaryDirectory() as unused:
        flags.FLAGS["workdir"].value = unused
        config = commands.config_from_flags()
    if options.workers:
        _compare_workers(config, options.workers)
        return Status.DONE
    commands.import_tensorflow()
    if options.on_request:
        contestant = Contestant(config)
        for _ in sys.stdin:
            print(contestant.turn(), flush=True)
        return Status.DONE

    configs = {"given": config}
    if options.against:
        configs[options.against] = _changed(config, options.against)
    contestants = {name: Contestant(each) for name, each in configs.items()}
    speeds: dict[str, list[float]] = {name: [] for name in configs}
    for _ in range(options.rounds):
        for name, contestant in contestants.items():
            speeds[name].append(contestant.turn())
    _report(speeds)
    return Status.DONE


def _compare_workers(config: Config, count: int) -> None:
    """Times one worker and several, each pinned to a core and with the same share of a batch."""
    cores = sorted(os.sched_getaffinity(0))[:count]
    if len(cores) < count:
        raise SystemExit(f"--workers={count} needs as many cores; there are {len(cores)}.")
    together = dataclasses.replace(
        config, batch_size=count * config.batch_size, strategy="multi_worker"
    )
    alone = dataclasses.replace(config, strategy="one_device")
    speeds: dict[str, list[float]] = {f"{count} workers": [], "1 worker": []}
    with contextlib.ExitStack() as stack:
        several = [
            stack.enter_context(_worker(together, core, cluster.to_tf_config()))
            for core, cluster in zip(cores, local_clusters(count), strict=True)
        ]
        one = [stack.enter_context(_worker(alone, cores[0], ""))]
        for _ in range(flags.FLAGS.rounds):
            for measured, team in zip(speeds.values(), (several, one), strict=True):
                measured.append(_turn_of(team))
    _report(speeds)


@contextlib.contextmanager
def _worker(config: Config, core: int, tf_config: str) -> Iterator[subprocess.Popen[str]]:
    """A process on one core, and so of one thread, that takes a turn for each line it is sent."""
    options = flagfile.to_flagfile(config).split("\n")[:-1]
    steps = f"--steps_timed={flags.FLAGS.steps_timed}"
    with subprocess.Popen(
        [sys.executable, __file__, *options, "--on_request", steps],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CONFIG": tf_config},
    ) as process:
        # Before the process imports TensorFlow, which makes a thread a core.
        os.sched_setaffinity(process.pid, {core})
        try:
            yield process
        finally:
            process.kill()


def _turn_of(team: Sequence[subprocess.Popen[str]]) -> float:
    for process in team:
        assert process.stdin is not None
        print(file=process.stdin, flush=True)
    speeds = []
    for process in team:
        assert process.stdout is not None
        speeds.append(float(process.stdout.readline()))
    return min(speeds)


def _report(speeds: dict[str, list[float]]) -> None:
    for name, measured in speeds.items():
        print(
            f"{name}: {statistics.median(measured):,.0f} images/s "
            f"({min(measured):,.0f} to {max(measured):,.0f} in {len(measured)} rounds)"
        )
    if len(speeds) > 1:
        ratios = [first / second for first, second in zip(*speeds.values(), strict=True)]
        print(f"ratio: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")


def _changed(config: Config, flag: str) -> Config:
    name, _, text = flag.removeprefix("--").partition("=")
    field = next(field for field in configuration.fields() if field.name == name)
    return dataclasses.replace(config, **{name: parse_value(field, text)})


if __name__ == "__main__":
    commands.define_config_flags()
    flags.DEFINE_string("against", "", "One option to change in the second configuration.")
    flags.DEFINE_integer(
        "workers",
        0,
        "Compare so many workers, each on a core of its own, with one; --batch_size is of each.",
        lower_bound=0,
    )
    flags.DEFINE_bool("on_request", False, "Take a turn for every line on standard input.")
    flags.DEFINE_integer("rounds", 7, "Turns of each.", lower_bound=1)
    flags.DEFINE_integer("steps_timed", 40, "Generator steps in a turn.", lower_bound=1)
    commands.run(main)
