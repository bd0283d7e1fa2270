"""Recall@k for every k."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from rematch.evaluate import TEXT_TO_IMAGE
from rematch.report.plots.figure import empty, frame, headed, legend, panels_of, svg
from rematch.report.plots.look import (
    FAINT,
    FEW,
    Look,
    drawn_as,
    ensemble_looks,
    looks_of,
    short,
    values_on,
)
from rematch.report.results import Results
from rematch.report.runs import Run, varying

PANELS = 12
"""The most panels that `recall_curves` spreads runs over."""


def recall_curves(
    curves: Mapping[str, npt.NDArray[np.float64]],
    results: Results,
    gallery: int,
    direction: str = TEXT_TO_IMAGE,
) -> bytes:
    """Recall@k against k (logarithmic) for every run, with the level of chance; as SVG.

    More than `FEW` runs are spread over a panel for each value of one axis, all others shown in
    faint grey behind.

    Args:
        curves: recall at k = 1, 2, … of each run, by run id (`metrics.recall_curve`).
        results: describes the runs; one without a curve is left out.
        gallery: number of documents ranked; a random order reaches recall k / gallery.
    """
    return svg(lambda: _recall_figure(curves, results, gallery, direction))


def by_run(curves: pa.Table, direction: str = TEXT_TO_IMAGE) -> dict[str, npt.NDArray[np.float64]]:
    """`forms.CURVES` of one direction as the curves that `recall_curves` takes, by run id."""
    chosen: dict[str, dict[int, float]] = {}
    for row in curves.to_pylist():
        if row["direction"] == direction:
            chosen.setdefault(row["run"], {})[row["k"]] = row["recall"]
    return {run: np.array([at[k] for k in sorted(at)]) for run, at in chosen.items()}


def _recall_figure(
    curves: Mapping[str, npt.NDArray[np.float64]], results: Results, gallery: int, direction: str
) -> Figure:
    runs = [run for run in results.runs if run.name in curves]
    if not runs:
        return empty("This corpus has no truth: there is no recall to draw.")
    points = [run for run in runs if run.ensemble is None]
    axes = varying(points)
    facet = _facet(runs, points, axes)
    # The number of words is an amount: it gets the colours that run from light to dark.
    rest = [axis for axis in axes if axis != facet]
    rest.sort(key=lambda axis: axis != "words")
    looks, entries = looks_of(points, rest)
    ensembles = [run for run in runs if run.ensemble is not None]
    entries.append(("for comparison", None))
    for run, look in zip(ensembles, ensemble_looks(len(ensembles)), strict=True):
        looks[run.name] = look
        entries.append(
            (short(f"ensemble {run.ensemble}"), {"color": look.colour, "linestyle": look.dash})
        )
    chance: dict[str, Any] = {"color": "#777777", "linestyle": (0, (1, 2))}
    entries.append((f"chance: k / {gallery:,}", chance))

    panels: list[tuple[str, list[Run]]] = [("", runs)]
    if facet is not None:
        panels = [
            (value, [run for run in points if run.axes.get(facet, "") == value])
            for value in values_on(points, facet)
        ]
        if ensembles:
            panels.append(("ensembles", ensembles))
        entries.insert(0, ("grey: all other runs", {"color": FAINT, "linestyle": "-"}))
    columns = 2 if len(panels) == 4 else min(3, len(panels))
    rows = -(-len(panels) // columns)
    size = (5.6, 4.4) if len(panels) == 1 else (3.5, 3.0)
    figure, grid = panels_of(rows, columns, size, entries)
    longest = max(len(curves[run.name]) for run in runs)
    top = max(float(np.max(curves[run.name])) for run in runs)
    for ax, (title, members) in zip(grid, panels, strict=False):
        if facet is not None:
            _draw_others(ax, [curves[run.name] for run in runs])
            ax.set_title(short(title), loc="left", fontweight="bold")
        _draw(ax, members, curves, looks)
        k = np.arange(1, longest + 1)
        ax.plot(k, np.minimum(k / gallery, 1.0), linewidth=1.2, zorder=2, **chance)
        _scale(ax, longest, top)
    frame(grid, len(panels), columns, "k", "recall@k")
    headed(figure, results, direction, "recall@k")
    legend(figure, None, entries)
    return figure


def _facet(runs: Sequence[Run], points: Sequence[Run], axes: Sequence[str]) -> str | None:
    """The axis that gets a panel for each of its values, where there are too many runs for one."""
    if len(runs) <= FEW:
        return None
    fit = [axis for axis in axes if 1 < len(values_on(points, axis)) <= PANELS]
    return next((axis for axis in ("model", *axes) if axis in fit and axis != "words"), None)


def _draw_others(ax: Any, curves: Sequence[npt.NDArray[np.float64]]) -> None:
    for curve in curves:
        few = np.unique(np.geomspace(1, len(curve), 25).round().astype(int))
        ax.plot(few, curve[few - 1], color=FAINT, linewidth=0.8, zorder=1)


def _draw(
    ax: Any,
    members: Sequence[Run],
    curves: Mapping[str, npt.NDArray[np.float64]],
    looks: Mapping[str, Look],
) -> None:
    for run in members:
        curve = curves[run.name]
        drawn = drawn_as(looks[run.name])
        marked = [k - 1 for k in (1, 2, 5, 10, 20, 50, 100) if k <= len(curve)]
        if run.ensemble is not None:
            drawn["marker"] = ""
        ax.plot(
            np.arange(1, len(curve) + 1),
            curve,
            **drawn,
            linewidth=1.4 if len(members) <= FEW else 1.1,
            markersize=3.6 if len(members) <= FEW else 3.0,
            markevery=marked,
            zorder=3,
        )


def _scale(ax: Any, longest: int, top: float) -> None:
    ax.set_xscale("log")
    ax.set_xlim(0.93, longest * 1.08)
    ax.set_ylim(0, min(1.02, top * 1.06) if top > 0 else 1.0)
    ax.xaxis.set_major_locator(
        FixedLocator([k for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if k <= longest])
    )
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
