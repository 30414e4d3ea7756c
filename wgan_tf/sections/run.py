"""Options: the run."""

import dataclasses

from wgan_tf.options import Requirement, option
from wgan_tf.sections.networks import OF_A_FAMILY


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """The run."""

    workdir: str = option("", "The run's folder; an existing run in it goes on.", may_change=True)
    init_from: str = option(
        "",
        "Another run's folder, with whose networks, as of its newest checkpoint, a new run begins: "
        "the layers whose shapes fit. A run that is gone on with does not need it.",
    )
    steps: int = option(
        20_000, "Generator steps of the whole run.", minimum=1, maximum=2**31 - 1, may_change=True
    )
    seed: int = option(0, "Seed of everything random.", minimum=0, maximum=2**31 - 1)
    precision: str = option(
        "auto",
        "What layers compute in; bfloat16 keeps variables, scores and penalty in float32. auto "
        "measures at the start which of the two is faster, where the hardware has bfloat16; "
        "float16, for GPUs that have not, scales losses.",
        choices=("auto", "float32", "bfloat16", "float16", "float64"),
    )
    jit_compile: str = option(
        "auto",
        "Whether XLA compiles the steps, which it does on one replica only. auto measures at the "
        "start whether they are faster so.",
        choices=("auto", "true", "false"),
    )
    subpixel_convolutions: str = option(
        "auto",
        "Whether strided convolutions from images, and transposed ones to images, go up as a "
        "convolution to the pixels of a block, which is quicker on CPUs: the same up to rounding. "
        "auto takes it in runs that begin on one.",
        choices=("auto", "true", "false"),
        only_with=OF_A_FAMILY,
    )
    strategy: str = option(
        "auto",
        "Where to train: with the workers of TF_CONFIG, or else all local GPUs, or else one device "
        "(auto); one_device; mirrored over all local GPUs, or all CPU devices where there is no "
        "GPU; multi_worker by TF_CONFIG or in a Slurm step; tpu.",
        choices=("auto", "one_device", "mirrored", "multi_worker", "tpu"),
        may_change=True,
    )
    join_timeout: int = option(
        600,
        "Seconds for which workers wait for each other at the start.",
        minimum=1,
        only_with=Requirement("strategy", ("auto", "multi_worker")),
        may_change=True,
    )
    steps_per_call: int = option(
        50,
        "Most generator steps in one compiled call, which takes two seconds at most, or one step.",
        minimum=1,
        maximum=2**31 - 1,
        may_change=True,
    )
    device_data_limit: int = option(
        1024,
        "Most mebibytes of prepared data that are put into the memory of each GPU once; more "
        "are read while it computes. The batches are the same ones.",
        minimum=0,
        may_change=True,
    )
    checkpoint_every: int = option(
        1000, "Steps between checkpoints; 0 for the last only.", minimum=0, may_change=True
    )
    keep_checkpoints: int = option(3, "Newest checkpoints to keep.", minimum=1, may_change=True)
    on_nonfinite: str = option(
        "stop",
        "What is done when a loss, a gradient or a variable is not finite: the run stops, or goes "
        "back to its newest checkpoint and on with other random draws (rollback).",
        choices=("stop", "rollback"),
        may_change=True,
    )
    max_rollbacks: int = option(
        3,
        "How often a run goes back before it stops.",
        minimum=1,
        only_with=Requirement("on_nonfinite", ("rollback",)),
        may_change=True,
    )
    export: bool = option(True, "Write a SavedModel when training is done.", may_change=True)
    report: bool = option(
        True, "Write report.html, a page on the run, when training is done.", may_change=True
    )
