"""Compares the speed of training with others', on this machine.

    python tools/benchmark.py --flagfile=configs/cifar_dcgan.flags --against=bare,floor,keras,torch
    python tools/benchmark.py --flagfile=configs/fashion_mnist.flags --against=--precision=float32
    python tools/benchmark.py --flagfile=configs/fashion_mnist.flags --workers=2

Those compared take turns, so that their ratios hold while the machine's speed drifts. The first is
training as configured, with its data and its metrics. Names of others:

    bare      the steps alone, on a batch that lies in the device's memory
    floor     the convolutions and matrix products of the steps, timed alone
    keras     the same as a user of Keras would write it, with `fit`; with XLA, and without
    torch     the same as a user of PyTorch would write it; eager, and compiled
    --OPTION=VALUE   training with this option changed
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import tempfile
import time

from absl import flags

from benchmarks import contestant, turns
from wgan_tf import commands, flagfile
from wgan_tf import config as configuration
from wgan_tf.config import Config
from wgan_tf.errors import Status, UserError
from wgan_tf.options import parse_value
from wgan_tf.training.distributed.cluster import local_clusters

FOLDER = pathlib.Path(__file__).parent
BOTH_WAYS = {"keras": ("keras", "keras_without_xla"), "torch": ("torch", "torch_compiled")}
IDLE_NETWORKS = {
    "architecture": "mlp",
    "mlp_generator_units": (1,),
    "mlp_critic_units": (1,),
    "latent_dim": 1,
    "lipschitz": "none",
    "precision": "float32",
    "jit_compile": "false",
}
IDLE_SECTIONS = (*configuration.SECTIONS[-5:], configuration.SystemOptions)


def main() -> Status:
    """Has all take turns and prints a table."""
    options = flags.FLAGS
    with tempfile.TemporaryDirectory() as folder:
        flags.FLAGS["workdir"].value = folder
        config = commands.config_from_flags()
        if options.take_turns:
            commands.import_tensorflow()
            contestant.serve(lambda: contestant.make(options.take_turns, config))
            return Status.DONE
        if options.idle_networks:
            config = _idle(config)
        with contextlib.ExitStack() as stack:
            teams, starts = {}, {}
            for name, processes in _processes(config, pathlib.Path(folder), stack).items():
                began = time.perf_counter()
                teams[name] = turns.Team([stack.enter_context(each) for each in processes])
                starts[name] = teams[name].start(began)
            measured = turns.compare(teams, starts, options.rounds, options.steps_timed)
    print(turns.table(measured))
    if options.json:
        about = {"processor": _processor(), "cores": len(os.sched_getaffinity(0))}
        text = json.dumps({**about, "contestants": measured}, indent=2)
        pathlib.Path(options.json).write_text(text + "\n")
    return Status.DONE


Process = contextlib.AbstractContextManager[turns.subprocess.Popen[str]]


def _processes(
    config: Config, folder: pathlib.Path, stack: contextlib.ExitStack
) -> dict[str, list[Process]]:
    """By contestant, its processes; none has begun."""
    if flags.FLAGS.workers:
        return _workers(config, flags.FLAGS.workers)
    found = {"loop": [_ours("loop", config)]}
    for name in _others():
        if name.startswith("--"):
            found[name] = [_ours("loop", _changed(config, name))]
        elif name in contestant.OURS:
            found[name] = [_ours(name, config)]
        elif name in contestant.PYTORCH:
            found[name] = [_torch(name, config, folder)]
        else:
            known = ", ".join([*contestant.OURS, *contestant.PYTORCH])
            raise UserError(
                f"--against={name} is nothing to compare with; take {known} or an option."
            )
    return found


def _others() -> list[str]:
    found: list[str] = []
    for given in flags.FLAGS.against:
        names = [given] if given.startswith("--") else given.split(",")
        for name in names:
            found += BOTH_WAYS.get(name, (name,))
    return found


def _ours(
    kind: str, config: Config, environment: dict[str, str] | None = None, core: int | None = None
) -> Process:
    options = flagfile.to_flagfile(config).split("\n")[:-1]
    arguments = turns.python(str(FOLDER / "benchmark.py"), *options, f"--take_turns={kind}")
    return turns.process(arguments, environment or {}, core)


def _torch(name: str, config: Config, folder: pathlib.Path) -> Process:
    commands.import_tensorflow()
    from benchmarks.plain_networks import networks_as_json
    from wgan_tf.data.store import open_store

    info = open_store(config, config.train_split).info
    networks = folder / f"{name}.json"
    networks.write_text(networks_as_json(config, info, is_compiled=contestant.PYTORCH[name]))
    script = str(FOLDER / "benchmarks" / "torch_user.py")
    interpreter = flags.FLAGS.torch_python or turns.python()[0]
    return turns.process([interpreter, script, str(networks)], {})


def _workers(config: Config, count: int) -> dict[str, list[Process]]:
    """One worker and several, each pinned to a core and with the same share of a batch."""
    cores = sorted(os.sched_getaffinity(0))[:count]
    if len(cores) < count:
        raise UserError(f"--workers={count} needs as many cores; there are {len(cores)}.")
    together = dataclasses.replace(
        config, batch_size=count * config.batch_size, strategy="multi_worker"
    )
    alone = dataclasses.replace(config, strategy="one_device")
    several = [
        _ours("loop", together, {"TF_CONFIG": cluster.to_tf_config()}, core)
        for core, cluster in zip(cores, local_clusters(count), strict=True)
    ]
    return {
        "1 worker": [_ours("loop", alone, {"TF_CONFIG": ""}, cores[0])],
        f"{count} workers": several,
    }


def _changed(config: Config, flag: str) -> Config:
    name, _, text = flag.removeprefix("--").partition("=")
    field = next((field for field in configuration.fields() if field.name == name), None)
    if field is None:
        raise UserError(f"--against={flag} is no option; see --help of the command main.")
    return dataclasses.replace(config, **{name: parse_value(field, text)})


def _idle(config: Config) -> Config:
    """The same data and batches, with networks that cost nothing."""
    defaults = {
        field.name: field.default
        for section in IDLE_SECTIONS
        for field in dataclasses.fields(section)
    }
    return dataclasses.replace(config, **{**defaults, **IDLE_NETWORKS})


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


if __name__ == "__main__":
    commands.define_config_flags()
    flags.DEFINE_multi_string(
        "against", [], "What to compare with, in a list or one by one; see above."
    )
    flags.DEFINE_integer(
        "workers",
        0,
        "Compare so many workers, each on a core of its own, with one; --batch_size is of each.",
        lower_bound=0,
    )
    flags.DEFINE_bool(
        "idle_networks", False, "Train networks that cost nothing: how fast data come."
    )
    flags.DEFINE_string("json", "", "File to write what is measured to.")
    flags.DEFINE_string("torch_python", "", "Python that has PyTorch; this one by default.")
    flags.DEFINE_string("take_turns", "", "Be a contestant, that answers its standard input.")
    flags.DEFINE_integer("rounds", 7, "Turns of each.", lower_bound=1)
    flags.DEFINE_integer("steps_timed", 40, "Generator steps in a turn.", lower_bound=1)
    commands.run(main)
