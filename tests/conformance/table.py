"""The table of everything that trains; every promise is one test over all of its rows."""

import dataclasses
import pathlib
from typing import Any

from wgan_tf import lipschitz
from wgan_tf.config import Config

# A file of the caller's own, in place of a family.
OWN_PAIR = str(pathlib.Path(__file__).with_name("own_pair.py"))
PICTURES = {"image_size": 8, "architecture": "dcgan", "dcgan_width": 4, "dcgan_start_size": 2}
PERCEPTRONS = {
    "architecture": "mlp",
    "mlp_generator_units": (8, 8),
    "mlp_critic_units": (8, 8),
}
POINTS = {**PERCEPTRONS, "output_activation": "linear", "penalty_weight": 0.1}
STACK = {
    "architecture": "conv_stack",
    "conv_stack_start_size": 2,
    "conv_stack_start_filters": 4,
    "conv_stack_generator_filters": (4, 4),
    "conv_stack_generator_strides": (2, 2, 1),
    "conv_stack_critic_filters": (4, 4),
    "conv_stack_critic_strides": (2, 2),
}
RESIDUAL = {
    "architecture": "resnet",
    "resnet_start_size": 2,
    "resnet_generator_filters": (4, 3),
    "resnet_critic_filters": (3, 4, 4),
    "dequantize": True,
    "generator_batch_multiple": 2,
}
RESIDUAL_CONVOLUTION_FIRST = {
    **RESIDUAL,
    "resnet_critic_first_block": "convolution",
    "resnet_critic_pooling": "flatten",
    "resnet_critic_norm": "layer",
}
LABELS = {"conditional": "auxiliary_classifier"}
CLASSIFIER = {
    "architecture": "acgan",
    "acgan_generator_units": 8,
    "acgan_start_filters": 4,
    "acgan_generator_filters": (4, 4),
    "acgan_critic_filters": (4, 4, 4, 4),
}
# The orders, norms and upsamplings of a stack that STACK has not.
OTHER_STACK = {
    "architecture": "conv_stack",
    "conv_stack_order": "post_activation",
    "conv_stack_start_size": 2,
    "conv_stack_start_filters": 4,
    "conv_stack_generator_filters": (4, 3),
    "conv_stack_generator_kernel_sizes": (3, 5, 2),
    "conv_stack_generator_strides": (2, 2, 1),
    "conv_stack_generator_upsampling": ("nearest", "transposed", "nearest"),
    "batch_norm_momentum": 0.8,
    "conv_stack_generator_activation": "leaky_relu",
    "conv_stack_critic_filters": (4, 5),
    "conv_stack_critic_kernel_sizes": (3, 2),
    "conv_stack_critic_strides": (2,),
    "conv_stack_critic_activation": "elu",
    "conv_stack_initializer": "normal",
}
CLIPPING = {"lipschitz": "weight_clipping", "clip_value": 0.05, "optimizer": "rmsprop"}
TENSORFLOW_1 = {"epsilon": 1e-10, "epsilon_placement": "inside_root", "initial_mean_square": 1.0}
PYTORCH = {"epsilon": 1e-8, "epsilon_placement": "outside_corrected_root", "beta_2": 0.999}
SEPARATE = {"critic_updates": "separate", "critic_step_generator": "inference"}


@dataclasses.dataclass(frozen=True)
class Row:
    """A combination of objective, constraint, conditioning and networks, made small."""

    name: str
    dataset: str
    options: dict[str, Any]

    def config(self, **changes: Any) -> Config:
        """The row's configuration, four examples a batch, with some options changed."""
        small = {
            "workdir": "unused",
            "dataset": self.dataset,
            "latent_dim": 3,
            "batch_size": 4,
            "critic_steps": 2,
            "steps": 20,
            "generator_learning_rate": 1e-3,
            "critic_learning_rate": 1e-3,
            "seed": 11,
            "precision": "float64",
        }
        return Config(**{**small, **self.options, **changes})

    @property
    def has_penalty(self) -> bool:
        """Whether training differentiates the critic twice."""
        return self.config().lipschitz in lipschitz.PENALTIES


ROWS = [
    Row("mlp-points-penalty", "toy:8gaussians", POINTS),
    Row(
        "mlp-points-penalty-every-third-step",
        "toy:8gaussians",
        {**POINTS, "penalty_every": 3, "fused_updates": "true"},
    ),
    Row("mlp-pictures-clipping", "digits", {**PERCEPTRONS, **CLIPPING, **TENSORFLOW_1}),
    Row("dcgan-penalty", "digits", PICTURES),
    Row("dcgan-penalty-float32", "digits", {**PICTURES, "precision": "float32"}),
    Row("dcgan-penalty-bfloat16", "digits", {**PICTURES, "precision": "bfloat16"}),
    Row("dcgan-penalty-float16", "digits", {**PICTURES, "precision": "float16"}),
    Row(
        "dcgan-penalty-layer-norm-decay",
        "digits",
        {
            **PICTURES,
            "dcgan_critic_norm": "layer",
            "dcgan_generator_norm": "layer",
            "dcgan_critic_units": 5,
            "dcgan_initializer": "he_uniform",
            "learning_rate_decay": "linear",
        },
    ),
    Row(
        "dcgan-clipping-batch-norm",
        "digits",
        {
            **PICTURES,
            **CLIPPING,
            "dcgan_first_norm": "units",
            "dcgan_critic_norm": "batch",
            "bias_before_norm": True,
            "critic_passes": 2,
            "critic_batches": "same",
        },
    ),
    Row(
        "dcgan-minimax-one-pass",
        "digits",
        {
            **PICTURES,
            "dcgan_initializer": "dcgan",
            "dcgan_biases": False,
            "objective": "minimax",
            "lipschitz": "none",
            "dcgan_critic_norm": "batch",
            "sampling_statistics": "standing",
        },
    ),
    Row(
        "dcgan-non-saturating-one-sided",
        "digits",
        {
            **PICTURES,
            "objective": "non_saturating",
            "lipschitz": "one_sided_gradient_penalty",
            "subpixel_convolutions": "true",
            "dequantize": True,
            "generator_batch_multiple": 2,
        },
    ),
    Row(
        "dcgan-hinge-spectral-norm",
        "digits",
        {
            **PICTURES,
            "objective": "hinge",
            "lipschitz": "spectral_norm",
            "dcgan_critic_units": 5,
        },
    ),
    Row(
        "dcgan-classifier-multiply",
        "digits",
        {
            **PICTURES,
            "conditional": "auxiliary_classifier",
            "classify_generated": True,
            "generator_class_weight": 1.0,
        },
    ),
    Row(
        "dcgan-classifier-batch-norm-spectral",
        "digits",
        {
            **PICTURES,
            "conditional": "auxiliary_classifier",
            "generator_conditioning": "batch_norm",
            "lipschitz": "spectral_norm",
            "critic_step_labels": "real",
            **SEPARATE,
        },
    ),
    Row(
        "mlp-classifier-concatenate",
        "digits",
        {
            **PERCEPTRONS,
            "conditional": "auxiliary_classifier",
            "generator_conditioning": "concatenate",
            "classes": ("3", "5", "8"),
            "label_distribution": "data",
        },
    ),
    Row(
        "mlp-penalty-warmup",
        "digits",
        {**PERCEPTRONS, "critic_warmup": True, "critic_warmup_period": 1000, "ema_decay": 0.0},
    ),
    Row(
        "dcgan-unconstrained-uniform",
        "digits",
        {
            **PICTURES,
            "lipschitz": "none",
            "latent_distribution": "uniform",
            "output_activation": "sigmoid",
            "dcgan_generator_norm": "none",
        },
    ),
    Row("conv-stack-clipping", "digits", {**STACK, **CLIPPING}),
    Row("conv-stack-penalty", "digits", {**STACK, "conv_stack_critic_norm": "layer"}),
    Row(
        "dcgan-penalty-mirror-augment",
        "digits",
        {
            **PICTURES,
            "mirror": True,
            "dequantize": True,
            "augment": "diffaugment",
            "generator_batch_multiple": 2,
        },
    ),
    Row(
        "dcgan-classifier-clipping-adaptive-augment",
        "digits",
        {
            **PICTURES,
            **CLIPPING,
            **LABELS,
            "augment": "adaptive",
            "eval_every": 1000,
            "eval_split": "train[:5%]",
            "output_activation": "sigmoid",
        },
    ),
    Row("resnet-penalty", "digits", {**RESIDUAL, "sampling_statistics": "standing"}),
    Row("resnet-penalty-layer-norm", "digits", RESIDUAL_CONVOLUTION_FIRST),
    Row(
        "resnet-classes-in-batch-norm",
        "digits",
        {**RESIDUAL, **LABELS, "generator_conditioning": "batch_norm"},
    ),
    Row(
        "acgan-classes-clipping",
        "digits",
        {
            **CLASSIFIER,
            **LABELS,
            **CLIPPING,
            **SEPARATE,
            "clip_timing": "before_update",
            # With less, gradients so small that rounding shows take steps that are not.
            "epsilon": 1e-5,
            "classify_generated": True,
            "leaky_relu_slope": 0.3,
            "embedding_initializer": "glorot_uniform",
        },
    ),
    Row(
        "acgan-classes-penalty",
        "digits",
        {**CLASSIFIER, **LABELS, "generator_conditioning": "concatenate"},
    ),
    Row(
        "conv-stack-post-activation-penalty",
        "digits",
        {
            **OTHER_STACK,
            "conv_stack_start_size": 3,
            "conv_stack_margin": 2,
            "conv_stack_generator_output_norm": True,
            "batch_norm_epsilon": 1e-3,
        },
    ),
    Row(
        "conv-stack-post-activation-dropout",
        "digits",
        {
            **OTHER_STACK,
            "conv_stack_generator_dropout": 0.5,
            "conv_stack_critic_dropout": (0.4, 0.0),
            "conv_stack_critic_output_dropout": 0.2,
            "conv_stack_critic_norm": "batch",
            "objective": "non_saturating",
            "lipschitz": "none",
            "critic_passes": 2,
            "sampling_statistics": "standing",
        },
    ),
    Row(
        "mlp-penalty-dropout",
        "digits",
        {
            **PERCEPTRONS,
            **PYTORCH,
            "mlp_initializer": "fan_in_uniform",
            "leaky_relu_slope": 0.01,
            "mlp_generator_norm": "batch",
            "mlp_generator_activation": "leaky_relu",
            "mlp_generator_dropout": (0.5, 0.0),
            "mlp_critic_activation": "tanh",
        },
    ),
    Row("own-networks-classes-penalty", "digits", {"architecture": OWN_PAIR, **LABELS}),
]
