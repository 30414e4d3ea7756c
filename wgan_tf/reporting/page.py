"""The page: everything that there is to know of a run, or of several, in one HTML file."""

import base64
import dataclasses
import importlib.resources
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata

import jinja2
import markupsafe
import numpy as np
import plotly.offline
import tensorflow as tf

from wgan_tf.data.source_report import survey_store
from wgan_tf.data.survey import Survey
from wgan_tf.durations import duration
from wgan_tf.errors import UserError
from wgan_tf.evaluation.diagnostics import judge
from wgan_tf.files import write_output
from wgan_tf.monitoring.grids import encode_png, image_grid
from wgan_tf.reporting import curves, summary
from wgan_tf.reporting.nearest_examples import Comparison, compare
from wgan_tf.reporting.runs import RecordedRun, read_runs
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.saved_model import read_model_card
from wgan_tf.suggestions import listed

PACKAGES = ("wgan_tf", "tensorflow", "keras", "numpy", "tensorflow-datasets")
CLASSES_SHOWN = 50


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of text; the first cell of each names it."""

    head: list[str]
    rows: list[list[str]]


@dataclasses.dataclass(frozen=True)
class Section:
    """What the page says of one run.

    Attributes:
        run: the run.
        outcome: a sentence.
        facts: names and values of what sums it up.
        warnings: sentences; empty where nothing is wrong.
        comparison: with the training examples; None where that could not be made.
        comparison_note: why not.
        contact_sheet: a PNG of some of what is trained on; None of points, or where it is not here.
        findings: clauses on what is odd about that.
    """

    run: RecordedRun
    outcome: str
    facts: Mapping[str, str]
    warnings: list[str]
    comparison: Comparison | None
    comparison_note: str
    contact_sheet: bytes | None
    findings: list[str]


def write_report(folders: Sequence[RunFolder], out: str) -> None:
    """Writes a self-contained HTML page about runs, side by side if there are several.

    It restores each run's newest checkpoint and opens its prepared training data, where these are
    there, to look for memorized examples.

    Args:
        folders: of the runs, at least one.
        out: the file to write.

    Raises:
        UserError: a folder holds no run, its files are damaged, or `out` cannot be written.
    """
    html = render([_section(run) for run in read_runs(list(folders))])
    write_output(out, html.encode())


def render(sections: Sequence[Section]) -> str:
    """The page's HTML."""
    runs = [section.run for section in sections]
    names = list(dict.fromkeys(name for run in runs for name in run.metric_names()))
    charts = curves.choose_charts(names)
    figures = {f"chart-{number}": curves.figure(chart, runs) for number, chart in enumerate(charts)}
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("wgan_tf.reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["data_uri"] = _data_uri
    environment.filters["number"] = summary.number
    return environment.get_template("page.html").render(
        sections=sections,
        title=runs[0].name if len(runs) == 1 else f"{len(runs)} runs compared",
        charts=[(f"chart-{number}", chart) for number, chart in enumerate(charts)],
        grid_steps=sorted({grid.step for run in runs for grid in run.grids}),
        metrics=_metrics_of_one(runs[0]) if len(runs) == 1 else _metrics_of_many(runs, names),
        options=_options(runs),
        data=_table(runs, [_data(run) for run in runs]),
        speed=_table(runs, [_speed(run) for run in runs]),
        environment=_table(runs, [_export(run) for run in runs]),
        here=Table(["", "Here"], [list(row) for row in _here().items()]),
        style=_source("page.css"),
        script=_source("page.js"),
        plotly=markupsafe.Markup(plotly.offline.get_plotlyjs()),
        figures=_json_object({name: figure.to_json() for name, figure in figures.items()}),
    )


def _section(run: RecordedRun) -> Section:
    comparison, note = None, ""
    try:
        comparison = compare(run)
    except UserError as error:
        note = str(error)
    found = judge(run.history, run.config) + (comparison.warnings if comparison else [])
    survey = _survey(run)
    return Section(
        run=run,
        outcome=summary.outcome(run),
        facts=_facts(run),
        warnings=found,
        comparison=comparison,
        comparison_note=note,
        contact_sheet=encode_png(image_grid(survey.sheet())) if survey else None,
        findings=survey.findings() if survey else [],
    )


def _survey(run: RecordedRun) -> Survey | None:
    try:
        return survey_store(run.folder.open_training_examples())
    except UserError:
        return None


def _facts(run: RecordedRun) -> Mapping[str, str]:
    facts = {"Steps": summary.steps(run)}
    last = {
        "Wasserstein estimate": "wasserstein_estimate",
        "Held-out estimate": "held_out_wasserstein_estimate",
    }
    for title, name in last.items() if run.config.objective == "wasserstein" else ():
        if name in run.metric_names():
            facts[title] = summary.number(run.series(name)[1][-1])
    if best := summary.summary_metric(run):
        facts[f"Best {best[0]}"] = summary.number(best[1])
    if seconds := run.training_seconds():
        facts["Training time"] = duration(seconds)
        facts["Real images a second"] = summary.number(_median_rate(run))
    return facts


def _metrics_of_one(run: RecordedRun) -> Table:
    rows = []
    for name in run.metric_names():
        steps, values = run.series(name)
        row = [name, summary.number(values[-1])]
        for choose in (np.nanargmin, np.nanargmax):
            if np.isfinite(values).any():
                best = choose(values)
                row += [summary.number(values[best]), f"{steps[best]:,}"]
            else:
                row += ["", ""]
        rows.append(row)
    return Table(["", "Last", "Lowest", "at step", "Highest", "at step"], rows)


def _metrics_of_many(runs: Sequence[RecordedRun], names: Iterable[str]) -> Table:
    rows = [
        [name]
        + [
            summary.number(run.series(name)[1][-1]) if name in run.metric_names() else ""
            for run in runs
        ]
        for name in names
    ]
    return Table(["Last value", *(run.name for run in runs)], rows)


def _options(runs: Sequence[RecordedRun]) -> Mapping[str, Table]:
    """The options that tell most, and the others in effect."""
    shown = [summary.options_in_effect(run.config) for run in runs]
    head = ["", *(run.name for run in runs)]
    names = list(dict.fromkeys(name for options in shown for name in options))
    rows = {name: [f"--{name}", *(options.get(name, "") for options in shown)] for name in names}
    if len(runs) == 1:
        first, rest = "Differs from the defaults", "As by default"
        told = set(summary.chosen_options(runs[0].config))
    else:
        first, rest = "Differs between the runs", "The same in all runs"
        told = {name for name, (_, *values) in rows.items() if len(set(values)) > 1}
    return {
        first: Table(head, [row for name, row in rows.items() if name in told]),
        rest: Table(head, [row for name, row in rows.items() if name not in told]),
    }


def _data(run: RecordedRun) -> Mapping[str, str]:
    shape, names = run.info.example_shape, run.info.class_names
    classes = "none" if names is None else f"{len(names)}: {listed(names, CLASSES_SHOWN)}"
    return {
        "Dataset": run.config.dataset,
        "Training split": run.config.train_split,
        "Held-out split": run.config.eval_split or "none",
        "Training examples": f"{run.info.num_examples:,}",
        "Shape of an example": " x ".join(map(str, shape)),
        "Classes": classes,
        "Digest": run.info.digest,
    }


def _speed(run: RecordedRun) -> Mapping[str, str]:
    _, rates = run.series("images_per_sec")
    rates = rates[np.isfinite(rates)]
    seconds = run.training_seconds()
    if seconds is None:
        return {}
    return {
        "Real images a second, median": summary.number(_median_rate(run)),
        "Slowest and fastest summary": (
            f"{summary.number(rates.min())} to {summary.number(rates.max())}"
        ),
        "Generator steps a second": summary.number(run.step / seconds),
        "Training time": duration(seconds),
    }


def _median_rate(run: RecordedRun) -> float:
    return float(np.nanmedian(run.series("images_per_sec")[1]))


def _export(run: RecordedRun) -> Mapping[str, str]:
    card = read_model_card(run.folder.exports)
    versions = card.versions if card else {}
    return {f"Exported with {name}": str(version) for name, version in versions.items()}


def _here() -> Mapping[str, str]:
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "") for gpu in gpus]
    return {
        "Python": platform.python_version(),
        **{package: metadata.version(package) for package in PACKAGES},
        "System": platform.platform(),
        "GPUs": ", ".join(names) or "none",
    }


def _table(runs: Sequence[RecordedRun], columns: Sequence[Mapping[str, str]]) -> Table:
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [[name, *(column.get(name, "") for column in columns)] for name in names]
    return Table(["", *(run.name for run in runs)], rows)


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _source(name: str) -> markupsafe.Markup:
    file = importlib.resources.files("wgan_tf.reporting") / "templates" / name
    return markupsafe.Markup(file.read_text(encoding="utf-8"))


def _json_object(encoded: Mapping[str, str]) -> markupsafe.Markup:
    """A JSON object of encoded values, in which Plotly has escaped what HTML would act on."""
    entries = ",".join(f'"{name}":{value}' for name, value in encoded.items())
    return markupsafe.Markup(f"{{{entries}}}")
