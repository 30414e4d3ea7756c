"""The page against the files of the runs, and that it needs nothing else."""

import base64
import html.parser
import json
import pathlib
import re
from importlib import metadata

import pytest

from tests.reporting.conftest import LINES, MakeRun
from tests.untrained import write_run
from wgan_tf.config import Config
from wgan_tf.errors import UserError
from wgan_tf.reporting import write_report
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.export import export


class Reader(html.parser.HTMLParser):
    """Collects a page's elements, its text outside scripts, and what it refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.figures = ""
        self._inside: dict[str, str | None] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = dict(attrs) if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is None:
            self.text += " ".join(data.split()) + " "
        elif self._inside.get("id") == "figures":
            self.figures += data

    def attributes(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.elements if name in attributes]


def written(*folders: RunFolder) -> Reader:
    write_report(folders, folders[0].report_file)
    return Reader(pathlib.Path(folders[0].report_file).read_text(encoding="utf-8"))


def test_the_page_tells_what_the_newest_model_was_exported_with(tmp_path: pathlib.Path) -> None:
    config = Config(workdir="run", dcgan_width=2, dcgan_kernel_size=3, latent_dim=3)
    folder = write_run(tmp_path / "run", config)
    page = written(folder)
    assert "Exported with" not in page.text
    export(folder)
    page = written(folder)
    for package in ("wgan_tf", "tensorflow", "keras"):
        assert f"Exported with {package} {metadata.version(package)}" in page.text


def test_the_page_has_what_the_files_have(make_run: MakeRun) -> None:
    folder = make_run(dcgan_width=32)
    page = written(folder)
    assert "WGAN-GP on digits has taken all 800 steps" in page.text
    for told in ("--dcgan_width 32", "1,797", "8 x 8 x 1", "zero, one", "digest"):
        assert told in page.text
    # 800 steps of 5 batches of 10 images at 1,000 images a second.
    assert "Training time 40 s" in page.text
    figures = json.loads(page.figures)
    drawn = {trace["name"]: trace["y"] for figure in figures.values() for trace in figure["data"]}
    losses = drawn["critic_loss"]
    assert drawn.keys() == LINES[0].keys()
    assert len(losses["bdata"] if isinstance(losses, dict) else losses) > 0


def test_the_pictures_are_the_files(make_run: MakeRun) -> None:
    folder = make_run()
    grids = {
        int(attributes["data-step"]): base64.b64decode(attributes["src"].partition(",")[2])
        for tag, attributes in written(folder).elements
        if tag == "img" and "data-step" in attributes
    }
    files = pathlib.Path(folder.samples).glob("*.png")
    assert grids == {int(file.stem[5:]): file.read_bytes() for file in files}


def test_the_page_refers_to_nothing_outside_itself(make_run: MakeRun) -> None:
    folder = make_run()
    page = written(folder)
    referred = [
        url for name in ("src", "href", "srcset", "action") for url in page.attributes(name)
    ]
    assert referred
    assert all(url.startswith("data:") for url in referred)
    css = re.findall(r"<style>(.*?)</style>", pathlib.Path(folder.report_file).read_text(), re.S)
    assert not re.search(r"@import|url\(", "".join(css))
    (policy,) = [a["content"] for t, a in page.elements if a.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_names_cannot_become_markup(make_run: MakeRun) -> None:
    lines = [{"</script><b>bold</b>": 1.0}]
    page = written(make_run(lines=lines, dataset="folder:</script><i>slanted"))
    assert not [tag for tag, _ in page.elements if tag in ("b", "i")]
    assert "</script><b>bold</b>" in page.text


def test_trouble_is_told(make_run: MakeRun) -> None:
    lines = [{"critic_loss": 1.0}, {"critic_loss": float("nan")}]
    assert "critic_loss (first at step 200)" in written(make_run(lines=lines)).text
    assert "No warnings." in written(make_run("sound")).text


def test_what_is_not_there_is_left_out_with_a_note(make_run: MakeRun) -> None:
    page = written(make_run(lines=[], dataset="idx:/nowhere"))
    assert "Left out: --dataset=idx:/nowhere" in page.text
    assert "it has written no metrics yet" in page.text


def test_runs_are_compared_side_by_side(make_run: MakeRun) -> None:
    other = [{**line, "wasserstein_estimate": 123.0} for line in LINES]
    page = written(make_run("a"), make_run("b", lines=other, dcgan_width=32))
    assert "2 runs compared" in page.text
    assert re.search(r"wasserstein_estimate +1 +123 ", page.text)
    assert re.search(
        r"Differs between the runs .*--dcgan_width +64 +32 .*The same in all", page.text
    )
    figures = json.loads(page.figures).values()
    names = {trace["name"] for figure in figures for trace in figure["data"]}
    assert {"a", "b", "critic_loss"} <= names


def test_a_file_that_cannot_be_written_is_told(make_run: MakeRun) -> None:
    folder = make_run()
    with pytest.raises(UserError, match=r"--out=.*page\.html cannot be written"):
        write_report([folder], f"{folder.config_file}/page.html")
