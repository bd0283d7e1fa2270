"""What a corpus' table holds, in whatever form it is shown: headings, lines and sheets of cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from rematch.evaluate import TEXT_TO_IMAGE
from rematch.report.answers import (
    Rows,
    ablation_rows,
    answer_lines,
    baseline_rows,
    best_lines,
    chance_line,
    detectable_line,
    same_lines,
)
from rematch.report.parts import (
    DIAGNOSIS_NOTE,
    chosen_rows,
    diagnosis_rows,
    own_lines,
    strata_rows,
)
from rematch.report.results import NONE, Cell, Results
from rematch.report.runs import Run, varying
from rematch.report.wording import (
    NO_TRUTH,
    PAPER_NOTE,
    PAPER_TITLE,
    best_figures,
    counted_line,
    ensemble_lines,
    fixed_axes,
    lead_names,
    lead_rows,
    paper_metrics,
    span_of,
    title_of,
)

CHANCE = "°"
"""Stands at a figure whose interval holds what a random order comes to."""


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Line:
    """A paragraph; a note is small print."""

    text: str
    note: bool = False


@dataclass(frozen=True)
class Column:
    """A column's heading; figures stand right. A spare one is left out where room lacks, and where
    figures show their intervals anyway."""

    name: str
    figure: bool = True
    spare: bool = False


@dataclass(frozen=True)
class Field:
    """A cell: its text, whether it is its column's best, its interval, and its shade, 0 to 1."""

    text: str
    best: bool = False
    interval: str = ""
    shade: float = 0.0


@dataclass(frozen=True)
class Sheet:
    """A table: a row's first `lead` cells are what it is called."""

    columns: list[Column]
    rows: list[list[Field]]
    lead: int
    foot: list[list[Field]] = field(default_factory=list)
    kind: str = ""


@dataclass(frozen=True)
class Items:
    """A list under a line."""

    text: str
    items: list[str]


Block: TypeAlias = Heading | Line | Sheet | Items


def blocks(results: Results) -> Iterator[Block]:
    """The table's content, in the order of reading: figures, what they mean, and the notes."""
    axes = varying(results.runs)
    if said := fixed_axes(results, axes):
        yield Line(said)
    if not results.cells:
        yield Line(NO_TRUTH)
        yield _runs(results, "", axes)
    for line in [*best_lines(results), *own_lines(results), detectable_line(results)]:
        if line:
            yield Line(line)
    for direction in results.directions:
        if len(results.directions) > 1 or results.noun == "articles":
            yield Heading(title_of(direction))
        yield Line(counted_line(results, direction))
        yield _runs(results, direction, axes)
    if results.cells:
        yield Line(_legend(results), note=True)
        for line in [chance_line(results), *same_lines(results), *ensemble_lines(results)]:
            if line:
                yield Line(line, note=True)
    if results.reference and results.cells:
        yield from _paper(results)
    yield from _plain(baseline_rows(results))
    yield from _plain(ablation_rows(results))
    yield from _plain(chosen_rows(results), lead=4)
    answers = answer_lines(results)
    if answers:
        yield Heading("What the runs answer")
        for question, found in answers:
            yield Items(question, found)
    yield from _plain(strata_rows(results), lead=2)
    yield from _plain(diagnosis_rows(results))
    if results.diagnosis:
        yield Line(DIAGNOSIS_NOTE, note=True)


def _plain(found: Rows, lead: int = 1) -> Iterator[Block]:
    title, head, rows = found
    if rows:
        yield Heading(title)
        columns = [Column(name, figure=at >= lead) for at, name in enumerate(head)]
        yield Sheet(columns, [[Field(text) for text in row] for row in rows], lead)


def _legend(results: Results) -> str:
    back = " (image to text: over photos)" if len(results.directions) > 1 else ""
    said = [f"intervals: 95 %, BCa bootstrap over {results.noun}{back}"]
    if len(results.runs) > 1:
        said.insert(0, "bold: the best of its column")
        if results.letters:
            said.append(
                "runs that share a letter cannot be told apart by "
                f"{results.metrics[0]} (paired sign-flip test, Holm over all pairs, 5 %)"
            )
    if any(runs for runs in results.at_chance.values()):
        said.append(f"{CHANCE}: the interval holds what a random order comes to")
    text = "; ".join(said) + "."
    return text[0].upper() + text[1:]


def _runs(results: Results, direction: str, axes: Sequence[str]) -> Sheet:
    """The runs with their figures in one direction, or with none."""
    metrics = results.metrics if direction else []
    names = lead_names(axes, results)
    lettered = bool(results.letters) and direction == TEXT_TO_IMAGE and len(results.runs) > 1
    columns = [Column(name, figure=False) for name in names]
    for at, metric in enumerate(metrics):
        columns.append(Column(metric))
        if at == 0:
            columns.append(Column("95 % interval", spare=True))
            if lettered:
                columns.append(Column("same", figure=False))
    best = best_figures(results, direction) if direction else {}
    rows = []
    for run, start in zip(results.runs, lead_rows(axes, results), strict=True):
        row = [Field(text) for text in start]
        for at, metric in enumerate(metrics):
            cell = results.cell(run, direction, metric)
            shown = _figure(results, run, direction, metric, cell, best[metric])
            row.append(shown)
            if at == 0:
                row.append(Field(shown.interval or NONE))
                if lettered:
                    row.append(Field(results.letters.get(run.name, NONE)))
        rows.append(row)
    foot = []
    levels = results.chance.get(direction, {})
    if levels:
        last = [Field("chance"), *([Field("")] * (len(names) - 1))]
        for at, metric in enumerate(metrics):
            last.append(Field(f"{levels[metric]:.5f}"))
            if at == 0:
                last += [Field("")] * (2 if lettered else 1)
        foot.append(last)
    return Sheet(columns, rows, len(names), foot, "runs")


def _figure(
    results: Results, run: Run, direction: str, metric: str, cell: Cell | None, best: float | None
) -> Field:
    if cell is None:
        return Field(NONE)
    low, high = span_of(results, direction, metric)
    by_chance = metric in results.at_chance.get(direction, {}).get(run.name, ())
    return Field(
        f"{cell.value:.5f}{CHANCE if by_chance else ''}",
        cell.value == best and not by_chance,
        f"{cell.low:.3f}–{cell.high:.3f}",
        (cell.value - low) / (high - low) if high > low else 0.0,
    )


def _paper(results: Results) -> Iterator[Block]:
    metrics = paper_metrics(results)
    columns = [Column(name, figure=False) for name in ("run", "words", "ensemble")]
    columns += [Column(metric) for metric in metrics]
    yield Heading(PAPER_TITLE)
    yield Line(PAPER_NOTE)
    yield Sheet(
        columns,
        [
            [Field(row.run), Field(row.words or NONE), Field(row.ensemble or NONE)]
            + [Field(row.values.get(metric) or NONE) for metric in metrics]
            for row in results.reference
        ],
        3,
        kind="paper",
    )
