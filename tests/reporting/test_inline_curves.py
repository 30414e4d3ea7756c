import math
import re
import xml.etree.ElementTree as ElementTree

from wgan_tf.reporting.inline_curves import draw_curves

LINES = [
    {"step": 10, "a": 1.0, "b": 3.0},
    {"step": 20, "a": 2.0, "b": None},
    {"step": 30, "a": math.nan, "b": 1.0},
    {"step": 40, "a": 3.0},
]


def polylines(svg: str) -> list[list[tuple[float, float]]]:
    root = ElementTree.fromstring(svg)
    return [
        [tuple(map(float, point.split(","))) for point in (line.get("points") or "").split()]
        for line in root.iter()
        if line.tag.endswith("polyline")
    ]


def test_curves_go_through_the_finite_values_in_proportion() -> None:
    rising, falling = polylines(draw_curves("Losses", LINES, ("a", "b", "c")))
    (left, bottom), (middle, half), (right, top) = rising
    assert left < middle < right and bottom > half > top
    assert (middle - left) * 2 == right - middle
    assert abs(bottom + top - 2 * half) < 0.2
    assert falling == [(left, top), (falling[1][0], bottom)]


def test_curves_are_named_and_titles_are_escaped() -> None:
    svg = draw_curves("<Losses>", LINES, ("a", "b"))
    texts = [text.text for text in ElementTree.fromstring(svg).iter() if text.text]
    assert {"<Losses>", "a", "b", "step 40"} <= set(texts)
    assert not re.search(r"(href|src|url\()", svg)


def test_nothing_is_drawn_of_less_than_two_values() -> None:
    assert draw_curves("Losses", LINES[:1], ("a",)) == ""
    assert draw_curves("Losses", LINES, ("c",)) == ""
