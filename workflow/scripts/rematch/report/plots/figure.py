"""Figures: panels, frames, legends, and the SVG that they become."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rematch.report.plots.look import Entry, short
from rematch.report.results import Results
from rematch.report.wording import DIRECTION_TITLES

INSIDE = 18

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


def panels_of(
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


def frame(grid: Sequence[Any], used: int, columns: int, across: str, up: str = "") -> None:
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


def headed(figure: Figure, results: Results, direction: str, what: str) -> None:
    title = f"{DIRECTION_TITLES.get(direction, direction)}: {what}"
    if results.corpus:
        title += f" · {short(results.corpus)}"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)


def legend(figure: Figure, ax: Any, entries: Sequence[Entry]) -> None:
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


def empty(text: str) -> Figure:
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


def svg(draw: Callable[[], Figure]) -> bytes:
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
