"""Every option of a run: one frozen dataclass, the only list there is.

The commands make their flags from it, a run's folder keeps it as `config.flags`, and the rest of
the package takes it as a value. This module imports neither TensorFlow nor absl.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

from wgan_tf.errors import UserError
from wgan_tf.options import Requirement, Value, format_value, option
from wgan_tf.suggestions import if_you_meant, nearest

WITH_CLIPPING = Requirement("lipschitz", ("weight_clipping",))
WITH_PENALTY = Requirement("lipschitz", ("gradient_penalty", "one_sided_gradient_penalty"))
WITH_CLASSES = Requirement("conditional", ("auxiliary_classifier",))
WITH_INCEPTION = Requirement("eval_features", ("inception",))
WITH_ADAM = Requirement("optimizer", ("adam",))
WITH_RMSPROP = Requirement("optimizer", ("rmsprop",))
WITH_MLP = Requirement("architecture", ("mlp",))
WITH_DCGAN = Requirement("architecture", ("dcgan",))
WITH_CONV_STACK = Requirement("architecture", ("conv_stack",))
WITH_RESNET = Requirement("architecture", ("resnet",))
WITH_ACGAN = Requirement("architecture", ("acgan",))

NORMS = ("none", "batch", "layer")
INITIALIZERS = (
    *("normal", "uniform", "dcgan", "he_uniform", "glorot_uniform", "wgan_gp", "fan_in_uniform"),
)
INITIALIZERS_HELP = (
    "normal is N(0, 0.02); uniform has the same deviation; dcgan is normal, with batch norm's "
    "scales N(1, 0.02); wgan_gp is the rule of that paper's code: deviation sqrt(4 / (fan_in + "
    "fan_out)), strides counted, for convolutions both ways, and Glorot's for dense layers; "
    "fan_in_uniform is uniform within 1 / sqrt(fan_in), biases too, as in PyTorch."
)
ACTIVATIONS = ("relu", "leaky_relu", "elu", "tanh")
LARGEST_DROPOUT = 0.99


@dataclasses.dataclass(frozen=True)
class Config:
    """The options of one run. Defaults train WGAN-GP with a DCGAN pair."""

    workdir: str = option("", "The run's folder; an existing run in it goes on.", may_change=True)
    dataset: str = option(
        "digits",
        "What to train on: a TFDS name, digits, toy:25gaussians, toy:8gaussians or toy:swissroll "
        "(new points in every batch of the whole of these two), folder:DIR, idx:DIR or npy:FILE. A "
        "run goes on from another place if the examples are the same.",
        may_change=True,
    )
    data_dir: str = option(
        "~/tensorflow_datasets",
        "Folder of TFDS data sets and of the stores prepared from them.",
        may_change=True,
    )
    image_size: int = option(
        0,
        "Side of the square pictures in pixels, reached by a centre crop and an antialiased "
        "resize; 0 keeps the data set's own.",
        minimum=0,
    )
    train_split: str = option(
        "train", "Split to train on, in TFDS syntax: train[:50%], train+test."
    )
    eval_split: str = option(
        "",
        "Split of held-out examples for the critic's estimate, in TFDS syntax.",
        may_change=True,
    )
    classes: tuple[str, ...] = option((), "Keep these classes only, by name or number.")
    objective: str = option(
        "wasserstein",
        "What critic and generator play for.",
        choices=("wasserstein", "minimax", "non_saturating", "hinge"),
    )
    lipschitz: str = option(
        "gradient_penalty",
        "How the critic is kept Lipschitz: not at all; every trainable variable clipped after each "
        "update; a penalty on gradient norms that differ from one, or that exceed one "
        "(one_sided_gradient_penalty); or kernels divided by their spectral norm.",
        choices=(
            "none",
            "weight_clipping",
            "gradient_penalty",
            "one_sided_gradient_penalty",
            "spectral_norm",
        ),
    )
    clip_value: float = option(
        0.01,
        "Bound c: every trainable variable of the critic, norms' scales and offsets included, is "
        "clipped to [-c, c] in each critic step.",
        minimum=1e-8,
        only_with=WITH_CLIPPING,
    )
    clip_timing: str = option(
        "after_update",
        "Clip at the end of each critic step, as algorithm 1 of the WGAN paper has it, or at its "
        "beginning, as its authors' code does.",
        choices=("after_update", "before_update"),
        only_with=WITH_CLIPPING,
    )
    penalty_weight: float = option(
        10.0,
        "Weight lambda of the gradient penalty in the critic's loss.",
        minimum=0,
        only_with=WITH_PENALTY,
    )
    conditional: str = option(
        "none",
        "Whether the generator takes a label, which the critic's auxiliary classifier tells.",
        choices=("none", "auxiliary_classifier"),
    )
    label_distribution: str = option(
        "auto",
        "How the labels of generated examples are drawn in training and in evaluations: uniform "
        "over the classes, or as often as the data have them; auto takes data for folder:DIR, else "
        "uniform.",
        choices=("auto", "uniform", "data"),
        only_with=WITH_CLASSES,
    )
    generator_conditioning: str = option(
        "multiply",
        "How the label enters the generator: its embedding multiplied with the latent, or beside "
        "it (concatenate), or a scale and an offset a class in every batch norm.",
        choices=("multiply", "concatenate", "batch_norm"),
        only_with=WITH_CLASSES,
    )
    embedding_initializer: str = option(
        "normal",
        "Initial embeddings of the labels: N(0, 1), or Glorot's uniform.",
        choices=("normal", "glorot_uniform"),
        only_with=WITH_CLASSES,
    )
    critic_class_weight: float = option(
        1.0,
        "Weight of the classification loss in the critic's loss.",
        minimum=0,
        only_with=WITH_CLASSES,
    )
    generator_class_weight: float = option(
        0.1,
        "Weight of the classification loss in the generator's loss.",
        minimum=0,
        only_with=WITH_CLASSES,
    )
    classify_generated: bool = option(
        False,
        "Train the classifier on generated examples as well as on real ones.",
        only_with=WITH_CLASSES,
    )
    critic_step_labels: str = option(
        "drawn",
        "Labels of the examples that are generated for the critic's steps: drawn, or those of the "
        "real examples of the step.",
        choices=("drawn", "real"),
        only_with=WITH_CLASSES,
    )
    architecture: str = option(
        "dcgan",
        "Family of the two networks.",
        choices=("mlp", "dcgan", "conv_stack", "resnet", "acgan"),
    )
    output_activation: str = option(
        "tanh",
        "Last function of the generator, which sets the range that pictures are scaled to: tanh "
        "[-1, 1], sigmoid [0, 1], linear for points.",
        choices=("tanh", "sigmoid", "linear"),
    )
    latent_dim: int = option(128, "Width of the latent.", minimum=1)
    latent_distribution: str = option(
        "normal",
        "Distribution of the latent: standard normal, or uniform on (-1, 1).",
        choices=("normal", "uniform"),
    )
    leaky_relu_slope: float = option(
        0.2, "Slope of every leaky_relu below zero.", minimum=0, maximum=1
    )
    batch_norm_momentum: float = option(
        0.9,
        "Decay of the moving statistics of every batch norm.",
        minimum=0,
        maximum=0.9999,
    )
    batch_norm_epsilon: float = option(
        1e-5, "Added to the variance in every batch norm.", minimum=1e-12, maximum=1
    )
    bias_before_norm: bool = option(
        False,
        "Give a bias also to layers that a batch norm follows, which cancels it.",
    )
    mlp_generator_units: tuple[int, ...] = option(
        (512, 512, 512),
        "Units of the generator's hidden layers.",
        minimum=1,
        only_with=WITH_MLP,
    )
    mlp_critic_units: tuple[int, ...] = option(
        (512, 512, 512), "Units of the critic's hidden layers.", minimum=1, only_with=WITH_MLP
    )
    mlp_generator_norm: str = option(
        "none",
        "Normalisation in the generator, before each activation.",
        choices=NORMS,
        only_with=WITH_MLP,
    )
    mlp_generator_activation: str = option(
        "relu",
        "Activation of the generator's hidden layers.",
        choices=ACTIVATIONS,
        only_with=WITH_MLP,
    )
    mlp_critic_activation: str = option(
        "relu",
        "Activation of the critic's hidden layers.",
        choices=ACTIVATIONS,
        only_with=WITH_MLP,
    )
    mlp_generator_dropout: tuple[float, ...] = option(
        (0.0,),
        "Dropout rates after the generator's hidden layers: one a layer, or one for all.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_MLP,
    )
    mlp_critic_dropout: tuple[float, ...] = option(
        (0.0,),
        "Dropout rates after the critic's hidden layers: one a layer, or one for all.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_MLP,
    )
    mlp_initializer: str = option(
        "he_uniform",
        f"Initial kernels: {INITIALIZERS_HELP} With wgan_gp, hidden layers take He's uniform.",
        choices=INITIALIZERS,
        only_with=WITH_MLP,
    )
    dcgan_width: int = option(
        64,
        "Filters of the layers next to the picture; they double with every halving.",
        minimum=1,
        only_with=WITH_DCGAN,
    )
    dcgan_kernel_size: int = option(
        5, "Side of the convolution kernels.", minimum=2, maximum=9, only_with=WITH_DCGAN
    )
    dcgan_start_size: int = option(
        4,
        "The picture's side is halved until it is at most this.",
        minimum=2,
        maximum=16,
        only_with=WITH_DCGAN,
    )
    dcgan_generator_norm: str = option(
        "batch", "Normalisation in the generator.", choices=NORMS, only_with=WITH_DCGAN
    )
    dcgan_first_norm: str = option(
        "feature_map",
        "What the generator's first norm is over: the filters of the first feature map, or the "
        "units of the dense layer before it.",
        choices=("feature_map", "units"),
        only_with=WITH_DCGAN,
    )
    dcgan_critic_norm: str = option(
        "none", "Normalisation in the critic.", choices=NORMS, only_with=WITH_DCGAN
    )
    dcgan_critic_units: int = option(
        0,
        "Units of a dense layer before the critic's output; 0 for none.",
        minimum=0,
        only_with=WITH_DCGAN,
    )
    dcgan_biases: bool = option(
        True,
        "Give a bias to layers that no batch norm follows.",
        only_with=WITH_DCGAN,
    )
    dcgan_initializer: str = option(
        "normal",
        f"Initial kernels: {INITIALIZERS_HELP}",
        choices=INITIALIZERS,
        only_with=WITH_DCGAN,
    )
    conv_stack_order: str = option(
        "pre_activation",
        "Where norm and activation stand: before each convolution, or after it (post_activation), "
        "the generator's first norm then being over the units of its dense layer.",
        choices=("pre_activation", "post_activation"),
        only_with=WITH_CONV_STACK,
    )
    conv_stack_start_size: int = option(
        7, "Side of the generator's first feature map.", minimum=1, only_with=WITH_CONV_STACK
    )
    conv_stack_start_filters: int = option(
        128, "Filters of the generator's first feature map.", minimum=1, only_with=WITH_CONV_STACK
    )
    conv_stack_generator_filters: tuple[int, ...] = option(
        (128, 64, 32),
        "Filters of the generator's layers, without the last, which has the picture's channels.",
        minimum=1,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_kernel_sizes: tuple[int, ...] = option(
        (5,),
        "Sides of the kernels of the generator's layers: one a layer, or one for all.",
        minimum=1,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_strides: tuple[int, ...] = option(
        (2, 2, 1, 1),
        "Upscaling of the generator's layers: one a layer, the last included, or one for all.",
        minimum=1,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_upsampling: tuple[str, ...] = option(
        ("transposed",),
        "How the generator's layers upscale, one a layer or one for all: by a transposed "
        "convolution, or by repeating pixels before a convolution (nearest).",
        choices=("transposed", "nearest"),
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_filters: tuple[int, ...] = option(
        (32, 64, 128, 256), "Filters of the critic's layers.", minimum=1, only_with=WITH_CONV_STACK
    )
    conv_stack_critic_kernel_sizes: tuple[int, ...] = option(
        (5,),
        "Sides of the kernels of the critic's layers: one a layer, or one for all.",
        minimum=1,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_strides: tuple[int, ...] = option(
        (2, 2, 2, 1),
        "Strides of the critic's layers: one a layer, or one for all.",
        minimum=1,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_norm: str = option(
        "batch", "Normalisation in the generator.", choices=NORMS, only_with=WITH_CONV_STACK
    )
    conv_stack_critic_norm: str = option(
        "none",
        "Normalisation in the critic, but in its first layer.",
        choices=NORMS,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_output_norm: bool = option(
        False,
        "Normalise before the generator's last function, too.",
        only_with=WITH_CONV_STACK,
    )
    conv_stack_margin: int = option(
        0,
        "Pixels on each side by which the stacks are larger than the picture: the critic pads it "
        "with zeros, and what the generator draws is cropped.",
        minimum=0,
        maximum=64,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_activation: str = option(
        "relu",
        "Activation in the generator.",
        choices=ACTIVATIONS,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_activation: str = option(
        "leaky_relu",
        "Activation in the critic.",
        choices=ACTIVATIONS,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_generator_dropout: float = option(
        0.0,
        "Dropout rate of the generator's first feature map.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_dropout: tuple[float, ...] = option(
        (0.0,),
        "Dropout rates after the activations of the critic: one a layer, or one for all.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_critic_output_dropout: float = option(
        0.0,
        "Dropout rate of what the critic's output is computed from.",
        minimum=0,
        maximum=LARGEST_DROPOUT,
        only_with=WITH_CONV_STACK,
    )
    conv_stack_initializer: str = option(
        "glorot_uniform",
        f"Initial kernels: {INITIALIZERS_HELP}",
        choices=INITIALIZERS,
        only_with=WITH_CONV_STACK,
    )
    resnet_start_size: int = option(
        4, "Side of the generator's first feature map.", minimum=1, only_with=WITH_RESNET
    )
    resnet_generator_filters: tuple[int, ...] = option(
        (128, 128, 128),
        "Filters of the generator's residual blocks, each of which doubles the sides; the first "
        "feature map has those of the first block.",
        minimum=1,
        only_with=WITH_RESNET,
    )
    resnet_generator_norm: str = option(
        "batch", "Normalisation in the generator.", choices=NORMS, only_with=WITH_RESNET
    )
    resnet_critic_filters: tuple[int, ...] = option(
        (128, 128, 128, 128),
        "Filters of the critic's residual blocks, or of its first convolution and then its blocks.",
        minimum=1,
        only_with=WITH_RESNET,
    )
    resnet_critic_first_block: str = option(
        "optimized",
        "What the critic begins with: a residual block that neither normalises nor rectifies the "
        "pixels (optimized), or a single convolution.",
        choices=("optimized", "convolution"),
        only_with=WITH_RESNET,
    )
    resnet_critic_downsamplings: int = option(
        2,
        "So many of the critic's residual blocks, the first ones, halve the sides.",
        minimum=0,
        only_with=WITH_RESNET,
    )
    resnet_critic_pooling: str = option(
        "mean",
        "What the critic's output is computed from: the mean over all pixels of the rectified last "
        "feature map, or all of its entries (flatten).",
        choices=("mean", "flatten"),
        only_with=WITH_RESNET,
    )
    resnet_critic_norm: str = option(
        "none",
        "Normalisation in the critic's residual blocks.",
        choices=("none", "layer"),
        only_with=WITH_RESNET,
    )
    resnet_initializer: str = option(
        "wgan_gp",
        f"Initial kernels: {INITIALIZERS_HELP} With wgan_gp, convolutions outside the residual "
        "branches take Glorot's uniform.",
        choices=INITIALIZERS,
        only_with=WITH_RESNET,
    )
    resnet_output_initializer: str = option(
        "glorot_uniform",
        "Initial kernel of the generator's last convolution, by the same names.",
        choices=INITIALIZERS,
        only_with=WITH_RESNET,
    )
    acgan_generator_units: int = option(
        1024,
        "Units of the dense layer before the generator's first feature map.",
        minimum=1,
        only_with=WITH_ACGAN,
    )
    acgan_start_filters: int = option(
        128, "Filters of the generator's first feature map.", minimum=1, only_with=WITH_ACGAN
    )
    acgan_generator_filters: tuple[int, ...] = option(
        (256, 128),
        "Filters of the generator's convolutions, before each of which the sides double.",
        minimum=1,
        only_with=WITH_ACGAN,
    )
    acgan_critic_filters: tuple[int, ...] = option(
        (32, 64, 128, 256),
        "Filters of the critic's convolutions; after the first, the third and so on the sides "
        "halve.",
        minimum=1,
        only_with=WITH_ACGAN,
    )
    acgan_critic_dropout: float = option(
        0.3,
        "Share of the entries that dropout takes after each of the critic's convolutions.",
        minimum=0,
        maximum=0.99,
        only_with=WITH_ACGAN,
    )
    acgan_initializer: str = option(
        "normal",
        f"Initial kernels of convolutions, where dense layers take Glorot's: {INITIALIZERS_HELP}",
        choices=INITIALIZERS,
        only_with=WITH_ACGAN,
    )
    batch_size: int = option(64, "Examples in a batch, over all replicas together.", minimum=1)
    critic_steps: int = option(
        5, "Critic steps before each generator step.", minimum=1, maximum=4096
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
    dequantize: bool = option(
        False,
        "Spread each pixel's value evenly over its step of 1/256 by uniform noise.",
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
    steps: int = option(
        20_000, "Generator steps of the whole run.", minimum=1, maximum=2**31 - 1, may_change=True
    )
    optimizer: str = option("adam", "Optimizer of both networks.", choices=("adam", "rmsprop"))
    generator_learning_rate: float = option(1e-4, "Learning rate of the generator.", minimum=0)
    critic_learning_rate: float = option(1e-4, "Learning rate of the critic.", minimum=0)
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
        1e-7, "What keeps an optimizer from dividing by zero.", minimum=1e-20, maximum=1
    )
    epsilon_placement: str = option(
        "outside_root",
        "Where epsilon stands: sqrt(v) + epsilon (outside_root), as in Keras and, for Adam, "
        "TensorFlow 1; sqrt(v + epsilon) (inside_root), as in TensorFlow 1's RMSprop; or beside "
        "the root of Adam's bias-corrected v (outside_corrected_root), as in PyTorch.",
        choices=("outside_root", "inside_root", "outside_corrected_root"),
    )
    ema_decay: float = option(
        0.999,
        "Decay of the moving average of the generator, which is what is drawn and exported; 0 "
        "takes the generator as it is.",
        minimum=0,
        maximum=0.999999,
    )
    sampling_statistics: str = option(
        "moving",
        "What batch norm takes when the generator is drawn from, measured and exported: its moving "
        "statistics, or standing ones: means, over 16 batches, of the moments that it has with the "
        "very weights that are drawn from.",
        choices=("moving", "standing"),
    )
    precision: str = option(
        "float32",
        "What layers compute in; bfloat16 keeps variables, scores and penalty in float32.",
        choices=("float32", "bfloat16", "float64"),
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
        "Most generator steps in one compiled call; a stop request is heard between calls.",
        minimum=1,
        maximum=2**31 - 1,
        may_change=True,
    )
    seed: int = option(0, "Seed of everything random.", minimum=0, maximum=2**31 - 1)
    checkpoint_every: int = option(
        1000, "Steps between checkpoints; 0 for the last only.", minimum=0, may_change=True
    )
    keep_checkpoints: int = option(3, "Newest checkpoints to keep.", minimum=1, may_change=True)
    sample_every: int = option(
        500, "Steps between sample grids; 0 for none.", minimum=0, may_change=True
    )
    summary_every: int = option(
        100, "Steps between metrics; 0 for none.", minimum=0, may_change=True
    )
    eval_every: int = option(
        0,
        "Steps between evaluations on --eval_split: the critic's estimate, and the metrics of "
        "generated examples; 0 for none.",
        minimum=0,
        may_change=True,
    )
    eval_metrics: tuple[str, ...] = option(
        ("fid",),
        "Metrics of pictures in an evaluation; empty for the critic's estimate alone. The best "
        "checkpoint has the least fid, or without it kid, or without both sliced_wasserstein.",
        choices=(
            "fid",
            "kid",
            "inception_score",
            "class_agreement",
            "manifolds",
            "sliced_wasserstein",
        ),
        may_change=True,
    )
    eval_samples: int = option(
        2000, "Generated examples in an evaluation.", minimum=100, maximum=10**6, may_change=True
    )
    eval_features: str = option(
        "auto",
        "Features that metrics are computed of: those of a classifier trained on the data's "
        "labels, of the Inception graph in --inception, random projections of the pixels, or the "
        "pixels; auto takes the classifier where there are labels, else random projections.",
        choices=("auto", "classifier", "inception", "random", "pixels"),
        may_change=True,
    )
    inception: str = option(
        "",
        "The 2015 Inception graph: a frozen graph (.pb), a SavedModel or a TF-Hub folder.",
        only_with=WITH_INCEPTION,
        may_change=True,
    )
    inception_protocol: str = option(
        "legacy_tensorflow",
        "How pictures are resized for Inception.",
        choices=("legacy_tensorflow", "clean"),
        only_with=WITH_INCEPTION,
        may_change=True,
    )
    profile_steps: int = option(
        0,
        "Record so many of the first steps for TensorBoard's profiler; 0 for none.",
        minimum=0,
        maximum=1000,
        may_change=True,
    )
    export: bool = option(True, "Write a SavedModel when training is done.", may_change=True)
    report: bool = option(
        True, "Write report.html, a page on the run, when training is done.", may_change=True
    )


def fields() -> tuple[dataclasses.Field[Any], ...]:
    """All options, in the order of their declaration."""
    return dataclasses.fields(Config)


def validate(config: Config) -> None:
    """Checks every value alone, then together with the others, as far as no data is needed.

    Raises:
        UserError: the first value that is not allowed.
    """
    for field in fields():
        _check_alone(field, getattr(config, field.name))
    for field in fields():
        _check_in_use(field, config)
    if not config.workdir:
        raise UserError("--workdir is not given; name the folder that the run is to be kept in.")
    if config.lipschitz in WITH_PENALTY.values and "batch" in (
        config.dcgan_critic_norm,
        config.conv_stack_critic_norm,
    ):
        raise UserError(
            f"--{config.architecture}_critic_norm=batch does not go with "
            f"--lipschitz={config.lipschitz}, which needs a critic that judges each example alone; "
            "take layer or none."
        )
    if config.lipschitz in WITH_PENALTY.values and config.critic_updates == "separate":
        raise UserError(
            f"--critic_updates=separate does not go with --lipschitz={config.lipschitz}, whose "
            "points lie between real and generated examples; take joint."
        )
    if config.epsilon_placement == "outside_corrected_root" and config.optimizer != "adam":
        raise UserError(
            f"--epsilon_placement=outside_corrected_root does not go with --optimizer="
            f"{config.optimizer}, which corrects no bias; take outside_root."
        )
    if config.eval_features == "inception" and not config.inception:
        raise UserError(
            "--eval_features=inception needs the graph's weights; name them with --inception, or "
            "take other features."
        )
    if config.eval_every and not config.eval_split:
        raise UserError(
            f"--eval_every={config.eval_every} needs held-out examples; name them with "
            "--eval_split, for instance --eval_split=test."
        )


def _check_alone(field: dataclasses.Field[Any], value: Value) -> None:
    choices, low, high = (field.metadata[key] for key in ("choices", "minimum", "maximum"))
    entries = value if isinstance(value, tuple) else (value,)
    for entry in entries:
        if choices and entry not in choices:
            raise UserError(
                f"--{field.name}={format_value(value)} is not known; take one of "
                f"{', '.join(choices)}{if_you_meant(nearest(str(entry), choices))}."
            )
        if isinstance(entry, str) and (len(entry.splitlines()) > 1 or entry != entry.strip()):
            raise UserError(
                f"--{field.name}={entry!r} begins or ends with a space or spans lines; take "
                "these out."
            )
        if isinstance(entry, (int, float)) and not (low <= entry <= high and entry < math.inf):
            allowed = f"from {low:g} to {high:g}" if high < math.inf else f"at least {low:g}"
            raise UserError(
                f"--{field.name}={format_value(value)} is out of range; give a value {allowed}."
            )


def _check_in_use(field: dataclasses.Field[Any], config: Config) -> None:
    requirement = field.metadata["only_with"]
    value = getattr(config, field.name)
    if requirement is None or value == field.default:
        return
    required = getattr(config, requirement.option)
    if required not in requirement.values:
        raise UserError(
            f"--{field.name}={format_value(value)} has no effect with "
            f"--{requirement.option}={format_value(required)}; leave it out or take "
            f"--{requirement.option}={' or '.join(map(format_value, requirement.values))}."
        )


def label_distribution(config: Config) -> str:
    """`uniform` or `data`; for auto, data of folders, whose classes are seldom of one size."""
    if config.label_distribution != "auto":
        return config.label_distribution
    return "data" if config.dataset.startswith("folder:") else "uniform"


def trajectory_changes(saved: Config, given: Config) -> Mapping[str, tuple[Value, Value]]:
    """The options that differ and that a run may not change on its way: name -> (saved, given)."""
    fixed = [field.name for field in fields() if not field.metadata["may_change"]]
    if saved.learning_rate_decay != "none":
        fixed.append("steps")
    if saved.conditional != "none" and label_distribution(saved) != label_distribution(given):
        fixed.append("dataset")
    return _differences(saved, given, fixed)


def _differences(
    first: Config, second: Config, names: Iterable[str]
) -> Mapping[str, tuple[Value, Value]]:
    pairs = {name: (getattr(first, name), getattr(second, name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
