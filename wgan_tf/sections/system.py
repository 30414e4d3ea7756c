"""Options: objective, constraint and conditioning."""

import dataclasses

from wgan_tf.options import Requirement, option

WITH_CLIPPING = Requirement("lipschitz", ("weight_clipping",))
WITH_PENALTY = Requirement(
    "lipschitz", ("gradient_penalty", "one_sided_gradient_penalty"), or_own=True
)
WITH_CLASSES = Requirement("conditional", ("auxiliary_classifier",))


@dataclasses.dataclass(frozen=True)
class SystemOptions:
    """Objective, constraint and conditioning."""

    objective: str = option(
        "wasserstein",
        "What critic and generator play for.",
        choices=("wasserstein", "minimax", "non_saturating", "hinge"),
        or_own="FILE.py:NAME or MODULE:NAME of a function that returns an Objective",
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
        or_own="FILE.py:NAME or MODULE:NAME of a penalty, a function of gradient norms",
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
    penalty_every: int = option(
        1,
        "Take the gradient penalty in every so many-th critic step only, with so many times its "
        "weight: lazy regularization (Karras et al. 2020, StyleGAN2), which saves up to a third of "
        "the time.",
        minimum=1,
        maximum=1024,
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
