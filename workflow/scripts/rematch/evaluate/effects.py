"""Answers to questions about an experiment: does a step, a translation, an ensemble help?

A factor's effect is taken over all pairs of runs that differ in nothing else: each article's mean
over the runs with the one value, against its mean over their partners with the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rematch.evaluate.comparing import compare
from rematch.evaluate.outcomes import Outcomes
from rematch.evaluate.resampling import RESAMPLES, Floats
from rematch.evaluate.trends import Trend, page


@dataclass(frozen=True)
class Described:
    """A run as the questions see it.

    Attributes:
        run: its name.
        label: what tells it from the others, for people.
        axes: its value on each axis, of a point of the sweep; empty for an ensemble.
        members: of an ensemble, the names of its runs.
        looks_at: one of `methods.LOOKS_AT`.
    """

    run: str
    label: str
    axes: Mapping[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    looks_at: str = "inductive"


@dataclass(frozen=True)
class Effect:
    """The mean difference of two ways, first minus second.

    Attributes:
        pairs: of runs that it is taken over.
        values: means of both.
        difference, low, high, p: see `comparing.Compared`.
    """

    pairs: int
    values: tuple[float, float]
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Line:
    """A metric along the word counts of runs that differ in nothing else.

    Attributes:
        axes: what they have in common.
        words: counts, ascending.
        means: of the metric.
        trend: along them.
    """

    axes: Mapping[str, str]
    words: tuple[int, ...]
    means: tuple[float, ...]
    trend: Trend


def effect(
    found: Outcomes, pairs: Sequence[tuple[int, int]], metric: str, resamples: int = RESAMPLES
) -> Effect:
    """What it makes to have the first run of each pair instead of the second."""
    at = found.metrics.index(metric)
    ways = [found.values[:, [pair[side] for pair in pairs], at].mean(axis=1) for side in (0, 1)]
    both = np.stack(ways, axis=1)[:, :, None]
    told = compare(both, [(0, 1)], found.groups, resamples)
    means = both.mean(axis=0)[:, 0].tolist()
    return Effect(
        pairs=len(pairs),
        values=(means[0], means[1]),
        difference=float(told.difference[0, 0]),
        low=float(told.low[0, 0]),
        high=float(told.high[0, 0]),
        p=float(told.p[0, 0]),
    )


def partners(
    runs: Sequence[Described], one: Mapping[str, str], other: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Pairs of points with these values on some axes, and the same on all others."""
    at = {tuple(sorted(run.axes.items())): run.run for run in runs if run.axes}
    found = []
    for run in runs:
        if run.axes and all(run.axes.get(axis) == value for axis, value in one.items()):
            turned = tuple(sorted({**run.axes, **other}.items()))
            if turned in at:
                found.append((run.run, at[turned]))
    return found


def distinct(found: Outcomes, runs: Sequence[Described]) -> list[Described]:
    """The first of those runs that are identical, and all others."""
    marks = {run.run: found.marks[found.of(run.run)] for run in runs}
    first = {mark: run for run, mark in reversed(marks.items())}
    return [run for run in runs if first[marks[run.run]] == run.run]


def along_words(
    found: Outcomes, runs: Sequence[Described], metric: str, resamples: int = RESAMPLES
) -> Iterator[Line]:
    """Each line of three word counts or more; the whole text is no count.

    Of lines whose runs are identical there is the first.
    """
    at = found.metrics.index(metric)
    seen: set[tuple[str, ...]] = set()
    lines: dict[tuple[tuple[str, str], ...], list[tuple[int, str]]] = {}
    for run in runs:
        words = run.axes.get("words", "")
        if words.isdecimal():
            rest = tuple((axis, value) for axis, value in run.axes.items() if axis != "words")
            lines.setdefault(rest, []).append((int(words), run.run))
    for rest, members in lines.items():
        if len(members) >= 3:
            members.sort()
            marks = tuple(found.marks[found.of(run)] for _, run in members)
            if marks in seen:
                continue
            seen.add(marks)
            values: Floats = found.values[:, [found.of(run) for _, run in members], at]
            yield Line(
                dict(rest),
                tuple(words for words, _ in members),
                tuple(values.mean(axis=0).tolist()),
                page(values, found.groups, resamples),
            )
