import numpy as np
import pytest
from PIL import Image, ImageDraw

from wgan_tf.data.sources.image_files import ImageHeader
from wgan_tf.data.survey import (
    describe_headers,
    difference_hash,
    is_symmetric,
    most_images,
    near_copies,
    survey,
)


def scene(seed: int, size: int = 64) -> np.ndarray:
    """A photograph's stand-in: soft colors and three discs."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:size, 0:size] * (255 / size)
    image = Image.fromarray(np.stack([rows, columns, 0 * rows + 90], -1).astype(np.uint8))
    drawn = ImageDraw.Draw(image)
    for _ in range(3):
        x, y = random.integers(0, size, 2)
        color = tuple(random.integers(0, 256, 3).tolist())
        drawn.ellipse([x - size // 4, y - size // 4, x + size // 4, y + size // 4], fill=color)
    return np.asarray(image)


def test_the_hash_tells_whether_each_cell_is_brighter_than_its_neighbor() -> None:
    random = np.random.default_rng(1)
    cells = random.integers(0, 256, (3, 8, 9))
    images = cells.repeat(4, axis=1).repeat(4, axis=2)[..., np.newaxis].astype(np.uint8)
    expected = [
        [cells[n, i, j] > cells[n, i, j + 1] for i in range(8) for j in range(8)] for n in range(3)
    ]
    np.testing.assert_array_equal(difference_hash(images), expected)


def test_images_that_were_saved_again_are_nearly_the_same_and_others_are_not() -> None:
    images = [scene(seed) for seed in range(6)]
    small = Image.fromarray(images[2]).resize((40, 40)).resize((64, 64))
    brighter = np.minimum(images[4].astype(int) + 9, 255).astype(np.uint8)
    found = near_copies(np.stack([*images, np.asarray(small), brighter]))
    assert found.tolist() == [[6, 2], [7, 4]]
    assert near_copies(images[0][np.newaxis]).shape == (0, 2)


def test_one_background_alone_makes_no_copies() -> None:
    images = np.full((5, 32, 32, 3), 255, np.uint8)
    for number in range(5):
        images[number, 8:24, 8:24] = np.random.default_rng(number).integers(0, 256, (16, 16, 3))
    assert not len(near_copies(images))


def test_copies_and_single_colors_are_found_once_and_named() -> None:
    white, green = (np.full((64, 64, 3), color, np.uint8) for color in ((255,) * 3, (9, 200, 9)))
    images = [scene(0), white, scene(1), scene(0), green, scene(0), white]
    found = survey(np.stack(images), [f"{number}.png" for number in range(7)])
    assert found.single_color.tolist() == [1, 4, 6]
    assert found.copies.tolist() == [[3, 0], [5, 0]]
    assert not len(found.near_copies)
    colors, copies = found.findings()
    assert colors == (
        "3 of 7 looked at are of a single color, such as 1.png and 4.png; leave them out"
    )
    assert "2 of 7 looked at are the very same as another, such as 3.png like 0.png" in copies
    assert not survey(np.stack(images[2:4])).findings()
    assert "1 of 1 looked at is of a single color; leave" in survey(white[np.newaxis]).findings()[0]


def test_a_sheet_has_up_to_64_images_from_first_to_last() -> None:
    images = np.arange(200, dtype=np.uint8).reshape(200, 1, 1, 1)
    sheet = survey(images).sheet()[:, 0, 0, 0]
    assert (len(sheet), sheet[0], sheet[-1]) == (64, 0, 199)
    assert len(survey(images[:10]).sheet()) == 10


def test_fewer_large_images_are_looked_at() -> None:
    assert most_images((64, 64, 3)) == 2000
    assert most_images((1024, 1024, 3)) == 31


@pytest.mark.parametrize(("resize", "enlarged"), [("crop", 2), ("stretch", 2), ("pad", 1)])
def test_files_are_counted_by_size_and_kind(resize: str, enlarged: int) -> None:
    def header(height: int, width: int, mode: str) -> ImageHeader:
        return ImageHeader(height, width, 3, False, mode)

    headers = [header(64, 64, "RGB")] * 3 + [header(32, 90, "P"), header(8, 8, "RGB")]
    sizes, kinds, small = describe_headers(headers, 64, resize)
    assert sizes == "Sizes: 64 x 64 (3), 8 x 8 (1), 90 x 32 (1)"
    assert kinds == "Kinds: RGB (4), P (1)"
    assert small.startswith(f"{enlarged} {'is' if enlarged == 1 else 'are'} smaller than 64 pixels")
    many = [header(64, side, "RGB") for side in range(1, 9)]
    assert describe_headers(many, 0)[0].endswith(", 3 others (3)")


def test_images_that_point_both_ways_are_symmetric_and_those_that_point_one_way_are_not() -> None:
    random = np.random.default_rng(6)
    wedge = np.tril(np.full((32, 32), 200))
    one_way = np.clip(wedge + random.integers(0, 30, (40, 32, 32)), 0, 255).astype(np.uint8)
    one_way = one_way[..., np.newaxis]
    both_ways = one_way.copy()
    both_ways[::2] = both_ways[::2, :, ::-1]
    assert is_symmetric(both_ways)
    assert not is_symmetric(one_way)
    assert not is_symmetric(both_ways[:19])
