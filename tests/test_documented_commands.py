"""Commands of the README and of docs/, run as they stand there on runs of a few steps."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Those that use what a run leaves; what trains takes hours, or data that are not here.
USING_A_RUN = re.compile(
    r"^ {4}(?:\$ )?((?:python -m wgan_tf\.(?:report|evaluate|sample|export) |saved_model_cli "
    r"|python tools/(?:load_client|rank_correlation)\.py |python -m wgan_tf\.main --flagfile=runs/)"
    r".*?)(?: +#.*)?$",
    re.MULTILINE,
)
# In place of hours on data that are not here.
SHORT = ["--steps=40", "--summary_every=5", "--checkpoint_every=20", "--noexport", "--noreport"]
EVALUATED = ["--train_split=train[:1500]", "--eval_split=train[1500:]", "--eval_every=10"]
EVALUATED += ["--eval_samples=200"]
RUNS = {
    "digits": ["--flagfile=configs/digits.flags", *SHORT, "--export"],
    "mine": ["--flagfile=configs/digits.flags", *SHORT],
    "fashion_mnist": ["--flagfile=configs/digits.flags", *SHORT, *EVALUATED],
    "fashion_mnist_wgan": ["--flagfile=configs/digits.flags", *SHORT, *EVALUATED, "--seed=1"],
    "fashion_mnist_ns_gan": ["--flagfile=configs/digits.flags", *SHORT, *EVALUATED, "--seed=2"],
    "fashion_mnist_acwgan": [
        *("--flagfile=configs/digits.flags", *SHORT),
        "--conditional=auxiliary_classifier",
    ],
    "toy_25gaussians": ["--flagfile=configs/toy_25gaussians.flags", *SHORT, "--export"],
}


def documented() -> list[str]:
    commands = [line for page in PAGES for line in USING_A_RUN.findall(page.read_text())]
    # The data sets that are named besides have to be fetched.
    return [line for line in dict.fromkeys(commands) if "--dataset=" not in line]


def test_commands_are_found() -> None:
    words = ("report", "evaluate", "sample", "export", "saved_model_cli", "load_client")
    assert all(any(word in line for line in documented()) for word in words)
    assert any("keras" in line for line in documented())


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_commands_do_what_they_say(tmp_path: pathlib.Path) -> None:
    for folder in ("configs", "tools", "wgan_tf"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }

    def run(command: str) -> None:
        result = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, (
            f"{command}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}"
        )

    for name, options in RUNS.items():
        arguments = " ".join(f"'{option}'" for option in options)
        run(f"python -m wgan_tf.main {arguments} --workdir=runs/{name}")
    for command in documented():
        run(command)
    left = {path.name for path in tmp_path.iterdir()}
    assert {"grid.png", "ways.gif", "scores.json", "comparison.html", "samples"} <= left
    assert list(tmp_path.glob("runs/digits/converted/*.keras"))
