"""Metrics against the number of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from rematch.evaluate import TEXT_TO_IMAGE
from rematch.report.plots.figure import INSIDE, empty, frame, headed, legend, panels_of, svg
from rematch.report.plots.look import (
    PAPER,
    Entry,
    Look,
    drawn_as,
    ensemble_looks,
    looks_of,
    short,
    thinned,
    words_order,
)
from rematch.report.reference import Reference
from rematch.report.results import Results
from rematch.report.runs import ALL_WORDS, Run, varying

METRICS = ("MRR@100", "R@5", "R@10", "R@50", "R@100")
"""The metrics of the paper's Table 1: the panels of `metrics_by_words`."""

_DODGED = 6


def metrics_by_words(results: Results, direction: str = TEXT_TO_IMAGE) -> bytes:
    """A panel a metric, the number of words across; as SVG.

    A line joins the runs that differ in nothing but their number of words, with the 95 % interval
    as a band (a few lines) or bars (many). Ensembles are dashed horizontal lines, the paper's
    Table 1 stands in grey (text to image only). A corpus with no truth gives a page that says so.
    """
    return svg(lambda: _metrics_figure(results, direction))


@dataclass(frozen=True)
class _Shown:
    """What a figure shows.

    Attributes:
        results, direction: whose figures.
        ensembles, paper: drawn as levels.
        lines: runs that differ in nothing but words, each a line.
        place: where on the axis each number of words is.
        looks: of the runs, by name.
        shifts: by how much each line stands aside, that bars do not hide each other.
        bands: whether intervals are bands, else bars.
    """

    results: Results
    direction: str
    ensembles: list[Run]
    paper: list[Reference]
    lines: list[list[Run]]
    place: dict[str, int]
    looks: dict[str, Look]
    shifts: list[float]
    bands: bool


def _metrics_figure(results: Results, direction: str) -> Figure:
    points = [run for run in results.runs if run.ensemble is None and _scored(results, run)]
    ensembles = [run for run in results.runs if run.ensemble is not None and _scored(results, run)]
    metrics = [metric for metric in METRICS if metric in results.metrics]
    if len(metrics) < len(METRICS):
        metrics = results.metrics[:8]
    if not metrics or not (points or ensembles):
        return empty("This corpus has no truth: there is nothing to score.")
    paper = results.reference if direction == TEXT_TO_IMAGE else []
    axes = [axis for axis in varying(points) if axis != "words"]
    lines: dict[tuple[str, ...], list[Run]] = {}
    for run in points:
        lines.setdefault(tuple(run.axes.get(axis, "") for axis in axes), []).append(run)
    alone = all(len(runs) == 1 for runs in lines.values())
    counts = {run.axes.get("words", ALL_WORDS) for run in points}
    if not (alone and len(lines) > _DODGED):
        # Many runs of one word count need the whole width, and the paper's others would take it.
        counts |= {row.words for row in paper if row.words}
    words = sorted(counts, key=words_order) or [ALL_WORDS]
    place = {count: i for i, count in enumerate(words)}
    looks, entries = looks_of(points, axes)
    bands = len(lines) <= 3 and not alone
    shifts = _shifts(len(lines), alone)
    shown = _Shown(
        results, direction, ensembles, paper, [*lines.values()], place, looks, shifts, bands
    )
    entries += _comparisons(shown)
    if points:
        entries.append(("bands: 95 % interval" if bands else "bars: 95 % interval", None))
    elif len(ensembles) <= 2:
        entries.append(("bands: 95 % interval", None))

    columns = min(3, len(metrics) + 1)
    rows = -(-(len(metrics) + 1) // columns)
    inside = len(entries) <= INSIDE
    height = max(3.0, 0.19 * len(entries) + 0.4) if inside else 3.0
    figure, grid = panels_of(rows, columns, (3.7, height), [] if inside else entries)
    for ax, metric in zip(grid, metrics, strict=False):
        _draw(ax, metric, shown)
        _draw_levels(ax, metric, shown)
        _label(ax, metric, words)
    frame(grid, len(metrics), columns, "words of the article")
    headed(figure, results, direction, "score by number of words")
    legend(figure, grid[len(metrics)] if inside else None, entries)
    return figure


def _comparisons(shown: _Shown) -> list[Entry]:
    """The legend's entries of what lines are compared with."""
    entries: list[Entry] = []
    if shown.ensembles or shown.paper:
        entries.append(("for comparison", None))
    for run, look in zip(shown.ensembles, ensemble_looks(len(shown.ensembles)), strict=True):
        entries.append(
            (short(f"ensemble {run.ensemble}"), {"color": look.colour, "linestyle": look.dash})
        )
    if any(row.words in shown.place for row in shown.paper):
        entries.append(
            ("paper's Table 1", {"color": PAPER, "linestyle": "", "marker": "x", "mew": 1.6})
        )
    for row in shown.paper:
        if not row.words:
            entries.append(
                (f"paper's {short(row.ensemble)}", {"color": PAPER, "linestyle": (0, (1, 2))})
            )
    return entries


def _draw(ax: Any, metric: str, shown: _Shown) -> None:
    """The sweep's runs."""
    for offset, line in zip(shown.shifts, shown.lines, strict=True):
        runs = sorted(line, key=lambda run: words_order(run.axes.get("words", ALL_WORDS)))
        cells = [(run, shown.results.cell(run, shown.direction, metric)) for run in runs]
        x = [shown.place[run.axes.get("words", ALL_WORDS)] + offset for run, cell in cells if cell]
        held = [cell for _, cell in cells if cell]
        y = [cell.value for cell in held]
        low, high = [cell.low for cell in held], [cell.high for cell in held]
        look = shown.looks[runs[0].name]
        if shown.bands:
            ax.fill_between(x, low, high, color=look.colour, alpha=0.16, linewidth=0)
        else:
            ax.vlines(x, low, high, color=look.colour, alpha=0.45, linewidth=1.0)
        ax.plot(x, y, **drawn_as(look), linewidth=1.5, markersize=4.2, zorder=3)


def _draw_levels(ax: Any, metric: str, shown: _Shown) -> None:
    """Ensembles and the paper's figures."""
    for run, look in zip(shown.ensembles, ensemble_looks(len(shown.ensembles)), strict=True):
        cell = shown.results.cell(run, shown.direction, metric)
        if cell:
            if len(shown.ensembles) <= 2:
                ax.axhspan(cell.low, cell.high, color=look.colour, alpha=0.07, linewidth=0)
            ax.axhline(
                cell.value, color=look.colour, linestyle=look.dash, linewidth=1.3, zorder=2.5
            )
    for row in shown.paper:
        if not row.values.get(metric):
            continue
        figure = float(row.values[metric])
        if row.words in shown.place:
            x = shown.place[row.words]
            ax.plot(x, figure, "x", color=PAPER, markersize=6, mew=1.6, zorder=3.5)
        elif not row.words:
            ax.axhline(figure, color=PAPER, linestyle=(0, (1, 2)), linewidth=1.2)


def _label(ax: Any, metric: str, words: Sequence[str]) -> None:
    ax.set_title(metric, loc="left", fontweight="bold")
    ax.set_xlim(-0.5, len(words) - 0.5)
    ax.margins(y=0.08)
    ax.set_ylim(bottom=max(0.0, ax.get_ylim()[0]))
    shown = thinned(len(words), 9)
    ax.xaxis.set_major_locator(FixedLocator(shown))
    ax.set_xticklabels([words[i] for i in shown])
    ax.grid(axis="x", visible=False)


def _scored(results: Results, run: Run) -> bool:
    return any(name == run.name for name, _, _ in results.cells)


def _shifts(count: int, alone: bool) -> list[float]:
    """Sideways shifts that keep the bars of several lines apart."""
    if count <= 3 and not alone:
        return [0.0] * count
    half = 0.4 if alone else 0.22
    return np.linspace(-half, half, count).tolist() if count > 1 else [0.0] * count
