"""The table as CSV, to compute with, and the numbers that captions quote."""

from __future__ import annotations

import csv
import io
import json
import re

import pyarrow as pa

from rematch.config import AXES
from rematch.evaluate import DIRECTIONS, IMAGE_TO_TEXT, TEXT_TO_IMAGE
from rematch.report.answers import best_lines, doubts
from rematch.report.results import Results
from rematch.report.runs import Run
from rematch.report.wording import counted_line


def table_csv(results: Results) -> str:
    """A row a run, every digit kept: floats as Python's repr, which reads back exactly.

    Columns: run, its short name, label, the axes, ensemble, weights (JSON), empty_queries (see
    `Results.empty`); for each direction n, the queries that its means run over, and for each metric
    its value, `_low` and `_high`; what it `looks_at`, its `letters`, the metrics `at_chance`, and
    by the first metric what it is `minus_baseline`, with `_low`, `_high` and `_p`, corrected; then
    the paper's row as printed: `paper_run` and `paper_<metric>`.
    """
    printed = list(dict.fromkeys(name for row in results.reference for name in row.values))
    header = ["run", "name", "label", *AXES, "ensemble", "weights", "empty_queries"]
    for direction in results.directions:
        header.append(f"{direction}_n")
        for metric in results.metrics:
            header += [f"{direction}_{metric}{end}" for end in ("", "_low", "_high")]
    header += ["looks_at", "letters", "at_chance"]
    header += [f"minus_baseline{end}" for end in ("", "_low", "_high", "_p")]
    apart = {each.run: each for each in results.against("baseline")} if results.metrics else {}
    by_chance = results.at_chance.get(TEXT_TO_IMAGE, {})
    if results.reference:
        header += ["paper_run", *(f"paper_{name}" for name in printed)]
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(header)
    for run in results.runs:
        weights = json.dumps(run.weights, ensure_ascii=False) if run.weights else ""
        line = [
            run.name,
            results.name_of(run.name),
            run.label,
            *(run.axes.get(axis, "") for axis in AXES),
        ]
        line += [run.ensemble or "", weights, str(results.empty(run))]
        for direction in results.directions:
            cells = [results.cell(run, direction, metric) for metric in results.metrics]
            line.append(next((str(cell.n) for cell in cells if cell), ""))
            for cell in cells:
                line += [repr(x) for x in (cell.value, cell.low, cell.high)] if cell else [""] * 3
        line += [run.looks_at, results.letters.get(run.name, "")]
        line.append(" ".join(by_chance.get(run.name, ())))
        found = apart.get(run.name)
        line += (
            [repr(x) for x in (found.difference, found.low, found.high, found.p_holm)]
            if found
            else [""] * 4
        )
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
        `concluded` (a line each label: what is best), `doubts` (lines on what bounds that),
        `conclusions` (both, in reStructuredText), `runs`, `articles` and `photos` (queries with a
        known match in either direction), `lost` (the line on what was lost, as reStructuredText),
        `metrics`, and `best`, `worst`: `label`, `run` and the formatted figures of `metrics` from
        text to image.
    """
    first = results.metrics[0]
    scored = [run for run in results.runs if results.cell(run, TEXT_TO_IMAGE, first)]
    ordered = sorted(scored, key=lambda run: results.cells[run.name, TEXT_TO_IMAGE, first].value)

    def quoted(run: Run) -> dict[str, object]:
        cells = {name: results.cell(run, TEXT_TO_IMAGE, name) for name in results.metrics}
        figures = {name: f"{cell.value:.5f}" for name, cell in cells.items() if cell}
        return {"label": results.name_of(run.name), "run": run.name, "figures": figures}

    queries = {
        direction: max(
            (cell.n for (_, d, _), cell in results.cells.items() if d == direction), default=0
        )
        for direction in DIRECTIONS
    }
    return {
        "doubts": doubts(results),
        "concluded": best_lines(results),
        "conclusions": [_rst(line) for line in (*best_lines(results), *doubts(results))],
        "runs": len(results.runs),
        "articles": queries[TEXT_TO_IMAGE],
        "photos": queries[IMAGE_TO_TEXT],
        "lost": _rst(counted_line(results, TEXT_TO_IMAGE)),
        "metrics": results.metrics,
        "best": quoted(ordered[-1]),
        "worst": quoted(ordered[0]),
    }


def _rst(text: str) -> str:
    """Text that reStructuredText shows as it is."""
    return re.sub(r"([\\*_`|@])", r"\\\1", text)


def numbers_json(results: Results) -> str:
    """`numbers`, as a file."""
    return json.dumps(numbers(results), indent=1) + "\n"
