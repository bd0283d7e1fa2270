"""How a run looks: the same in every plot of a sweep, and told apart by the colour-blind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib
import numpy as np

from rematch.report.runs import Run

FEW = 10
"""Up to so many runs share one panel of `recall_curves`; more are spread over panels."""

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

PAPER = "#9a9a9a"

FAINT = "#d9d9d9"

_CHARACTERS = 34

Entry = tuple[str, dict[str, Any] | None]
"""A line of the legend: its text and how its sample is drawn; without a sample a heading."""


@dataclass(frozen=True)
class Look:
    """How a run is drawn."""

    colour: Any = "#000000"
    dash: Any = "-"
    marker: str = "o"
    filled: bool = True


def looks_of(runs: Sequence[Run], axes: Sequence[str]) -> tuple[dict[str, Look], list[Entry]]:
    """A look for each run, and the legend: a block an axis, its values beneath.

    The axis with most to tell takes the colour (the model, if it varies), the next the dashes,
    then the marker, then whether that is filled: the longer axis before the shorter, as filled
    or not tells but two values apart. So the legend grows with the sum of the axes' values, not
    with their product. An axis too long for dashes leads the others.
    """
    order = sorted(
        axes,
        key=lambda axis: (
            len(values_on(runs, axis)) <= len(_DASHES),
            axis != "words",
            axis != "model",
            -len(values_on(runs, axis)),
        ),
    )
    looks = {run.name: Look() for run in runs}
    entries: list[Entry] = []
    if not order and runs:
        looks = {run.name: Look(colour=_FEW_COLOURS[0]) for run in runs}
        text = short(runs[0].label) if len(runs) == 1 else "runs"
        entries.append((text, drawn_as(looks[runs[0].name])))
    for number, axis in enumerate(order):
        values = values_on(runs, axis)
        entries.append((axis, None))
        colours = _colours(len(values), ordered=axis == "words")
        for i, value in enumerate(values):
            for run in runs:
                if run.axes.get(axis, "") == value:
                    looks[run.name] = _changed(looks[run.name], number, i, colours, len(order))
            sample = _changed(Look(colour="#555555"), number, i, colours, len(order))
            drawn = drawn_as(sample)
            if number == 1:
                drawn["marker"] = ""
            if number >= 2:
                drawn["linestyle"] = ""
            entries.append((short(value or "(none)"), drawn))
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


def drawn_as(look: Look) -> dict[str, Any]:
    return {
        "color": look.colour,
        "linestyle": look.dash,
        "marker": look.marker,
        "markerfacecolor": look.colour if look.filled else "#ffffff",
    }


def ensemble_looks(count: int) -> list[Look]:
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


def values_on(runs: Sequence[Run], axis: str) -> list[str]:
    """The axis' values in the order of the config; word counts by size."""
    values = list(dict.fromkeys(run.axes.get(axis, "") for run in runs))
    return sorted(values, key=words_order) if axis == "words" else values


def words_order(words: str) -> tuple[int, int, str]:
    return (0, int(words), "") if words.isdecimal() else (1, 0, words)


def thinned(count: int, most: int) -> list[int]:
    """At most `most` of `count` ticks, evenly spread, the last among them."""
    step = -(-count // most)
    return sorted({count - 1 - i for i in range(0, count, step)})


def short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
