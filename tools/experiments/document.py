"""What a claim is, and the document about all of them."""

import dataclasses
import enum
import pathlib
import re
from collections.abc import Callable, Sequence

from experiments.trials import Measured, Trial, read_result

PREFACE = """# The literature's claims, measured again

What is said of Wasserstein GANs, each claim beside an experiment with this package's own training
code that anyone can run again:

    pip install 'wgan_tf[claims]'
    python tools/claims.py [--only=NAME] [--seeds=N] [--data=idx:DIR]

It trains what is not trained yet, shows how far it is, and writes this page; stopped, it goes on
from where it was. Numbers are means over seeds ± their standard deviation. The networks are small,
so that all of it takes {minutes:.0f} minutes of processor time, of which two cores share: a claim
that does not show here may show at another size, and the other way round.

| Claim | Verdict |
|---|---|
{verdicts}
"""
_SECTION = re.compile(r"^## .*?<a id=\"(\w+)\"></a>$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


class Verdict(enum.StrEnum):
    """Whether a claim shows here."""

    HOLDS = "holds"
    IN_PART = "holds in part"
    DOES_NOT_HOLD = "does not hold here"


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the command was asked for.

    Attributes:
        workdir: where trials and their results are kept.
        docs: the folder of the document.
        data: the `--dataset` of images.
        num_seeds: of every claim; None for each claim's own number.
    """

    workdir: pathlib.Path
    docs: pathlib.Path
    data: str
    num_seeds: int | None = None

    def seeds(self, default: int) -> range:
        """The seeds of a claim that takes `default` of them unless the command says otherwise."""
        return range(self.num_seeds or default)

    def result(self, trial: Trial) -> Measured:
        """What a trial, which is done, has measured."""
        found = read_result(trial, self.workdir)
        if found is None:
            raise LookupError(f"{trial.name} is not measured.")
        return found.values

    def plot(self, name: str) -> pathlib.Path:
        """The file of a plot."""
        return self.docs / "claims" / f"{name}.png"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What an experiment found.

    Attributes:
        numbers: markdown, a table or several.
        verdict: whether the claim shows.
        words: why.
    """

    numbers: str
    verdict: Verdict
    words: str


@dataclasses.dataclass(frozen=True)
class Claim:
    """A claim, and the experiment that measures it.

    Attributes:
        name: for `--only`, and of its plot.
        title: its heading.
        prediction: the claim, with its source.
        setup: what is trained and measured.
        trials: what has to be measured for it.
        report: what comes of that; draws the plot.
    """

    name: str
    title: str
    prediction: str
    setup: str
    trials: Callable[[Settings], Sequence[Trial]]
    report: Callable[[Settings], Finding]


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_document(claims: Sequence[Claim], measured: Sequence[Claim], settings: Settings) -> None:
    """Writes claims.md: new sections for what was measured, the others as they are.

    Args:
        claims: all there are, in order.
        measured: those whose trials are all done.
        settings: where to, and with which seeds.
    """
    file = settings.docs / "claims.md"
    sections = (
        {found.group(1): found.group(0).strip() for found in _SECTION.finditer(file.read_text())}
        if file.is_file()
        else {}
    )
    sections.update({claim.name: _section(claim, settings) for claim in measured})
    kept = [claim for claim in claims if claim.name in sections]
    verdicts = "\n".join(
        f"| [{claim.title}](#{claim.name}) | {_verdict(sections[claim.name])} |" for claim in kept
    )
    minutes = sum(_cpu_minutes(sections[claim.name]) for claim in kept)
    preface = PREFACE.format(minutes=minutes, verdicts=verdicts)
    file.write_text(
        "\n\n".join([preface.strip(), *(sections[claim.name] for claim in kept)]) + "\n"
    )


def _section(claim: Claim, settings: Settings) -> str:
    trials = {trial.name: trial for trial in claim.trials(settings)}
    results = [read_result(trial, settings.workdir) for trial in trials.values()]
    minutes = sum(result.cpu_seconds for result in results if result) / 60
    finding = claim.report(settings)
    seeds = "" if settings.num_seeds is None else f" --seeds={settings.num_seeds}"
    return f"""## {claim.title} <a id="{claim.name}"></a>

**Predicted.** {claim.prediction}

**Set up.** {claim.setup}

    python tools/claims.py --only={claim.name}{seeds}

{len(trials)} trials, {minutes:.1f} minutes of processor time.

{finding.numbers}

![{claim.title}](claims/{claim.name}.png)

**Verdict: {finding.verdict}.** {finding.words}"""


def _verdict(section: str) -> str:
    found = re.search(r"\*\*Verdict: (.*?)\.\*\*", section)
    return found.group(1) if found else ""


def _cpu_minutes(section: str) -> float:
    found = re.search(r"trials, ([\d.]+) minutes of processor time", section)
    return float(found.group(1)) if found else 0.0
