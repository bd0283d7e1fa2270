"""The table as a page."""

from __future__ import annotations

from collections.abc import Sequence

from rematch.report.html import escape, page
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
    span_of,
    title_of,
)


def table_html(results: Results) -> str:
    """A self-contained HTML page: no script, no external resource, everything escaped."""
    axes = varying(results.runs)
    body: list[str] = []
    said = fixed_axes(results, axes)
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
    body += [f"<p class='note'>{escape(line)}</p>" for line in ensemble_lines(results, axes)]
    if results.reference and results.cells:
        body.append(_paper_html(results))
    title = f"Results: {results.corpus}" if results.corpus else "Results"
    return page(title, "\n".join(body))


def _runs_html(results: Results, direction: str | None, axes: Sequence[str]) -> str:
    """The runs as an HTML table with their metrics in one direction, or in none."""
    metrics = results.metrics if direction else []
    best = best_figures(results, direction) if direction else {}
    scale = {metric: span_of(results, direction, metric) for metric in metrics if direction}
    head = "".join(
        f"<th scope='col' class='text'>{escape(name)}</th>" for name in lead_names(axes, results)
    )
    head += "".join(f"<th scope='col'>{escape(name)}</th>" for name in metrics)
    rows = []
    for run, start in zip(results.runs, lead_rows(axes, results), strict=True):
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
        f"<h2>{escape(title_of(direction))}</h2><p>{escape(counted_line(results, direction))}</p>"
        if direction
        else ""
    )
    return (
        f"{said}<div class='wide'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _paper_html(results: Results) -> str:
    columns = paper_metrics(results)
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
