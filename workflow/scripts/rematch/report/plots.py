"""Plots of a corpus' results as SVG: metrics against the number of words, and recall@k.

The same data give the same bytes: no date, fixed ids, text drawn as paths of the font that
matplotlib brings, and no setting of the user's. Nothing here needs a display.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from rematch.evaluate import TEXT_TO_IMAGE
from rematch.report.results import ALL_WORDS, Results, Run, point, varying
from rematch.report.wording import DIRECTION_TITLES

METRICS = ("MRR@100", "R@5", "R@10", "R@50", "R@100")
"""The metrics of the paper's Table 1: the panels of `metrics_by_words`."""

FEW = 10
"""Up to so many runs share one panel of `recall_curves`; more are spread over panels."""

PANELS = 12
"""The most panels that `recall_curves` spreads runs over."""

_FEW_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# Okabe and Ito, "Color Universal Design", 2008; beyond six, Paul Tol's "muted".
_MORE_COLOURS = (
    "#332288",
    "#CC6677",
    "#117733",
    "#88CCEE",
    "#882255",
    "#DDCC77",
    "#44AA99",
    "#AA4499",
    "#999933",
)
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.2, 1.4)), (0, (6, 2, 1.2, 2)), (0, (9, 3)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
_PAPER = "#9a9a9a"
_FAINT = "#d9d9d9"
_CHARACTERS = 34
_INSIDE = 18
_DODGED = 6

_STYLE: Any = {
    "svg.hashsalt": "rematch",
    "svg.fonttype": "path",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ececec",
    "grid.linewidth": 0.8,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    # A "$" in a name is a dollar, not the start of a formula.
    "text.parse_math": False,
    "path.simplify": False,
}


Entry = tuple[str, dict[str, Any] | None]
"""A line of the legend: its text and how its sample is drawn; without a sample a heading."""


@dataclass(frozen=True)
class Look:
    """How a run is drawn."""

    colour: Any = "#000000"
    dash: Any = "-"
    marker: str = "o"
    filled: bool = True


def metrics_by_words(results: Results, direction: str = TEXT_TO_IMAGE) -> bytes:
    """A panel a metric, the number of words across; as SVG.

    A line joins the runs that differ in nothing but their number of words, with the 95 % interval
    as a band (a few lines) or bars (many). Ensembles are dashed horizontal lines, the paper's
    Table 1 stands in grey (text to image only). A corpus with no truth gives a page that says so.
    """
    return _svg(lambda: _metrics_figure(results, direction))


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
    return _svg(lambda: _recall_figure(curves, results, gallery, direction))


def by_run(curves: pa.Table, direction: str = TEXT_TO_IMAGE) -> dict[str, npt.NDArray[np.float64]]:
    """`forms.CURVES` of one direction as the curves that `recall_curves` takes, by run id."""
    chosen: dict[str, dict[int, float]] = {}
    for row in curves.to_pylist():
        if row["direction"] == direction:
            chosen.setdefault(row["run"], {})[row["k"]] = row["recall"]
    return {run: np.array([at[k] for k in sorted(at)]) for run, at in chosen.items()}


def _metrics_figure(results: Results, direction: str) -> Figure:
    points = [run for run in results.runs if run.ensemble is None and _scored(results, run)]
    ensembles = [run for run in results.runs if run.ensemble is not None and _scored(results, run)]
    metrics = [metric for metric in METRICS if metric in results.metrics]
    if len(metrics) < len(METRICS):
        metrics = results.metrics[:8]
    if not metrics or not (points or ensembles):
        return _empty("This corpus has no truth: there is nothing to score.")
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
    words = sorted(counts, key=_words_order) or [ALL_WORDS]
    place = {count: i for i, count in enumerate(words)}
    looks, entries = _looks(points, axes)
    shift = _shifts(len(lines), alone)
    bands = len(lines) <= 3 and not alone

    if ensembles or paper:
        entries.append(("for comparison", None))
    for run, look in zip(ensembles, _ensemble_looks(len(ensembles)), strict=True):
        entries.append(
            (_short(f"ensemble {run.ensemble}"), {"color": look.colour, "linestyle": look.dash})
        )
    if any(row.words in place for row in paper):
        entries.append(
            ("paper's Table 1", {"color": _PAPER, "linestyle": "", "marker": "x", "mew": 1.6})
        )
    for row in paper:
        if not row.words:
            entries.append(
                (f"paper's {_short(row.ensemble)}", {"color": _PAPER, "linestyle": (0, (1, 2))})
            )
    if points:
        entries.append(("bands: 95 % interval" if bands else "bars: 95 % interval", None))
    elif len(ensembles) <= 2:
        entries.append(("bands: 95 % interval", None))

    columns = min(3, len(metrics) + 1)
    rows = -(-(len(metrics) + 1) // columns)
    inside = len(entries) <= _INSIDE
    height = max(3.0, 0.19 * len(entries) + 0.4) if inside else 3.0
    figure, grid = _panels(rows, columns, (3.7, height), [] if inside else entries)
    for ax, metric in zip(grid, metrics, strict=False):
        for offset, runs in zip(shift, lines.values(), strict=True):
            runs = sorted(runs, key=lambda run: _words_order(run.axes.get("words", ALL_WORDS)))
            cells = [(run, results.cell(run, direction, metric)) for run in runs]
            x = [place[run.axes.get("words", ALL_WORDS)] + offset for run, cell in cells if cell]
            held = [cell for _, cell in cells if cell]
            y = [cell.value for cell in held]
            low, high = [cell.low for cell in held], [cell.high for cell in held]
            look = looks[runs[0].name]
            if bands:
                ax.fill_between(x, low, high, color=look.colour, alpha=0.16, linewidth=0)
            else:
                ax.vlines(x, low, high, color=look.colour, alpha=0.45, linewidth=1.0)
            ax.plot(x, y, **_drawn(look), linewidth=1.5, markersize=4.2, zorder=3)
        for run, look in zip(ensembles, _ensemble_looks(len(ensembles)), strict=True):
            cell = results.cell(run, direction, metric)
            if cell:
                if len(ensembles) <= 2:
                    ax.axhspan(cell.low, cell.high, color=look.colour, alpha=0.07, linewidth=0)
                ax.axhline(
                    cell.value, color=look.colour, linestyle=look.dash, linewidth=1.3, zorder=2.5
                )
        for row in paper:
            if not row.values.get(metric):
                continue
            figure_ = float(row.values[metric])
            if row.words in place:
                ax.plot(
                    place[row.words], figure_, "x", color=_PAPER, markersize=6, mew=1.6, zorder=3.5
                )
            elif not row.words:
                ax.axhline(figure_, color=_PAPER, linestyle=(0, (1, 2)), linewidth=1.2)
        ax.set_title(metric, loc="left", fontweight="bold")
        ax.set_xlim(-0.5, len(words) - 0.5)
        ax.margins(y=0.08)
        ax.set_ylim(bottom=max(0.0, ax.get_ylim()[0]))
        shown = _thinned(len(words), 9)
        ax.xaxis.set_major_locator(FixedLocator(shown))
        ax.set_xticklabels([words[i] for i in shown])
        ax.grid(axis="x", visible=False)
    _frame(grid, len(metrics), columns, "words of the article")
    _headed(figure, results, direction, "score by number of words")
    _legend(figure, grid[len(metrics)] if inside else None, entries)
    return figure


def _recall_figure(
    curves: Mapping[str, npt.NDArray[np.float64]], results: Results, gallery: int, direction: str
) -> Figure:
    runs = [run for run in results.runs if run.name in curves]
    if not runs:
        return _empty("This corpus has no truth: there is no recall to draw.")
    points = [run for run in runs if run.ensemble is None]
    axes = varying(points)
    facet = None
    if len(runs) > FEW:
        fit = [axis for axis in axes if 1 < len(_values(points, axis)) <= PANELS]
        facet = next((axis for axis in ("model", *axes) if axis in fit and axis != "words"), None)
    # The number of words is an amount: it gets the colours that run from light to dark.
    rest = [axis for axis in axes if axis != facet]
    rest.sort(key=lambda axis: axis != "words")
    looks, entries = _looks(points, rest)
    ensembles = [run for run in runs if run.ensemble is not None]
    entries.append(("for comparison", None))
    for run, look in zip(ensembles, _ensemble_looks(len(ensembles)), strict=True):
        looks[run.name] = look
        entries.append(
            (_short(f"ensemble {run.ensemble}"), {"color": look.colour, "linestyle": look.dash})
        )
    chance: dict[str, Any] = {"color": "#777777", "linestyle": (0, (1, 2))}
    entries.append((f"chance: k / {gallery:,}", chance))

    panels: list[tuple[str, list[Run]]] = [("", runs)]
    if facet is not None:
        panels = [
            (value, [run for run in points if run.axes.get(facet, "") == value])
            for value in _values(points, facet)
        ]
        if ensembles:
            panels.append(("ensembles", ensembles))
        entries.insert(0, ("grey: all other runs", {"color": _FAINT, "linestyle": "-"}))
    columns = 2 if len(panels) == 4 else min(3, len(panels))
    rows = -(-len(panels) // columns)
    size = (5.6, 4.4) if len(panels) == 1 else (3.5, 3.0)
    figure, grid = _panels(rows, columns, size, entries)
    longest = max(len(curves[run.name]) for run in runs)
    top = max(float(np.max(curves[run.name])) for run in runs)
    for ax, (title, members) in zip(grid, panels, strict=False):
        if facet is not None:
            for run in runs:
                curve = curves[run.name]
                few = np.unique(np.geomspace(1, len(curve), 25).round().astype(int))
                ax.plot(few, curve[few - 1], color=_FAINT, linewidth=0.8, zorder=1)
            ax.set_title(_short(title), loc="left", fontweight="bold")
        for run in members:
            curve = curves[run.name]
            drawn = _drawn(looks[run.name])
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
        k = np.arange(1, longest + 1)
        ax.plot(k, np.minimum(k / gallery, 1.0), linewidth=1.2, zorder=2, **chance)
        ax.set_xscale("log")
        ax.set_xlim(0.93, longest * 1.08)
        ax.set_ylim(0, min(1.02, top * 1.06) if top > 0 else 1.0)
        ax.xaxis.set_major_locator(
            FixedLocator([k for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if k <= longest])
        )
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    _frame(grid, len(panels), columns, "k", "recall@k")
    _headed(figure, results, direction, "recall@k")
    _legend(figure, None, entries)
    return figure


def _panels(
    rows: int, columns: int, size: tuple[float, float], outside: Sequence[Entry]
) -> tuple[Figure, list[Any]]:
    """A figure of panels of `size` inches, with room on the right for the legend `outside`."""
    height = size[1] * rows + 0.3
    width = size[0] * columns
    if outside:
        longest = max(len(text) for text, _ in outside)
        width += _legend_columns(len(outside), height) * (0.75 + 0.075 * longest)
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False).reshape(-1).tolist()


def _frame(grid: Sequence[Any], used: int, columns: int, across: str, up: str = "") -> None:
    """Name the axes at the edge of the figure and hide the panels that are left over."""
    for i, ax in enumerate(grid):
        if i >= used:
            ax.set_axis_off()
            continue
        if i + columns >= used:
            ax.set_xlabel(across, color="#444444")
        if up and i % columns == 0:
            ax.set_ylabel(up, color="#444444")


def _legend_columns(entries: int, height: float) -> int:
    return -(-entries // max(8, int((height - 0.5) / 0.19)))


def _looks(runs: Sequence[Run], axes: Sequence[str]) -> tuple[dict[str, Look], list[Entry]]:
    """A look for each run, and the legend: a block an axis, its values beneath.

    The axis with most to tell takes the colour (the model, if it varies), the next the dashes,
    then the marker, then whether that is filled: the longer axis before the shorter, as filled
    or not tells but two values apart. So the legend grows with the sum of the axes' values, not
    with their product. An axis too long for dashes leads the others.
    """
    order = sorted(
        axes,
        key=lambda axis: (
            len(_values(runs, axis)) <= len(_DASHES),
            axis != "words",
            axis != "model",
            -len(_values(runs, axis)),
        ),
    )
    looks = {run.name: Look() for run in runs}
    entries: list[Entry] = []
    if not order and runs:
        looks = {run.name: Look(colour=_FEW_COLOURS[0]) for run in runs}
        text = _short(point(runs[0], [])) if len(runs) == 1 else "runs"
        entries.append((text, _drawn(looks[runs[0].name])))
    for number, axis in enumerate(order):
        values = _values(runs, axis)
        entries.append((axis, None))
        colours = _colours(len(values), ordered=axis == "words")
        for i, value in enumerate(values):
            for run in runs:
                if run.axes.get(axis, "") == value:
                    looks[run.name] = _changed(looks[run.name], number, i, colours, len(order))
            sample = _changed(Look(colour="#555555"), number, i, colours, len(order))
            drawn = _drawn(sample)
            if number == 1:
                drawn["marker"] = ""
            if number >= 2:
                drawn["linestyle"] = ""
            entries.append((_short(value or "(none)"), drawn))
    return looks, entries


def _changed(look: Look, number: int, i: int, colours: Sequence[Any], axes: int) -> Look:
    """The look with the means of axis `number` of `axes` set to its value `i`."""
    if number == 0:
        # With means to spare the marker repeats the colour, for those who see no colour.
        marker = _MARKERS[i % len(_MARKERS)] if axes <= 2 else look.marker
        return replace(look, colour=colours[i], marker=marker)
    if number == 1:
        return replace(look, dash=_DASHES[i % len(_DASHES)])
    if number == 2:
        return replace(look, marker=_MARKERS[i % len(_MARKERS)])
    return replace(look, filled=i % 2 == 0)


def _drawn(look: Look) -> dict[str, Any]:
    return {
        "color": look.colour,
        "linestyle": look.dash,
        "marker": look.marker,
        "markerfacecolor": look.colour if look.filled else "#ffffff",
    }


def _ensemble_looks(count: int) -> list[Look]:
    shades = np.linspace(0.0, 0.5, count) if count > len(_DASHES) else np.zeros(count)
    return [
        Look(colour=(s, s, s), dash=_DASHES[1:][i % (len(_DASHES) - 1)])
        for i, s in enumerate(shades.tolist())
    ]


def _colours(count: int, ordered: bool) -> list[Any]:
    if not ordered and count <= len(_MORE_COLOURS):
        return list(_FEW_COLOURS if count <= len(_FEW_COLOURS) else _MORE_COLOURS)
    shades = matplotlib.colormaps["viridis"](np.linspace(0.88, 0.0, count))
    return [tuple(float(part) for part in shade) for shade in shades]


def _values(runs: Sequence[Run], axis: str) -> list[str]:
    """The axis' values in the order of the config; word counts by size."""
    values = list(dict.fromkeys(run.axes.get(axis, "") for run in runs))
    return sorted(values, key=_words_order) if axis == "words" else values


def _words_order(words: str) -> tuple[int, int, str]:
    return (0, int(words), "") if words.isdecimal() else (1, 0, words)


def _scored(results: Results, run: Run) -> bool:
    return any(name == run.name for name, _, _ in results.cells)


def _shifts(count: int, alone: bool) -> list[float]:
    """Sideways shifts that keep the bars of several lines apart."""
    if count <= 3 and not alone:
        return [0.0] * count
    half = 0.4 if alone else 0.22
    return np.linspace(-half, half, count).tolist() if count > 1 else [0.0] * count


def _thinned(count: int, most: int) -> list[int]:
    """At most `most` of `count` ticks, evenly spread, the last among them."""
    step = -(-count // most)
    return sorted({count - 1 - i for i in range(0, count, step)})


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"


def _headed(figure: Figure, results: Results, direction: str, what: str) -> None:
    title = f"{DIRECTION_TITLES.get(direction, direction)}: {what}"
    if results.corpus:
        title += f" · {_short(results.corpus)}"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)


def _legend(figure: Figure, ax: Any, entries: Sequence[Entry]) -> None:
    """Draw the legend in the free panel `ax` where it fits, else right of the figure."""
    handles = [
        Line2D([], [], linewidth=1.5, markersize=4.6, **(drawn or {"linestyle": ""}))
        for _, drawn in entries
    ]
    labels = [text for text, _ in entries]
    height = float(figure.get_size_inches()[1])
    kept: dict[str, Any] = {"handlelength": 2.6, "alignment": "left", "labelspacing": 0.35}
    if ax is not None:
        legend = ax.legend(handles, labels, loc="upper left", bbox_to_anchor=(0, 1.02), **kept)
    else:
        columns = _legend_columns(len(entries), height)
        legend = figure.legend(handles, labels, loc="outside right upper", ncols=columns, **kept)
    for text, (_, drawn) in zip(legend.get_texts(), entries, strict=True):
        if drawn is None:
            text.set_color("#555555")
            text.set_fontstyle("italic")


def _empty(text: str) -> Figure:
    figure = Figure(figsize=(6, 1.2))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure


@contextmanager
def _style() -> Iterator[None]:
    """matplotlib's own defaults and `_STYLE`, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def _svg(draw: Callable[[], Figure]) -> bytes:
    with _style():
        figure = draw()
        out = io.BytesIO()
        figure.savefig(
            out,
            format="svg",
            bbox_inches="tight",
            pad_inches=0.08,
            metadata={"Date": None, "Creator": None},
        )
    return out.getvalue()
