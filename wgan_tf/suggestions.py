"""What a person may have meant by a word that is not known."""

import difflib
from collections.abc import Iterable, Sequence

# What other trainers call our options.
OPTIONS_ELSEWHERE = {
    "batch": ("batch_size",),
    "checkpoint_dir": ("workdir",),
    "clip": ("clip_value",),
    "d_lr": ("critic_learning_rate",),
    "d_steps": ("critic_steps",),
    "data": ("dataset",),
    "ema": ("ema_decay",),
    "epochs": ("steps",),
    "g_lr": ("generator_learning_rate",),
    "gp_weight": ("penalty_weight",),
    "iterations": ("steps",),
    "lambda_gp": ("penalty_weight",),
    "learning_rate": ("generator_learning_rate", "critic_learning_rate"),
    "logdir": ("workdir",),
    "loss": ("objective",),
    "lr": ("generator_learning_rate", "critic_learning_rate"),
    "model": ("architecture",),
    "n_critic": ("critic_steps",),
    "nz": ("latent_dim",),
    "out_dir": ("workdir",),
    "outdir": ("workdir",),
    "output_dir": ("workdir",),
    "resolution": ("image_size",),
    "resume": ("workdir",),
    "z_dim": ("latent_dim",),
}


def nearest_options(name: str, options: Iterable[str]) -> list[str]:
    """The options that a mistyped name, or one of another trainer's, may stand for."""
    known = list(options)
    elsewhere = [option for option in OPTIONS_ELSEWHERE.get(name, ()) if option in known]
    return elsewhere or nearest(name, known)


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known words that are near to a mistyped one, the nearest first; at most three."""
    return difflib.get_close_matches(word, list(known), n=3)


def if_you_meant(candidates: Iterable[str]) -> str:
    """The end of a sentence, before its full stop, that offers them; empty without any."""
    offered = " or ".join(candidates)
    return f", or take {offered} if you meant that" if offered else ""


def listed(words: Sequence[str], most: int = 12) -> str:
    """Words for a sentence, of many only the first: "a, b, c and 1,197 others"."""
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most:,} others"
