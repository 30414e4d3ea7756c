import pytest

from tests.command_line import run_here


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--out=x.png"], ["--workdir", "--saved_model"]),
        (["--out=x.png", "--workdir=a", "--saved_model=b"], ["--workdir", "--saved_model"]),
        (["--out=x.png", "--saved_model=b", "--checkpoint=best"], ["--checkpoint=best"]),
        (["--out=x.png", "--workdir=a", "--kind=mosaic"], ["--kind=mosaic", "interpolation"]),
        (["--out=x.png", "--workdir=a", "--n=0"], ["n", "0"]),
        (["--workdir=a"], ["--out"]),
    ],
    ids=str,
)
def test_a_mistake_is_one_sentence_and_status_2(options: list[str], named: list[str]) -> None:
    result = run_here("sample", *options)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    for word in named:
        assert word in line
