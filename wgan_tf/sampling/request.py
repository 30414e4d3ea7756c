"""What a user asks to be drawn, checked against the generator that is to draw it."""

import dataclasses
import pathlib
from typing import TYPE_CHECKING

from wgan_tf.data.selection import find_class
from wgan_tf.errors import UserError
from wgan_tf.options import option
from wgan_tf.suggestions import listed

if TYPE_CHECKING:
    # The command reads its options before it imports TensorFlow.
    from wgan_tf.serving.sampler import Sampler

KINDS = ("grid", "class_grid", "interpolation", "traversal", "neighbours")
ANIMATED_KINDS = ("interpolation", "traversal")
ANIMATION_FORMATS = {".gif": "GIF", ".webp": "WEBP"}
MAX_EXAMPLES_IN_IMAGE = 10_000
MAX_SEED = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Request:
    """What the command `sample` is asked to draw."""

    out: str = option(
        "",
        "What to write: a .png file, an animation that ends in .gif or .webp, or a folder of "
        "single images.",
        is_required=True,
    )
    n: int = option(
        64,
        "How many examples to draw, in each frame of an animation; rounded down to whole rows of "
        "--columns where a row belongs together.",
        minimum=1,
    )
    seed: int = option(0, "The same seed draws the same examples.", minimum=0, maximum=MAX_SEED)
    kind: str | None = option(
        None,
        "What to draw: independent samples (grid); a column for each class and a latent for each "
        "row (class_grid); a row for each way from a latent of --seed to one of --to_seed "
        "(interpolation), for each number of the latent that is varied (traversal), or for each "
        "sample and the training images nearest to it (neighbours). By default a class_grid "
        "where the generator takes labels and none is given, else a grid.",
        choices=KINDS,
    )
    to_seed: int | None = option(
        None,
        "Where interpolations end; the seed after --seed by default.",
        minimum=0,
        maximum=MAX_SEED,
    )
    label: str | None = option(
        None, "Class to draw, by name or number; all classes in turn by default."
    )
    truncation: float | None = option(
        None, "Draw latents given that no number in them is beyond this.", minimum=0.01
    )
    columns: int = option(
        8, "Images in a row of an interpolation, a traversal or a sample's neighbours.", minimum=1
    )
    frames: int = option(32, "Frames of an animation on its way there.", minimum=2)

    @property
    def suffix(self) -> str:
        """The ending of `out` in small letters; empty for a folder."""
        return "" if self.out.endswith("/") else pathlib.PurePath(self.out).suffix.lower()

    @property
    def is_animation(self) -> bool:
        """Whether frames are wanted."""
        return self.suffix in ANIMATION_FORMATS

    def resolve_kind(self, sampler: "Sampler") -> str:
        """The kind that is to be drawn.

        Raises:
            UserError: it does not go with the generator or with the other options.
        """
        has_classes = sampler.spec.num_classes > 0
        wants_classes = has_classes and self.label is None and self.suffix == ".png"
        kind = self.kind or ("class_grid" if wants_classes else "grid")
        self._check_output(kind)
        if not sampler.spec.is_image and (
            kind not in ("grid", "class_grid") or self.suffix != ".png"
        ):
            raise UserError(
                f"--kind={kind} with --out={self.out} needs a generator of images, but "
                f"{sampler.origin} draws points; take --kind=grid and a .png file."
            )
        if kind == "class_grid" and not has_classes:
            raise UserError(
                f"--kind=class_grid needs a generator that takes labels, which {sampler.origin} "
                "does not; take --kind=grid."
            )
        if kind == "class_grid" and self.label is not None:
            raise UserError(
                f"--label={self.label} has no effect with --kind=class_grid, which draws all "
                "classes; leave it out or take --kind=grid."
            )
        if kind == "traversal" and self.rows > sampler.spec.latent_dim:
            raise UserError(
                f"--kind=traversal varies a number of the latent in each of {self.rows} rows, but "
                f"{sampler.origin} has latents of {sampler.spec.latent_dim}; give a smaller --n."
            )
        return kind

    @property
    def rows(self) -> int:
        """Rows of an interpolation, a traversal or of samples with their neighbours."""
        return self.n if self.is_animation else max(1, self.n // self.columns)

    def class_number(self, sampler: "Sampler") -> int | None:
        """The number of the class that `label` names; None without a label.

        Raises:
            UserError: the generator has no such class.
        """
        names, label = sampler.spec.class_names, self.label
        if label is None:
            return None
        if not names:
            raise UserError(
                f"--label={label} has no effect on {sampler.origin}, whose generator takes no "
                "labels; leave it out."
            )
        number = find_class(label, names)
        if number is not None:
            return number
        raise UserError(
            f"--label={label} is no class of {sampler.origin}; give one of {listed(names)}, "
            f"or a number from 0 to {len(names) - 1}."
        )

    def _check_output(self, kind: str) -> None:
        if self.suffix not in ("", ".png", *ANIMATION_FORMATS):
            raise UserError(
                f"--out={self.out} has an ending that is not known; give a .png, .gif or .webp "
                "file, or a folder."
            )
        if self.suffix and self.n > MAX_EXAMPLES_IN_IMAGE:
            raise UserError(
                f"--n={self.n} is too many for one image; at most {MAX_EXAMPLES_IN_IMAGE}, or "
                "give a folder as --out."
            )
        if self.is_animation and kind not in ANIMATED_KINDS:
            raise UserError(
                f"--out={self.out} is an animation, but --kind={kind} does not move; take "
                f"--kind={' or '.join(ANIMATED_KINDS)}, or a .png file."
            )
        if kind == "neighbours" and self.columns < 2:
            raise UserError(
                f"--columns={self.columns} leaves no room for neighbours; give at least 2."
            )
        if kind in ANIMATED_KINDS and min(self.columns, self.frames) < 2:
            raise UserError(
                f"--kind={kind} needs at least 2 --columns and 2 --frames; they are "
                f"{self.columns} and {self.frames}."
            )
