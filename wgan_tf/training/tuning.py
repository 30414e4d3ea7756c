"""Which precision and compiler train fastest on the machine at hand: measured, chosen, kept."""

import contextlib
import dataclasses
import gc
import json
import math
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Self

import tensorflow as tf

from wgan_tf.config import SECTIONS, UNMEASURED, Config, applicable, settle
from wgan_tf.data.info import DatasetInfo
from wgan_tf.data.store import Store
from wgan_tf.errors import UserError
from wgan_tf.evaluation.cache import digest_of
from wgan_tf.files import write_atomically
from wgan_tf.log import Log
from wgan_tf.networks import registry
from wgan_tf.networks.graph import layers_within
from wgan_tf.options import format_value
from wgan_tf.sections.data import DataOptions
from wgan_tf.sections.monitoring import MonitoringOptions
from wgan_tf.sections.run import RunOptions
from wgan_tf.sections.training import TrainingOptions
from wgan_tf.training.hardware import (
    can_use_xla,
    computes_in_bfloat16,
    describe_hardware,
    device_kind,
    is_local,
)
from wgan_tf.training.trainer import Trainer

# Multiplications in the critic's pass over a batch, below which no choice is worth the measuring:
# the perceptrons of points and digits have fewer, the smallest convolutions of a preset more.
LEAST_WORK = 150_000_000
# After so many seconds no other choice is measured.
MEASURED_SECONDS = 20.0
# How many times as fast as the plainer one another choice has to be.
LEAST_GAIN = 1.05
# Turns are taken one after the other, so that what else runs on the machine slows them all.
_ROUNDS = 3
_SECONDS_A_TURN = 0.5
_STEPS_A_TURN = 5

_NOT_OF_NETWORKS = (RunOptions, DataOptions, MonitoringOptions, TrainingOptions)


@dataclasses.dataclass(frozen=True)
class Choice:
    """The options that decide about speed, none of them auto."""

    precision: str
    jit_compile: str

    @classmethod
    def of(cls, config: Config) -> Self:
        """What a configuration chooses; float32 without XLA where it leaves that open."""
        settled = settle(config, UNMEASURED)
        return cls(settled.precision, settled.jit_compile)

    def in_config(self, config: Config, kind: str) -> Config:
        """A configuration that leaves none of the options open any more.

        Args:
            config: a configuration.
            kind: of the devices, see `hardware.device_kind`.
        """
        is_fused = config.epsilon_placement != "inside_root" and self.precision != "float16"
        unmeasured = {"fused_updates": is_fused, "subpixel_convolutions": kind == "CPU"}
        words = {name: str(value).lower() for name, value in unmeasured.items()}
        return settle(config, {**dataclasses.asdict(self), **words})

    def __str__(self) -> str:
        return self.precision + (" with XLA" if self.jit_compile == "true" else "")


# Takes some steps and tells the examples a second.
Turn = Callable[[], float]
# Gets ready for turns with a configuration; None where it does not train here.
Measure = Callable[[Config], Turn | None]


class Tuning:
    """The choice of `precision` and `jit_compile` for a run, as far as it leaves them open."""

    def __init__(self, config: Config, info: DatasetInfo, strategy: tf.distribute.Strategy) -> None:
        """Looks at what can be chosen from; measures nothing.

        Args:
            config: the run's configuration.
            info: of the examples that are trained on.
            strategy: where to train.
        """
        self._config = config
        self._info = info
        self._strategy = strategy
        self._kind = device_kind(strategy)
        self._plain = Choice.of(config)
        self._precisions = [self._plain.precision]
        self._compilers = [self._plain.jit_compile]
        # The chief's machine need not be like the others', and TPUs always compile.
        if is_local(strategy) and self._kind in ("CPU", "GPU"):
            if config.precision == "auto" and computes_in_bfloat16(strategy):
                self._precisions.append("bfloat16")
            if config.jit_compile == "auto" and can_use_xla(strategy):
                self._compilers.append("true")

    def choose(self, measure: Measure, log: Log) -> Config:
        """The configuration with the fastest choice, in which nothing is left open.

        Where it is not known already, it is measured, and kept beside the data for the next run.

        Args:
            measure: see `prepare_turns`.
            log: is told the choice.
        """
        if not self._is_measured():
            return self._plain.in_config(self._config, self._kind)
        choice = self._read()
        if choice:
            log(f"Computes in {choice}, the fastest here when it was measured")
        else:
            rates, is_complete = self._rates(measure)
            choice = _fastest(rates)
            told = ", ".join(f"{each} {rate:,.0f}" for each, rate in rates.items())
            log(f"Computes in {choice}, the fastest here (examples a second: {told})")
            if is_complete:
                self._write(choice)
            # What was measured with makes room.
            gc.collect()
        return choice.in_config(self._config, self._kind)

    def plan(self) -> str:
        """What `choose` would do, in words."""
        if not self._is_measured():
            return str(self._plain)
        known = self._read()
        if known:
            return f"{known}, the fastest here when it was measured"
        precisions = " or ".join(self._precisions)
        compilers = " or ".join(
            {"false": "without XLA", "true": "with XLA"}[c] for c in self._compilers
        )
        return f"{precisions}, {compilers}: the fastest as measured at the start"

    def _is_measured(self) -> bool:
        is_open = len(self._precisions) * len(self._compilers) > 1
        return is_open and _work(self._config, self._info) >= LEAST_WORK

    def _rates(self, measure: Measure) -> tuple[dict[Choice, float], bool]:
        """Examples a second of each choice, and whether time allowed to measure all of them.

        These are each precision without XLA, then the faster one with it.
        """
        deadline = time.monotonic() + MEASURED_SECONDS
        turns: dict[Choice, Turn] = {}
        rates: dict[Choice, float] = {}
        is_complete = True
        for added in self._stages(rates):
            for choice in added:
                if turns and time.monotonic() > deadline:
                    is_complete = False
                    break
                turn = measure(choice.in_config(self._config, self._kind))
                if turn:
                    turns[choice] = turn
            compared = {*added, _fastest(rates)} if rates else {*added}
            for _ in range(_ROUNDS):
                for choice in [choice for choice in turns if choice in compared]:
                    rates[choice] = max(rates.get(choice, 0.0), turns[choice]())
        return rates or {self._plain: math.nan}, is_complete

    def _stages(self, rates: dict[Choice, float]) -> Iterator[list[Choice]]:
        yield [Choice(precision, self._compilers[0]) for precision in self._precisions]
        if self._compilers[1:]:
            best = _fastest(rates) if rates else self._plain
            yield [Choice(best.precision, compiler) for compiler in self._compilers[1:]]

    def _file(self) -> pathlib.Path:
        """Where the choice for such networks on such a machine is kept."""
        of_networks = [
            field.name
            for section in SECTIONS
            if section not in _NOT_OF_NETWORKS
            for field in applicable(self._config, section)
        ]
        names = [*of_networks, "batch_size", "precision", "jit_compile"]
        options = {name: format_value(getattr(self._config, name)) for name in names}
        shape, classes = self._info.example_shape, len(self._info.class_names or ())
        digest = digest_of(describe_hardware(self._strategy), options, shape, classes)
        folder = pathlib.Path(self._config.data_dir).expanduser()
        return folder / "wgan_tf_tuning" / f"{digest}.json"

    def _read(self) -> Choice | None:
        try:
            choice = Choice(**json.loads(self._file().read_text()))
        except (OSError, ValueError, TypeError):
            return None
        is_one = choice.precision in self._precisions and choice.jit_compile in self._compilers
        return choice if is_one else None

    def _write(self, choice: Choice) -> None:
        # Without it, the next run measures again.
        with contextlib.suppress(tf.errors.OpError):
            write_atomically(self._file(), json.dumps(dataclasses.asdict(choice)).encode())


def _fastest(rates: dict[Choice, float]) -> Choice:
    best, *others = rates
    for choice in others:
        if rates[choice] > LEAST_GAIN * rates[best]:
            best = choice
    return best


def _work(config: Config, info: DatasetInfo) -> int:
    """Multiplications of kernels in the critic's pass over a batch."""
    critic = registry.build_critic(config, info)
    positions: dict[int, int] = {}
    # Layers within a layer come after it, and know better.
    for layer in layers_within(critic):
        try:
            shape = layer.output.shape
        except (AttributeError, ValueError):
            continue
        positions.update((id(variable), math.prod(shape[1:-1])) for variable in layer.weights)
    return config.batch_size * sum(
        math.prod(variable.shape) * positions.get(id(variable), 1)
        for variable in critic.trainable_variables
        if len(variable.shape) > 1
    )


def prepare_turns(config: Config, store: Store, strategy: tf.distribute.Strategy) -> Turn | None:
    """Compiles a trainer of its own, so that measuring touches nothing of a run.

    Returns:
        A function that takes some steps, with one critic step to each of the generator's, and tells
        the most real examples a second that passed through the critic; None where such a
        configuration does not train on these devices.
    """
    short = dataclasses.replace(config, critic_steps=1, critic_warmup=False, critic_warmup_period=0)
    try:
        trainer = Trainer(short, store, strategy)
        _seconds_a_step(trainer)
    # A network of the caller's own may have another precision of its own.
    except (tf.errors.OpError, UserError):
        return None

    def turn() -> float:
        seconds: list[float] = []
        while len(seconds) < _STEPS_A_TURN and sum(seconds) < _SECONDS_A_TURN:
            seconds.append(_seconds_a_step(trainer))
        return config.batch_size / min(seconds)

    return turn


def _seconds_a_step(trainer: Trainer) -> float:
    began = time.perf_counter()
    trainer.advance(1)
    # Waits for what the devices still do.
    trainer.metrics()
    return time.perf_counter() - began
