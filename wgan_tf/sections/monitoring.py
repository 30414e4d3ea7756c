"""Options: samples, metrics and evaluation."""

import dataclasses

from wgan_tf.options import Requirement, option

WITH_INCEPTION = Requirement("eval_features", ("inception",))


@dataclasses.dataclass(frozen=True)
class MonitoringOptions:
    """Samples, metrics and evaluation."""

    sample_every: int = option(
        500, "Steps between sample grids; 0 for none.", minimum=0, may_change=True
    )
    summary_every: int = option(
        100, "Steps between metrics; 0 for none.", minimum=0, may_change=True
    )
    profile_steps: int = option(
        0,
        "Record so many of the first steps for TensorBoard's profiler; 0 for none.",
        minimum=0,
        maximum=1000,
        may_change=True,
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
        "Metrics of images in an evaluation; empty for the critic's estimate alone. The best "
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
        "How images are resized for Inception.",
        choices=("legacy_tensorflow", "clean"),
        only_with=WITH_INCEPTION,
        may_change=True,
    )
