"""Patterns of upscaling in the spectra of generated images."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments import images, plots, training
from experiments.document import Claim, Finding, Settings, Verdict, table
from experiments.trials import Measured, Trial

COMPARED_IMAGES = 2000
UPSAMPLINGS = {"transposed": "transposed convolutions", "nearest": "repeated pixels, convolutions"}
MOMENTS = (25, 100, 400)
OPTIONS = {
    **images.NETWORKS,
    **images.PENALIZED,
    "architecture": "conv_stack",
    "conv_stack_start_size": 4,
    "conv_stack_start_filters": 32,
    "conv_stack_generator_filters": (16,),
    "conv_stack_generator_strides": (2, 2),
    "conv_stack_critic_filters": (16, 32, 64),
    "conv_stack_critic_strides": (2, 2, 2),
    "critic_steps": 3,
    "steps": 400,
    "summary_every": 100,
    "checkpoint_every": 25,
    "keep_checkpoints": 16,
    "eval_split": "",
}


def spectrum(images: np.ndarray) -> np.ndarray:
    """The mean power of each spatial frequency, without the mean: [N, H, W] -> [H, W], centred."""
    values = images / 255.0
    values = values - values.mean(axis=(1, 2), keepdims=True)
    power = np.abs(np.fft.fft2(values)) ** 2
    return np.fft.fftshift(power.mean(axis=0))


def checkerboard_share(power: np.ndarray) -> float:
    """The share of the power in the pattern of period 2 and 4 that strides of 2 leave.

    These are the frequencies (u, v) of which each is 0, a quarter or a half of a cycle a pixel, but
    (0, 0), and at least one of them the half.
    """
    size = len(power)
    marks = [0, size // 4, size // 2, 3 * size // 4]
    rows, columns = np.meshgrid(marks, marks, indexing="ij")
    chosen = (rows == 0) | (columns == 0)
    return float(power[rows[chosen], columns[chosen]].sum() / power.sum())


def learn(folder: pathlib.Path, options: Mapping[str, Any]) -> Measured:
    """Trains; tells the spectra of samples at some steps, and that of real images."""
    from wgan_tf.data.store import open_store

    run = training.train(folder, options)
    store = open_store(run.config, run.config.train_split)
    real = spectrum(store.read(np.arange(COMPARED_IMAGES))[0][..., 0])
    powers = {
        step: spectrum(run.sample(COMPARED_IMAGES, seed=1, checkpoint=step)[..., 0])
        for step in MOMENTS
    }
    return {
        "real": checkerboard_share(real),
        "shares": {str(step): checkerboard_share(power) for step, power in powers.items()},
        "spectrum": np.round(np.log10(powers[MOMENTS[-1]] + 1e-6), 2).tolist(),
        "real_spectrum": np.round(np.log10(real + 1e-6), 2).tolist(),
        "images": run.sample(8, seed=1)[..., 0].tolist(),
        "fid_classifier": run.evaluate(n=2000, eval_split="test")["fid_classifier"],
    }


def trial(settings: Settings, upsampling: str, seed: int) -> Trial:
    """The trial of one way to upscale."""
    options = {
        **OPTIONS,
        "conv_stack_generator_upsampling": (upsampling,),
        "dataset": settings.data,
        "seed": seed,
    }
    return Trial(f"checkerboard/{upsampling}-{seed}", learn, {"options": options})


def trials(settings: Settings) -> Sequence[Trial]:
    """Both ways."""
    return [trial(settings, way, seed) for way in UPSAMPLINGS for seed in settings.seeds(3)]


def report(settings: Settings) -> Finding:
    """The share of the pattern in the spectra, beside that of real images."""
    found = {
        way: [settings.result(trial(settings, way, seed)) for seed in settings.seeds(3)]
        for way in UPSAMPLINGS
    }
    real = found["transposed"][0]["real"]

    def ratios(way: str, step: int) -> list[float]:
        return [result["shares"][str(step)] / real for result in found[way]]

    rows = [
        [
            title,
            *(training.per_seed(ratios(way, step)) for step in MOMENTS),
            training.per_seed([result["fid_classifier"] for result in found[way]]),
        ]
        for way, title in UPSAMPLINGS.items()
    ]
    _plot(settings, found)
    first = [np.mean(ratios(way, MOMENTS[0])) for way in UPSAMPLINGS]
    last = [np.mean(ratios(way, MOMENTS[-1])) for way in UPSAMPLINGS]
    more_at_first, more_at_last = (pair[0] > 1.5 * pair[1] for pair in (first, last))
    verdict = (
        Verdict.HOLDS
        if more_at_first and more_at_last
        else Verdict.IN_PART
        if more_at_first or more_at_last
        else Verdict.DOES_NOT_HOLD
    )
    return Finding(
        table(
            [
                "Pattern, by that of real images, at step",
                *(f"{step:,}" for step in MOMENTS),
                "Frechet distance",
            ],
            rows,
        ),
        verdict,
        f"After {MOMENTS[0]} steps the pattern's share is {first[0]:.2g} times that of real images "
        f"with transposed convolutions and {first[1]:.2g} times with repeated pixels; after "
        f"{MOMENTS[-1]}, {last[0]:.2g} and {last[1]:.2g} times.",
    )


def _plot(settings: Settings, found: Mapping[str, Sequence[Measured]]) -> None:
    with plots.figure(settings.plot("checkerboard"), rows=2, columns=3, height=2.6) as panels:
        first = found["transposed"][0]
        spectra = [
            (UPSAMPLINGS["transposed"], first["spectrum"]),
            (UPSAMPLINGS["nearest"], found["nearest"][0]["spectrum"]),
            ("real", first["real_spectrum"]),
        ]
        low, high = np.min(first["real_spectrum"]), np.max(first["real_spectrum"])
        for axes, (title, values) in zip(panels[0], spectra, strict=True):
            axes.imshow(values, vmin=low, vmax=high, cmap="magma")
            axes.set(title=f"log power, {title}", xticks=(), yticks=())
        for axes, way in zip(panels[1], UPSAMPLINGS, strict=False):
            images = np.array(found[way][0]["images"])
            rows = [np.concatenate(list(row), axis=1) for row in images.reshape(2, 4, 16, 16)]
            axes.imshow(np.concatenate(rows), cmap="gray", vmin=0, vmax=255)
            axes.set(title=f"seed 0, {UPSAMPLINGS[way]}", xticks=(), yticks=())
        panels[1][2].axis("off")


CLAIM = Claim(
    name="checkerboard",
    title="Transposed convolution against upsampling",
    prediction=(
        "Transposed convolutions leave checkerboards, since their windows overlap unevenly; pixels "
        "that are repeated and then convolved do not (Odena et al. 2016; many texts teach "
        "both ways)."
    ),
    setup=(
        f"Fashion-MNIST at {images.SIZE} x {images.SIZE} pixels, WGAN-GP; two generators that "
        "differ in `--conv_stack_generator_upsampling` alone: 4 x 4 x 32, then two layers with "
        "kernels of 5 that double the sides, the last of which gives the image. The pattern is the "
        "power at the frequencies with period 2 in one direction and 2, 4 or none in the other, as "
        f"a share of all but the mean, over {COMPARED_IMAGES:,} images."
    ),
    trials=trials,
    report=report,
)
