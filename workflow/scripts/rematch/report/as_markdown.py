"""The table in Markdown, which reads well raw, too."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rematch.report.results import NONE, Results, varying
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
    star_of,
    title_of,
)

WIDTH = 120
"""Columns of the terminal that the Markdown table is made for."""


def table_md(results: Results) -> str:
    """Markdown that reads well raw, too: a block a direction, then the paper's Table 1.

    Axes that do not vary are said once above; the best figure of a column carries a `*`.
    """
    axes = varying(results.runs)
    parts = [f"# Results{f': {_md(results.corpus)}' if results.corpus else ''}"]
    said = fixed_axes(results, axes)
    if said:
        parts.append(_wrapped(_md(said)))
    if not results.cells:
        parts.append(NO_TRUTH)
        parts.append(_markdown(lead_names(axes, results), [], lead_rows(axes, results)))
    for direction in results.directions:
        parts.append(f"## {title_of(direction)}")
        parts.append(_wrapped(_md(counted_line(results, direction))))
        parts.append(_direction_md(results, direction, axes))
    if results.cells and len(results.runs) > 1:
        parts.append("`*`: the best of its column. Intervals: 95 %, bootstrap over queries.")
    parts += [_wrapped(_md(line)) for line in ensemble_lines(results, axes)]
    if results.reference and results.cells:
        parts += [f"## {PAPER_TITLE}", _wrapped(PAPER_NOTE)]
        columns = paper_metrics(results)
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
    best = best_figures(results, direction)
    lead = lead_rows(axes, results)
    rows = []
    intervals = []
    for run, start in zip(results.runs, lead, strict=True):
        cells = [results.cell(run, direction, metric) for metric in results.metrics]
        figures = [
            f"{cell.value:.5f}{star_of(cell.value, best[metric])}" if cell else NONE
            for metric, cell in zip(results.metrics, cells, strict=True)
        ]
        first = cells[0]
        intervals.append(f"{first.low:.3f}–{first.high:.3f}" if first else NONE)
        rows.append(start + figures)
    wide = _markdown(
        [*lead_names(axes, results), results.metrics[0], "95 % interval"],
        results.metrics[1:],
        [
            [*row[: len(lead[0]) + 1], interval, *row[len(lead[0]) + 1 :]]
            for row, interval in zip(rows, intervals, strict=True)
        ],
        right=2,
    )
    if len(wide.partition("\n")[0]) <= WIDTH:
        return wide
    return _markdown(lead_names(axes, results), results.metrics, rows)


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
