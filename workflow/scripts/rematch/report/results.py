"""The results of a corpus' runs as one table: CSV to compute with, Markdown and HTML to read.

The reference figures are those of Table 1 of Cao et al., "HCMUS at MediaEval 2021: Fine-tuning
CLIP for Automatic News-Images Re-Matching" (CEUR-WS Vol. 3181, paper 48), kept as printed.
"""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from rematch.config import AXES
from rematch.errors import UserError
from rematch.evaluate import DIRECTIONS, IMAGE_TO_TEXT, TEXT_TO_IMAGE
from rematch.report import losses as lost
from rematch.report.html import escape, page

ALL_WORDS = "all"
"""How a run without a limit on words is shown."""

NONE = "–"

EMPTY = "empty"
"""The column that says how many queries are empty, where runs differ in it."""

WIDTH = 120
"""Columns of the terminal that the Markdown table is made for."""

DIRECTION_TITLES = {
    "text-to-image": "Text to image",
    "image-to-text": "Image to text",
}

PAPER_TITLE = "The paper's Table 1 (text to image)"
PAPER_NOTE = (
    "The paper's figures come from its own corpus (MediaEval NewsImages 2021) and its own CLIP: "
    "compare the shape, not the height."
)
NO_TRUTH = "This corpus has no truth (no known article-photo pairs): there is nothing to score."


@dataclass(frozen=True)
class Run:
    """A run as the tables and plots need it; every field is text for a person."""

    name: str
    label: str
    axes: dict[str, str]
    """Value of each of `AXES`; an ensemble lacks those that differ between its members."""
    ensemble: str | None = None
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """A row of the paper's table; `values` are the figures as printed."""

    run: str
    words: str
    ensemble: str
    values: dict[str, str]


@dataclass(frozen=True)
class Cell:
    """A metric's mean over `n` queries and its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Results:
    """All that the tables show of a corpus."""

    corpus: str
    runs: list[Run]
    directions: list[str]
    metrics: list[str]
    cells: dict[tuple[str, str, str], Cell]
    reference: list[Reference]
    losses: list[lost.Loss] = field(default_factory=list)

    def cell(self, run: Run, direction: str, metric: str) -> Cell | None:
        return self.cells.get((run.name, direction, metric))

    def empty(self, run: Run) -> int:
        """Articles of which the run has an empty query; of an ensemble, the most of a member."""
        members = [other for other in self.runs if other.name in run.weights] or [run]
        variants = [(m.axes.get("translation", ""), m.axes.get("cleaning", "")) for m in members]
        return lost.empty_queries(self.losses, variants)

    def paper(self, run: Run) -> Reference | None:
        """The paper's row for as many words, or for the ensemble of the same name."""
        for row in self.reference:
            if run.ensemble is not None:
                if row.ensemble == run.ensemble:
                    return row
            elif row.words and row.words == run.axes.get("words"):
                return row
        return None


def read_runs(runs: Iterable[Mapping[str, object]]) -> list[Run]:
    """The run descriptions, ensembles last, else in the order given.

    Args:
        runs: a mapping a run: `run` (its id), `label`, the axes of `AXES` (`words` a number, or
            None or "all" for the whole text), `ensemble` (its name, or None for a point of the
            sweep) and `weights` (member to weight). All but `run` may be missing.

    Raises:
        UserError: a run without an id, or two with the same.
    """
    out: list[Run] = []
    seen: set[str] = set()
    for description in runs:
        if description.get("run") in (None, ""):
            raise UserError(f"results: a run has no id: {dict(description)!r}; give it a `run`")
        name = str(description["run"])
        if name in seen:
            raise UserError(f"results: run {name!r} is described twice; name each run once")
        seen.add(name)
        ensemble = description.get("ensemble")
        axes = {}
        for axis in AXES:
            value = description.get(axis)
            if axis == "words" and ensemble is None and axis in description:
                value = ALL_WORDS if value in (None, "") else value
            if value not in (None, ""):
                axes[axis] = str(value)
        weights = description.get("weights")
        out.append(
            Run(
                name=name,
                label=str(description.get("label") or name),
                axes=axes,
                ensemble=None if ensemble is None else str(ensemble),
                weights={str(k): float(str(v)) for k, v in weights.items()}
                if isinstance(weights, Mapping)
                else {},
            )
        )
    return sorted(out, key=lambda run: run.ensemble is not None)


def read_reference(path: str | Path | None) -> list[Reference]:
    """The reference CSV: columns run, words, ensemble, then a column a metric, all as printed.

    Without a path there is no reference: an empty list.

    Raises:
        UserError: a column is missing, a figure is no number, or a row names neither words nor
            an ensemble.
    """
    if not path:
        return []
    with Path(path).open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    out = []
    for line, row in enumerate(rows, start=2):
        for column in ("run", "words", "ensemble"):
            if row.get(column) is None:
                raise UserError(f"{path}: line {line}: column {column!r} is missing; add it")
        if not row["words"] and not row["ensemble"]:
            raise UserError(
                f"{path}: line {line}: neither 'words' nor 'ensemble' is given; fill in one"
            )
        values = {k: v or "" for k, v in row.items() if k not in ("run", "words", "ensemble", None)}
        for column, figure in values.items():
            try:
                float(figure or 0)
            except ValueError:
                raise UserError(
                    f"{path}: line {line}, column {column!r}: {figure!r} is no number"
                ) from None
        out.append(Reference(row["run"], row["words"], row["ensemble"], values))
    return out


def build(
    metrics: pa.Table | Iterable[pa.Table],
    runs: Iterable[Mapping[str, object]],
    reference: Sequence[Reference] = (),
    corpus: str = "",
    losses: Iterable[lost.Loss] = (),
) -> Results:
    """Bring the metrics of all runs of a corpus together with their descriptions.

    Args:
        metrics: `forms.METRICS`, one table or one a run; empty for a corpus with no truth.
        runs: see `read_runs`. A run without metrics keeps its row, with empty cells.
        reference: the paper's rows, or none.
        corpus: its name, for the title.
        losses: what it lost, as far as that is known.

    Raises:
        UserError: metrics of a run that is not described, or the same metric given twice.
    """
    described = read_runs(runs)
    names = {run.name for run in described}
    cells: dict[tuple[str, str, str], Cell] = {}
    directions: dict[str, None] = {}
    columns: dict[str, None] = {}
    for table in [metrics] if isinstance(metrics, pa.Table) else metrics:
        for row in table.to_pylist():
            key = (row["run"], row["direction"], row["metric"])
            if row["run"] not in names:
                raise UserError(
                    f"results: metrics of run {row['run']!r}, which the configuration does not "
                    "name; delete its folder under results/ or add the run"
                )
            if key in cells:
                raise UserError(f"results: {' '.join(key)} is given twice; pass each table once")
            cells[key] = Cell(row["value"], row["low"], row["high"], row["n"])
            directions[row["direction"]] = None
            columns[row["metric"]] = None
    known = [direction for direction in DIRECTIONS if direction in directions]
    return Results(
        corpus=corpus,
        runs=described,
        directions=known + sorted(set(directions) - set(DIRECTIONS)),
        metrics=sorted(columns, key=_metric_order),
        cells=cells,
        reference=list(reference),
        losses=list(losses),
    )


def _metric_order(metric: str) -> tuple[str, int, str]:
    name, _, k = metric.partition("@")
    return name, int(k) if k.isdecimal() else 0, metric


def varying(runs: Sequence[Run]) -> list[str]:
    """The axes on which the points of the sweep differ, in the order of `AXES`."""
    points = [run for run in runs if run.ensemble is None]
    return [axis for axis in AXES if len({run.axes.get(axis) for run in points}) > 1]


def point(run: Run, axes: Sequence[str]) -> str:
    """A run's name among the others: its values on the axes that vary, or its label."""
    if run.ensemble is not None:
        return f"ensemble {run.ensemble}"
    values = [
        f"{run.axes[axis]} words" if axis == "words" else run.axes[axis]
        for axis in axes
        if axis in run.axes
    ]
    return " · ".join(values) or run.label


def table_csv(results: Results) -> str:
    """A row a run, every digit kept: floats as Python's repr, which reads back exactly.

    Columns: run, label, the axes, ensemble, weights (JSON), empty_queries (see `Results.empty`);
    for each direction n, the queries that its means run over, and for each metric its value, `_low`
    and `_high`; then the paper's row as printed: `paper_run` and `paper_<metric>`.
    """
    printed = list(dict.fromkeys(name for row in results.reference for name in row.values))
    header = ["run", "label", *AXES, "ensemble", "weights", "empty_queries"]
    for direction in results.directions:
        header.append(f"{direction}_n")
        for metric in results.metrics:
            header += [f"{direction}_{metric}{end}" for end in ("", "_low", "_high")]
    if results.reference:
        header += ["paper_run", *(f"paper_{name}" for name in printed)]
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(header)
    for run in results.runs:
        weights = json.dumps(run.weights, ensure_ascii=False) if run.weights else ""
        line = [run.name, run.label, *(run.axes.get(axis, "") for axis in AXES)]
        line += [run.ensemble or "", weights, str(results.empty(run))]
        for direction in results.directions:
            cells = [results.cell(run, direction, metric) for metric in results.metrics]
            line.append(next((str(cell.n) for cell in cells if cell), ""))
            for cell in cells:
                line += [repr(x) for x in (cell.value, cell.low, cell.high)] if cell else [""] * 3
        if results.reference:
            paper = results.paper(run)
            line.append(paper.run if paper else "")
            line += [paper.values.get(name, "") if paper else "" for name in printed]
        write(line)
    return out.getvalue()


def metrics_csv(metrics: pa.Table) -> str:
    """`forms.METRICS` as tidy CSV, a row a run x direction x metric, every digit kept."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(metrics.schema.names)
    for row in metrics.to_pylist():
        writer.writerow(repr(v) if isinstance(v, float) else v for v in row.values())
    return out.getvalue()


def numbers(results: Results) -> dict[str, object]:
    """What the report's captions quote: counts, and the best and worst run by the first metric.

    Returns:
        `runs`, `articles` and `photos` (queries with a known match in either direction), `lost`
        (the line on what was lost, as reStructuredText), `directions`, `metrics`, and `best`,
        `worst`: `label`, `run` and the formatted figures of `metrics` from text to image.
    """
    first = results.metrics[0]
    scored = [run for run in results.runs if results.cell(run, TEXT_TO_IMAGE, first)]
    ordered = sorted(scored, key=lambda run: results.cells[run.name, TEXT_TO_IMAGE, first].value)
    axes = varying(results.runs)

    def quoted(run: Run) -> dict[str, object]:
        cells = {name: results.cell(run, TEXT_TO_IMAGE, name) for name in results.metrics}
        figures = {name: f"{cell.value:.5f}" for name, cell in cells.items() if cell}
        return {"label": point(run, axes), "run": run.name, "figures": figures}

    queries = {
        direction: max(
            (cell.n for (_, d, _), cell in results.cells.items() if d == direction), default=0
        )
        for direction in DIRECTIONS
    }
    return {
        "runs": len(results.runs),
        "articles": queries[TEXT_TO_IMAGE],
        "photos": queries[IMAGE_TO_TEXT],
        "lost": _rst(_counted(results, TEXT_TO_IMAGE)),
        "metrics": results.metrics,
        "best": quoted(ordered[-1]),
        "worst": quoted(ordered[0]),
    }


def table_md(results: Results) -> str:
    """Markdown that reads well raw, too: a block a direction, then the paper's Table 1.

    Axes that do not vary are said once above; the best figure of a column carries a `*`.
    """
    axes = varying(results.runs)
    parts = [f"# Results{f': {_md(results.corpus)}' if results.corpus else ''}"]
    said = _fixed(results, axes)
    if said:
        parts.append(_wrapped(_md(said)))
    if not results.cells:
        parts.append(NO_TRUTH)
        parts.append(_markdown(_lead(axes, results), [], _lead_rows(axes, results)))
    for direction in results.directions:
        parts.append(f"## {_title(direction)}")
        parts.append(_wrapped(_md(_counted(results, direction))))
        parts.append(_direction_md(results, direction, axes))
    if results.cells and len(results.runs) > 1:
        parts.append("`*`: the best of its column. Intervals: 95 %, bootstrap over queries.")
    parts += [_wrapped(_md(line)) for line in _ensembles(results, axes)]
    if results.reference and results.cells:
        parts += [f"## {PAPER_TITLE}", _wrapped(PAPER_NOTE)]
        columns = _paper_metrics(results)
        parts.append(
            _markdown(
                ["run", "words", "ensemble"],
                columns,
                [
                    [row.run, row.words or NONE, row.ensemble or NONE]
                    + [row.values.get(metric) or NONE for metric in columns]
                    for row in results.reference
                ],
            )
        )
    return "\n\n".join(part for part in parts if part) + "\n"


def _direction_md(results: Results, direction: str, axes: Sequence[str]) -> str:
    best = _best(results, direction)
    lead = _lead_rows(axes, results)
    rows = []
    intervals = []
    for run, start in zip(results.runs, lead, strict=True):
        cells = [results.cell(run, direction, metric) for metric in results.metrics]
        figures = [
            f"{cell.value:.5f}{_star(cell.value, best[metric])}" if cell else NONE
            for metric, cell in zip(results.metrics, cells, strict=True)
        ]
        first = cells[0]
        intervals.append(f"{first.low:.3f}–{first.high:.3f}" if first else NONE)
        rows.append(start + figures)
    wide = _markdown(
        [*_lead(axes, results), results.metrics[0], "95 % interval"],
        results.metrics[1:],
        [
            [*row[: len(lead[0]) + 1], interval, *row[len(lead[0]) + 1 :]]
            for row, interval in zip(rows, intervals, strict=True)
        ],
        right=2,
    )
    if len(wide.partition("\n")[0]) <= WIDTH:
        return wide
    return _markdown(_lead(axes, results), results.metrics, rows)


def table_html(results: Results) -> str:
    """A self-contained HTML page: no script, no external resource, everything escaped."""
    axes = varying(results.runs)
    body: list[str] = []
    said = _fixed(results, axes)
    if said:
        body.append(f"<p>{escape(said)}</p>")
    if not results.cells:
        body.append(f"<p class='none'>{escape(NO_TRUTH)}</p>")
    if not results.directions:
        body.append(_runs_html(results, None, axes))
    body += [_runs_html(results, direction, axes) for direction in results.directions]
    if results.cells:
        body.append(
            "<p class='note'>Bold: the best of its column. Small: 95 % interval, bootstrap over "
            "queries. Shade: from the column's lowest figure to its highest.</p>"
        )
    body += [f"<p class='note'>{escape(line)}</p>" for line in _ensembles(results, axes)]
    if results.reference and results.cells:
        body.append(_paper_html(results))
    title = f"Results: {results.corpus}" if results.corpus else "Results"
    return page(title, "\n".join(body))


def _runs_html(results: Results, direction: str | None, axes: Sequence[str]) -> str:
    """The runs as an HTML table with their metrics in one direction, or in none."""
    metrics = results.metrics if direction else []
    best = _best(results, direction) if direction else {}
    scale = {metric: _span(results, direction, metric) for metric in metrics if direction}
    head = "".join(
        f"<th scope='col' class='text'>{escape(name)}</th>" for name in _lead(axes, results)
    )
    head += "".join(f"<th scope='col'>{escape(name)}</th>" for name in metrics)
    rows = []
    for run, start in zip(results.runs, _lead_rows(axes, results), strict=True):
        cells = [f"<th scope='row'>{escape(text)}</th>" for text in start]
        for metric in metrics:
            cell = results.cell(run, direction, metric) if direction else None
            if cell is None:
                cells.append(f"<td>{NONE}</td>")
                continue
            low, high = scale[metric]
            shade = 0.22 * (cell.value - low) / (high - low) if high > low else 0.0
            kind = " class='best'" if best[metric] == cell.value else ""
            cells.append(
                f"<td{kind} style='background:rgba(0,114,178,{shade:.3f})'>{cell.value:.5f}"
                f"<small>{cell.low:.3f}–{cell.high:.3f}</small></td>"
            )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    said = (
        f"<h2>{escape(_title(direction))}</h2><p>{escape(_counted(results, direction))}</p>"
        if direction
        else ""
    )
    return (
        f"{said}<div class='wide'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _paper_html(results: Results) -> str:
    columns = _paper_metrics(results)
    head = "".join(
        f"<th scope='col' class='text'>{name}</th>" for name in ("run", "words", "ensemble")
    )
    head += "".join(f"<th scope='col'>{escape(name)}</th>" for name in columns)
    rows = []
    for row in results.reference:
        lead = "".join(
            f"<th scope='row'>{escape(text or NONE)}</th>"
            for text in (row.run, row.words, row.ensemble)
        )
        figures = "".join(
            f"<td>{escape(row.values.get(metric) or NONE)}</td>" for metric in columns
        )
        rows.append(f"<tr>{lead}{figures}</tr>")
    return (
        f"<h2>{escape(PAPER_TITLE)}</h2><p>{escape(PAPER_NOTE)}</p>"
        f"<div class='wide'><table class='paper'><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _title(direction: str) -> str:
    return DIRECTION_TITLES.get(direction, direction)


def _counted(results: Results, direction: str) -> str:
    """How many queries the means run over, of how many, and what was lost."""
    counts = {cell.n for (_, way, _), cell in results.cells.items() if way == direction}
    if results.losses and direction in DIRECTIONS:
        return lost.line(results.losses, max(counts) if direction == IMAGE_TO_TEXT else None)
    low, high = min(counts), max(counts)
    return f"{low:,} queries" if low == high else f"{low:,} to {high:,} queries"


def _fixed(results: Results, axes: Sequence[str]) -> str:
    """One line on the axes that are the same in all points of the sweep."""
    points = [run for run in results.runs if run.ensemble is None]
    if not points:
        return ""
    values = [
        f"{axis} {points[0].axes[axis]}"
        for axis in AXES
        if axis not in axes and axis in points[0].axes
    ]
    every = "The same in every run: " if len(points) > 1 else "The run: "
    return every + " · ".join(values) + "." if values else ""


def _lead(axes: Sequence[str], results: Results) -> list[str]:
    """The names of the columns before the figures."""
    names = [*axes]
    if any(run.ensemble is not None for run in results.runs):
        names.append("ensemble")
    if len({results.empty(run) for run in results.runs}) > 1:
        names.append(EMPTY)
    return names or ["run"]


def _lead_rows(axes: Sequence[str], results: Results) -> list[list[str]]:
    names = _lead(axes, results)
    if names == ["run"]:
        return [[run.label] for run in results.runs]
    rows = []
    for run in results.runs:
        more = {"ensemble": run.ensemble or NONE, EMPTY: str(results.empty(run))}
        rows.append([more.get(name) or run.axes.get(name, NONE) for name in names])
    return rows


def _ensembles(results: Results, axes: Sequence[str]) -> list[str]:
    """A line an ensemble: what it is made of, and with which weights."""
    names = {run.name: point(run, axes) for run in results.runs}
    out = []
    for run in results.runs:
        if run.ensemble is None or not run.weights:
            continue
        members = list(run.weights.items())
        if len(members) > 12:
            text = f"of {len(members)} runs"
        elif len({weight for _, weight in members}) == 1:
            text = "mean of " + ", ".join(names.get(name, name) for name, _ in members)
        else:
            text = " + ".join(f"{weight:g} × {names.get(name, name)}" for name, weight in members)
        out.append(f"Ensemble {run.ensemble}: {text}.")
    return out


def _best(results: Results, direction: str) -> dict[str, float | None]:
    """The highest figure of each column; None where there is but one run to choose from."""
    out: dict[str, float | None] = {}
    for metric in results.metrics:
        cells = [results.cell(run, direction, metric) for run in results.runs]
        values = [cell.value for cell in cells if cell]
        out[metric] = max(values) if len(values) > 1 else None
    return out


def _star(value: float, best: float | None) -> str:
    if best is None:
        return ""
    return "*" if value == best else " "


def _span(results: Results, direction: str, metric: str) -> tuple[float, float]:
    cells = [results.cell(run, direction, metric) for run in results.runs]
    values = [cell.value for cell in cells if cell]
    return (min(values), max(values)) if values else (0.0, 0.0)


def _paper_metrics(results: Results) -> list[str]:
    printed = {name for row in results.reference for name in row.values}
    shown = results.metrics if TEXT_TO_IMAGE in results.directions else []
    return sorted(printed | set(shown), key=_metric_order)


def _markdown(
    lead: Sequence[str], figures: Sequence[str], rows: Sequence[Sequence[str]], right: int = 0
) -> str:
    """A padded Markdown table; the figures, and the last `right` columns of `lead`, stand right."""
    header = [_md(name) for name in (*lead, *figures)]
    body = [[_md(text, star=False) for text in row] for row in rows]
    at_right = [i >= len(lead) - right for i in range(len(header))]
    # A figure leaves a place for its star, so a heading over it leaves one, too.
    starred = any(text.endswith(("*", " ")) for row in body for text in row)
    if starred:
        header = [
            f"{text} " if stands and text != "95 % interval" else text
            for text, stands in zip(header, at_right, strict=True)
        ]
    width = [max(3, *(len(row[i]) for row in [header, *body])) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            text.rjust(size) if stands else text.ljust(size)
            for text, size, stands in zip(cells, width, at_right, strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        f"{'-' * (size - 1)}:" if stands else "-" * size
        for size, stands in zip(width, at_right, strict=True)
    ]
    return "\n".join([line(header), line(rule), *(line(row) for row in body)])


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _md(text: str, star: bool = True) -> str:
    """Text that Markdown shows as it is, on one line."""
    text = "".join(" " if c in "\r\n\t\v\f\x85\u2028\u2029" else c for c in text)
    text = text.replace("\\", "\\\\").replace("|", "\\|").replace("&", "&amp;")
    text = text.replace("<", "&lt;").replace(">", "&gt;").replace("[", "\\[").replace("`", "\\`")
    return text.replace("*", "\\*") if star else text


def _rst(text: str) -> str:
    """Text that reStructuredText shows as it is."""
    return re.sub(r"([\\*_`|@])", r"\\\1", text)
