"""The page as headless Chromium shows it."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.reporting.chromium import EXECUTABLE, Page, chromium_page
from tests.reporting.conftest import LINES, MakeRun
from wgan_tf.reporting import write_report

pytestmark = pytest.mark.skipif(
    EXECUTABLE is None, reason="needs Chromium: install the package chromium"
)

SHOWN = "[...document.querySelectorAll('.grids img')].filter(i => i.checkVisibility())"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium_page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser: Page, make_run: MakeRun) -> Page:
    """A page that compares a run with a shorter one."""
    folders = [make_run("a"), make_run("b", lines=LINES[:4])]
    pathlib.Path(folders[1].samples, "step_0000400.png").unlink()
    write_report(folders, folders[0].report_file)
    browser.requests.clear()
    browser.errors.clear()
    browser.emulate(width=1280, scheme="light")
    browser.open(pathlib.Path(folders[0].report_file))
    return browser


def move_slider(page: Page, position: int) -> Any:
    return page.evaluate(
        f"document.getElementById('step').value = {position};"
        "document.getElementById('step').dispatchEvent(new Event('input'));"
        f"{SHOWN}.map(image => Number(image.dataset.step))"
    )


def test_the_slider_moves_all_runs_through_their_samples(page: Page) -> None:
    assert page.evaluate(f"{SHOWN}.map(image => Number(image.dataset.step))") == [800, 800]
    assert move_slider(page, 0) == [0, 0]
    assert page.evaluate("document.getElementById('shown-step').textContent") == "0"
    # The second run has no samples of step 400.
    assert move_slider(page, 1) == [400, 0]
    assert page.evaluate("document.getElementById('shown-step').textContent") == "400"
    assert move_slider(page, 2) == [800, 800]
    assert page.evaluate(f"{SHOWN}.every(image => image.naturalWidth === 8)")


def test_the_arrow_keys_move_the_slider(page: Page) -> None:
    page.evaluate("document.getElementById('step').focus()")
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="ArrowLeft", windowsVirtualKeyCode=37)
    assert page.evaluate(f"{SHOWN}.map(image => Number(image.dataset.step))") == [400, 0]


def test_every_chart_is_drawn(page: Page) -> None:
    charts, curves = page.evaluate(
        "[document.querySelectorAll('.chart').length,"
        " [...document.querySelectorAll('.chart')].map("
        "   chart => chart.querySelectorAll('.scatterlayer .trace').length)]"
    )
    # The estimate, the losses and the speed; two runs each, and a key to the two losses.
    assert charts == 3
    assert curves == [2, 4 + 2, 2]


def test_no_request_leaves_the_page_and_nothing_fails(page: Page) -> None:
    move_slider(page, 0)
    page.emulate(width=1280, scheme="dark")
    page.evaluate("new Promise(requestAnimationFrame)")
    own, *others = [url for url in page.requests if not url.startswith("data:")]
    assert own.startswith("file://")
    assert others == []
    assert page.errors == []


def test_text_stands_out_in_light_and_dark(page: Page) -> None:
    text_and_paper = (
        "['body', 'dd', '.quiet', '.warning', 'summary', 'td', 'th'].flatMap(name =>"
        "  [...document.querySelectorAll(name)].slice(0, 1)).map(element => {"
        "    let behind = element;"
        "    while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)')"
        "      behind = behind.parentElement;"
        "    return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];"
        "}).concat([[getComputedStyle(document.querySelector('.xtick text')).fill,"
        "            getComputedStyle(document.body).backgroundColor]])"
    )
    papers = []
    for scheme in ("light", "dark", "light"):
        page.emulate(width=1280, scheme=scheme)
        # Charts are drawn again a moment later.
        page.wait_until(
            "getComputedStyle(document.querySelector('.xtick text')).fill ==="
            " getComputedStyle(document.querySelector('.quiet')).color"
        )
        pairs = page.evaluate(text_and_paper)
        assert min(contrast(text, paper) for text, paper in pairs) > 4.5
        papers.append(luminance(pairs[0][1]))
    assert papers[0] == papers[2] > 0.9
    assert papers[1] < 0.05


def test_a_phone_needs_no_scrolling_sideways(page: Page) -> None:
    page.emulate(width=390, scheme="light")
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    # Charts follow the width of the window a moment later.
    page.wait_until(
        "Math.max(...[...document.querySelectorAll('.chart svg.main-svg')].map("
        "  svg => svg.getBoundingClientRect().right)) <= 390"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def contrast(first: str, second: str) -> float:
    """The ratio of WCAG 2, from 1 to 21."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 has it, of rgb(r, g, b)."""
    parts = color.partition("(")[2].rstrip(")").split(",")[:3]
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(part) / 255 for part in parts)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
