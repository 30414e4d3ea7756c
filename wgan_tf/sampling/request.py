"""What a user asks to be drawn, checked against the generator that is to draw it."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING

from wgan_tf.data.selection import find_class
from wgan_tf.errors import UserError

if TYPE_CHECKING:
    # The command reads its options before it imports TensorFlow.
    from wgan_tf.serving.trained_generator import TrainedGenerator

KINDS = ("grid", "class_grid", "interpolation", "traversal", "neighbours")
ANIMATED_KINDS = ("interpolation", "traversal")
ANIMATION_FORMATS = {".gif": "GIF", ".webp": "WEBP"}
MAX_EXAMPLES_IN_PICTURE = 10_000


@dataclasses.dataclass(frozen=True)
class Request:
    """The options of the command `sample`.

    Attributes:
        out: a file ending in .png, .gif or .webp, or else a folder.
        n: pictures: of the whole picture, of each frame of an animation, or files in the folder.
        seed: of the latents.
        kind: one of `KINDS`; None takes class_grid where there are classes to show, else grid.
        to_seed: where interpolations end; None takes the next seed.
        label: name or number of a class; None takes all in turn.
        truncation: largest magnitude of a number in a latent; None leaves latents as they are.
        columns: pictures in a row of an interpolation, a traversal or a sample's neighbours.
        frames: of an animation, on its way there.
    """

    out: str
    n: int = 64
    seed: int = 0
    kind: str | None = None
    to_seed: int | None = None
    label: str | None = None
    truncation: float | None = None
    columns: int = 8
    frames: int = 32

    @property
    def suffix(self) -> str:
        """The ending of `out` in small letters; empty for a folder."""
        return "" if self.out.endswith("/") else pathlib.PurePath(self.out).suffix.lower()

    @property
    def is_animation(self) -> bool:
        """Whether frames are wanted."""
        return self.suffix in ANIMATION_FORMATS

    def resolve_kind(self, generator: TrainedGenerator) -> str:
        """The kind that is to be drawn.

        Raises:
            UserError: it does not go with the generator or with the other options.
        """
        wants_classes = bool(generator.class_names) and self.label is None and self.suffix == ".png"
        kind = self.kind or ("class_grid" if wants_classes else "grid")
        self._check_output(kind)
        if len(generator.example_shape) == 1 and (
            kind not in ("grid", "class_grid") or self.suffix != ".png"
        ):
            raise UserError(
                f"--kind={kind} with --out={self.out} needs a generator of pictures, but "
                f"{generator.origin} draws points; take --kind=grid and a .png file."
            )
        if kind == "class_grid" and not generator.class_names:
            raise UserError(
                f"--kind=class_grid needs a generator that takes labels, which {generator.origin} "
                "does not; take --kind=grid."
            )
        if kind == "class_grid" and self.label is not None:
            raise UserError(
                f"--label={self.label} has no effect with --kind=class_grid, which draws all "
                "classes; leave it out or take --kind=grid."
            )
        if kind == "traversal" and self.rows > generator.latent_dim:
            raise UserError(
                f"--kind=traversal varies a number of the latent in each of {self.rows} rows, but "
                f"{generator.origin} has latents of {generator.latent_dim}; give a smaller --n."
            )
        return kind

    @property
    def rows(self) -> int:
        """Rows of an interpolation, a traversal or of samples with their neighbours."""
        return self.n if self.is_animation else max(1, self.n // self.columns)

    def class_number(self, generator: TrainedGenerator) -> int | None:
        """The number of the class that `label` names; None without a label.

        Raises:
            UserError: the generator has no such class.
        """
        names, label = generator.class_names, self.label
        if label is None:
            return None
        if not names:
            raise UserError(
                f"--label={label} has no effect on {generator.origin}, whose generator takes no "
                "labels; leave it out."
            )
        number = find_class(label, names)
        if number is not None:
            return number
        raise UserError(
            f"--label={label} is no class of {generator.origin}; give one of {', '.join(names)}, "
            f"or a number from 0 to {len(names) - 1}."
        )

    def _check_output(self, kind: str) -> None:
        if self.suffix not in ("", ".png", *ANIMATION_FORMATS):
            raise UserError(
                f"--out={self.out} has an ending that is not known; give a .png, .gif or .webp "
                "file, or a folder."
            )
        if self.suffix and self.n > MAX_EXAMPLES_IN_PICTURE:
            raise UserError(
                f"--n={self.n} is too many for one picture; at most {MAX_EXAMPLES_IN_PICTURE}, or "
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
