"""A look at images before they are trained on: what is odd about them, each with its remedy."""

import dataclasses
import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from wgan_tf.data.sources.image_files import ImageHeader

_MOST_IMAGES = 2000
_MOST_BYTES = 100_000_000
_ON_SHEET = 64
_SIZES_TOLD = 5
_KINDS_TOLD = 10
_NAMES_TOLD = 2
# Of 64 bits, and of 255: such images differ by compression, scale or brightness alone.
_NEAR_BITS = 5
_NEAR_DIFFERENCE = 12.0
_BITS = 64
_FEWEST_TO_TURN = 20
_MOST_TURNED_AWAY = 1.1


@dataclasses.dataclass(frozen=True)
class Survey:
    """Images as the networks see them, and which of them are odd.

    Attributes:
        images: uint8 [N, S, S, C], some of the data set.
        names: of their files; empty where they have none.
        single_color: numbers of images of one color, int64.
        copies: (number of an image, of an earlier one that is the very same), int64 [., 2].
        near_copies: likewise of images that are nearly the same; see `near_copies`.
    """

    images: np.ndarray
    names: tuple[str, ...]
    single_color: np.ndarray
    copies: np.ndarray
    near_copies: np.ndarray

    def sheet(self) -> np.ndarray:
        """Up to 64 of the images, evenly taken."""
        count = min(len(self.images), _ON_SHEET)
        return self.images[np.linspace(0, len(self.images) - 1, count).round().astype(int)]

    def distinct(self) -> np.ndarray:
        """The images without those that are copies or nearly copies of another, or of one color."""
        copies = [self.copies[:, 0], self.near_copies[:, 0], self.single_color]
        return np.delete(self.images, np.concatenate(copies), axis=0)

    def findings(self) -> list[str]:
        """Clauses for people; none where nothing is odd."""
        of = f"of {len(self.images):,} looked at"
        found = []
        if count := len(self.single_color):
            found.append(
                f"{count:,} {of} {_are(count)} of a single color"
                f"{self._such_as(self.single_color[:_NAMES_TOLD], ' and ')}; leave them out"
            )
        if count := len(self.copies):
            found.append(
                f"{count:,} {of} {_are(count)} the very same as another"
                f"{self._such_as(self.copies[0], ' like ')}; keep one of each, "
                "or it counts as often"
            )
        if count := len(self.near_copies):
            found.append(
                f"{count:,} {of} {_are(count)} nearly the same as another (difference hash within "
                f"{_NEAR_BITS} of {_BITS} bits){self._such_as(self.near_copies[0], ' like ')}; "
                "keep one of each, unless it is to count as often"
            )
        return found

    def _such_as(self, numbers: np.ndarray, between: str) -> str:
        if not self.names:
            return ""
        return f", such as {between.join(self.names[int(number)] for number in numbers)}"


def most_images(shape: Sequence[int]) -> int:
    """How many images of a shape are looked at."""
    return max(1, min(_MOST_IMAGES, _MOST_BYTES // math.prod(shape)))


def survey(images: np.ndarray, names: Sequence[str] = ()) -> Survey:
    """Looks at images, uint8 [N, S, S, C], which may have names, N."""
    flat = images.reshape(len(images), -1, images.shape[-1])
    single_color = np.flatnonzero((np.ptp(flat, axis=1) == 0).all(axis=1))
    others = np.setdiff1d(np.arange(len(images)), single_color)
    first: dict[bytes, int] = {}
    copies = []
    for number in others.tolist():
        digest = hashlib.sha256(images[number].tobytes()).digest()
        earlier = first.setdefault(digest, number)
        if earlier != number:
            copies.append((number, earlier))
    distinct = np.array(sorted(first.values()), np.int64)
    near = near_copies(images[distinct])
    return Survey(
        images,
        tuple(names),
        single_color,
        np.array(copies, np.int64).reshape(-1, 2),
        distinct[near],
    )


def difference_hash(images: np.ndarray) -> np.ndarray:
    """Which of neighboring cells is the brighter: a perceptual hash (Krawetz 2013, dHash).

    Of the mean brightness of 8 x 9 cells, whether each is brighter than that to its right.

    Args:
        images: uint8 [N, H, W, C], C is 1 or 3.

    Returns:
        bool [N, 64].
    """
    cells = np.stack([_cells(image, 9, 8) for image in images])
    return (cells[:, :, :-1] > cells[:, :, 1:]).reshape(len(images), _BITS)


def near_copies(images: np.ndarray) -> np.ndarray:
    """Pairs of nearly equal images, of each image with the first such one before it.

    Their difference hashes are within 5 bits, and their root mean square difference is within 12 of
    255, since images with one background have like hashes, too.

    Args:
        images: uint8 [N, H, W, C].

    Returns:
        int64 [., 2], the later image first.
    """
    if len(images) < 2:
        return np.zeros((0, 2), np.int64)
    signs = np.where(difference_hash(images), 1.0, -1.0).astype(np.float32)
    distances = (_BITS - signs @ signs.T) / 2
    pairs: dict[int, int] = {}
    for later, earlier in np.argwhere(np.tril(distances <= _NEAR_BITS, -1)).tolist():
        difference = images[later].astype(np.float32) - images[earlier]
        if later not in pairs and np.sqrt(np.mean(difference**2)) <= _NEAR_DIFFERENCE:
            pairs[later] = earlier
    return np.array(sorted(pairs.items()), np.int64).reshape(-1, 2)


def is_symmetric(images: np.ndarray) -> bool:
    """Whether images turned left to right are such images, too, as far as this tells.

    Whether, in the median, a turned image is about as near to the nearest other one as the image
    itself is to its nearest other one, by the pixels of 16 x 16 mean brightnesses.

    Args:
        images: uint8 [N, H, W, C]; of fewer than 20, nothing is told.
    """
    if len(images) < _FEWEST_TO_TURN:
        return False
    cells = np.stack([_cells(image, 16, 16) for image in images]).astype(np.float32)
    distances = [_nearest_other(turned, cells) for turned in (cells[:, :, ::-1], cells)]
    return bool(np.median(distances[0]) <= _MOST_TURNED_AWAY * np.median(distances[1]))


def describe_headers(
    headers: Sequence[ImageHeader], image_size: int, resize: str = "crop"
) -> list[str]:
    """Clauses on the sizes and kinds of image files, and on what is enlarged.

    Args:
        headers: of the files.
        image_size: the side that they are brought to; 0 for their own.
        resize: how; see `images.fit_square`.
    """
    side = max if resize == "pad" else min
    sizes = Counter(f"{header.width} x {header.height}" for header in headers)
    kinds = Counter(header.mode for header in headers)
    lines = [f"Sizes: {_counted(sizes, _SIZES_TOLD)}", f"Kinds: {_counted(kinds, _KINDS_TOLD)}"]
    small = sum(side(header.height, header.width) < image_size for header in headers)
    if small:
        lines.append(
            f"{small:,} {_are(small)} smaller than {image_size} pixels and enlarged; take a "
            "smaller --image_size, or leave them out"
        )
    return lines


def _cells(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Mean brightnesses, int16 [height, width]."""
    gray = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).convert("L")
    return np.asarray(gray.resize((width, height), Image.Resampling.BOX), np.int16)


def _nearest_other(queries: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The distance of each query to the nearest of the cells, but for those of its own number."""
    first, second = (values.reshape(len(values), -1) for values in (queries, cells))
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    np.fill_diagonal(squares, np.inf)
    return np.sqrt(np.maximum(squares.min(axis=1), 0))


def _counted(counts: Mapping[str, int], most: int) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{name} ({count:,})" for name, count in ordered[:most])
    rest = ordered[most:]
    more = sum(count for _, count in rest)
    return f"{told}, {len(rest):,} others ({more:,})" if rest else told


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
