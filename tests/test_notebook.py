"""The notebook of the docs, from top to bottom in a kernel of its own."""

import pathlib
from typing import Any

import nbclient
import nbformat
import pytest

NOTEBOOK = pathlib.Path(__file__).parents[1] / "docs/quickstart.ipynb"


def pictures(cell: Any) -> int:
    """How many outputs of a cell show a picture."""
    shown = [output.get("data", {}) for output in cell.get("outputs", [])]
    return sum("image/png" in data or "<img" in data.get("text/html", "") for data in shown)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_quickstart_runs_and_shows_what_it_shows(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[1]))
    kept = nbformat.read(NOTEBOOK, as_version=4)
    run = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        run, timeout=800, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert [pictures(cell) for cell in run.cells] == [pictures(cell) for cell in kept.cells]
    assert sum(pictures(cell) for cell in run.cells) == 3
    text = "".join(
        output.get("text", "") for cell in run.cells for output in cell.get("outputs", [])
    )
    assert "Traceback" not in text
    assert "tensorflow:" not in text
