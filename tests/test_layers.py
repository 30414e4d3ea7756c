"""Imports point downward through the layers that BUILD.md lists."""

import ast
import pathlib
import re
from collections.abc import Iterator

REPOSITORY = pathlib.Path(__file__).parents[1]
SECTION = (REPOSITORY / "BUILD.md").read_text().partition("\n## Layers\n")[2].partition("\n## ")[0]
LAYERS = [re.findall(r"`(\w+)`", line) for line in re.findall(r"^\d\. .*$", SECTION, re.MULTILINE)]
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}
PATHS = [path.relative_to(REPOSITORY) for path in (REPOSITORY / "wgan_tf").rglob("*.py")]


def imported(path: pathlib.Path) -> Iterator[str]:
    """What a module imports, anywhere in it, of what lies in the package's own folder."""
    for node in ast.walk(ast.parse((REPOSITORY / path).read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            names = [f"{prefix}{alias.name}" for alias in node.names]
            yield from (name.split(".")[1] for name in names if name.startswith("wgan_tf."))


def test_the_layers_hold_every_module_once() -> None:
    listed = [name for names in LAYERS for name in names]
    found = {path.with_suffix("").parts[1] for path in PATHS} - {"__init__", "__main__"}
    assert sorted(listed) == sorted(found)


def test_no_import_points_upward() -> None:
    upward = [
        f"{path} imports {name}"
        for path in PATHS
        for name in imported(path)
        if LEVELS.get(name, 0) < LEVELS.get(path.with_suffix("").parts[1], 0)
    ]
    assert upward == []
