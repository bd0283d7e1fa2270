"""What the table says beside its figures, in whatever form it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from rematch.config import AXES
from rematch.evaluate import DIRECTIONS, IMAGE_TO_TEXT, TEXT_TO_IMAGE
from rematch.report import losses as lost
from rematch.report.results import NONE, Results, metric_order

EMPTY = "empty"
"""The column that says how many queries are empty, where runs differ in it."""

LOOKS_AT = "looks at"
"""The column that says what a run may look at besides one query, where runs differ in it."""

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


def title_of(direction: str) -> str:
    return DIRECTION_TITLES.get(direction, direction)


def counted_line(results: Results, direction: str) -> str:
    """How many queries the means run over, of how many, and what was lost."""
    counts = {cell.n for (_, way, _), cell in results.cells.items() if way == direction}
    if results.losses and direction in DIRECTIONS:
        return lost.line(results.losses, max(counts) if direction == IMAGE_TO_TEXT else None)
    low, high = min(counts), max(counts)
    return f"{low:,} queries" if low == high else f"{low:,} to {high:,} queries"


def fixed_axes(results: Results, axes: Sequence[str]) -> str:
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


def lead_names(axes: Sequence[str], results: Results) -> list[str]:
    """The names of the columns before the figures."""
    names = [*axes]
    if len({run.looks_at for run in results.runs}) > 1:
        names.append(LOOKS_AT)
    if any(run.ensemble is not None for run in results.runs):
        names.append("ensemble")
    if len({results.empty(run) for run in results.runs}) > 1:
        names.append(EMPTY)
    return names or ["run"]


def lead_rows(axes: Sequence[str], results: Results) -> list[list[str]]:
    names = lead_names(axes, results)
    if names == ["run"]:
        return [[run.label] for run in results.runs]
    rows = []
    for run in results.runs:
        more = {"ensemble": run.ensemble or NONE, EMPTY: str(results.empty(run))}
        more[LOOKS_AT] = run.looks_at or NONE
        rows.append([more.get(name) or run.axes.get(name, NONE) for name in names])
    return rows


def ensemble_lines(results: Results) -> list[str]:
    """A line an ensemble: what it is made of, and with which weights."""
    out = []
    for run in results.runs:
        if run.ensemble is None or not run.weights:
            continue
        members = list(run.weights.items())
        if len(members) > 12:
            text = f"of {len(members)} runs"
        elif len({weight for _, weight in members}) == 1:
            text = "mean of " + ", ".join(results.name_of(name) for name, _ in members)
        else:
            text = " + ".join(f"{weight:g} × {results.name_of(name)}" for name, weight in members)
        out.append(f"Ensemble {run.ensemble}: {text}.")
    return out


def best_figures(results: Results, direction: str) -> dict[str, float | None]:
    """The highest figure of each column; None where there is but one run to choose from."""
    out: dict[str, float | None] = {}
    for metric in results.metrics:
        cells = [results.cell(run, direction, metric) for run in results.runs]
        values = [cell.value for cell in cells if cell]
        out[metric] = max(values) if len(values) > 1 else None
    return out


def span_of(results: Results, direction: str, metric: str) -> tuple[float, float]:
    cells = [results.cell(run, direction, metric) for run in results.runs]
    values = [cell.value for cell in cells if cell]
    return (min(values), max(values)) if values else (0.0, 0.0)


def paper_metrics(results: Results) -> list[str]:
    printed = {name for row in results.reference for name in row.values}
    shown = results.metrics if TEXT_TO_IMAGE in results.directions else []
    return sorted(printed | set(shown), key=metric_order)
