"""Options: steps and optimizers."""

import dataclasses

from wgan_tf.options import Requirement, option

WITH_ADAM = Requirement("optimizer", ("adam",))
WITH_ADAM_OR_RMSPROP = Requirement("optimizer", ("adam", "rmsprop"))
WITH_RMSPROP = Requirement("optimizer", ("rmsprop",))


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """Steps and optimizers."""

    batch_size: int = option(
        64, "Examples in a batch, over all replicas together.", minimum=1, maximum=2**20
    )
    critic_steps: int = option(
        5, "Critic steps before each generator step.", minimum=1, maximum=4096
    )
    critic_warmup: bool = option(
        False,
        "Take 100 critic steps before each of the first 25 generator steps and before every "
        "500th, as the WGAN authors' code does.",
    )
    critic_warmup_period: int = option(
        0,
        "Take them before the first 25 of every so many generator steps; 0 for those of the run.",
        minimum=0,
        only_with=Requirement("critic_warmup", (True,)),
    )
    critic_passes: int = option(
        1,
        "1 passes real and generated examples through the critic as one batch, over which its "
        "batch norm is taken; 2 passes them one after the other.",
        minimum=1,
        maximum=2,
    )
    critic_updates: str = option(
        "joint",
        "A critic step is one update on real and generated examples together (joint), or one on "
        "the real and then one on the generated ones (separate).",
        choices=("joint", "separate"),
    )
    critic_step_generator: str = option(
        "training",
        "How the generator makes the examples of the critic's steps: as it trains, with batch norm "
        "on the batch's statistics and with dropout, or as it draws, with moving statistics and "
        "without (inference).",
        choices=("training", "inference"),
    )
    critic_batches: str = option(
        "new",
        "Whether each critic step takes a new batch of real examples, or all before one generator "
        "step the same.",
        choices=("new", "same"),
    )
    generator_batch_multiple: int = option(
        1, "The generator's step draws so many times batch_size latents.", minimum=1, maximum=64
    )
    augment: str = option(
        "none",
        "How real and generated images are changed at random before the critic sees them in "
        "training, so that it does not learn few images by heart: in color, by translation and by "
        "cutout, all of them always (diffaugment), or each with a probability that evaluations "
        "raise while the critic overfits and lower while it does not (adaptive).",
        choices=("none", "diffaugment", "adaptive"),
    )
    augment_changes: tuple[str, ...] = option(
        ("color", "translation", "cutout"),
        "What augmentation changes: color is brightness, saturation and contrast, from which gray "
        "images on a plain background may better be spared.",
        choices=("color", "translation", "cutout"),
        only_with=Requirement("augment", ("diffaugment", "adaptive")),
    )
    optimizer: str = option(
        "adam",
        "Optimizer of both networks.",
        choices=("adam", "rmsprop"),
        or_own="FILE.py:NAME or MODULE:NAME of what makes a keras.Optimizer of a learning rate",
    )
    generator_learning_rate: float = option(
        1e-4, "Learning rate of the generator.", minimum=0, may_be_accepted=True
    )
    critic_learning_rate: float = option(
        1e-4, "Learning rate of the critic.", minimum=0, may_be_accepted=True
    )
    learning_rate_decay: str = option(
        "none",
        "Course of both learning rates: constant, or linear to zero over all steps.",
        choices=("none", "linear"),
    )
    beta_1: float = option(
        0.5, "Adam's decay of the mean.", minimum=0, maximum=0.9999, only_with=WITH_ADAM
    )
    beta_2: float = option(
        0.9, "Adam's decay of the square.", minimum=0, maximum=0.999999, only_with=WITH_ADAM
    )
    rho: float = option(
        0.9,
        "RMSprop's decay of the mean square.",
        minimum=0,
        maximum=0.999999,
        only_with=WITH_RMSPROP,
    )
    initial_mean_square: float = option(
        0.0,
        "RMSprop's mean square at first; 1 in TensorFlow 1.",
        minimum=0,
        only_with=WITH_RMSPROP,
    )
    epsilon: float = option(
        1e-7,
        "What keeps an optimizer from dividing by zero.",
        minimum=1e-20,
        maximum=1,
        only_with=WITH_ADAM_OR_RMSPROP,
    )
    epsilon_placement: str = option(
        "outside_root",
        "Where epsilon stands: sqrt(v) + epsilon (outside_root), as in Keras and, for Adam, "
        "TensorFlow 1; sqrt(v + epsilon) (inside_root), as in TensorFlow 1's RMSprop; or beside "
        "the root of Adam's bias-corrected v (outside_corrected_root), as in PyTorch.",
        choices=("outside_root", "inside_root", "outside_corrected_root"),
        only_with=WITH_ADAM_OR_RMSPROP,
    )
    fused_updates: str = option(
        "auto",
        "Whether Adam's step of a variable is one operation, in place of fifteen: the same up to "
        "rounding. auto takes it in runs that begin, but for --epsilon_placement=inside_root.",
        choices=("auto", "true", "false"),
        only_with=WITH_ADAM,
    )
    ema_decay: float = option(
        0.999,
        "Decay of the moving average of the generator, which is what is drawn and exported; 0 "
        "takes the generator as it is.",
        minimum=0,
        maximum=0.999999,
    )
