"""Which run is best, per label of what it may look at, and which cannot be told from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import NormalDist, median

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.evaluate.comparing import Compared, compare, holm
from rematch.evaluate.effects import Described
from rematch.evaluate.letters import compact_letters
from rematch.evaluate.outcomes import Outcomes
from rematch.evaluate.resampling import RESAMPLES

ALPHA = 0.05
LETTERED = 100
"""Runs that are compared pair by pair: the best ones."""

POWER = 0.8


@dataclass(frozen=True)
class Best:
    """The best run of a label.

    Attributes:
        looks_at: the label.
        run: its name.
        within: runs of the label that cannot be told from it, best first; identical ones too.
        of: how many runs of the label there are.
    """

    looks_at: str
    run: str
    within: tuple[str, ...]
    of: int


@dataclass(frozen=True)
class Standings:
    """How the runs stand to each other by the first metric.

    Attributes:
        letters: by run, of the best `LETTERED` distinct ones; see `letters.compact_letters`.
        best: a label each, in the order of `methods.LOOKS_AT`.
        same: runs that rank every right document alike, by the first of them.
        detectable: the smallest difference that is found with 80 % power, two runs compared at
            5 %, of those that follow each other by the metric; None with one run.
    """

    letters: Mapping[str, str]
    best: tuple[Best, ...]
    same: Mapping[str, tuple[str, ...]]
    detectable: float | None


def standings_of(
    found: Outcomes,
    runs: Sequence[Described],
    labels: Sequence[str],
    resamples: int = RESAMPLES,
    threads: int = 1,
) -> Standings:
    """Compare all pairs of runs by the first metric, corrected for their number (Holm)."""
    means = found.values[:, :, 0].mean(axis=0)
    same = identical(found)
    first = [run for run in found.runs if run in same]
    order = sorted(first, key=lambda run: (-means[found.of(run)], run))
    best = [found.of(run) for run in order[:LETTERED]]
    pairs = list(combinations(best, 2))
    told = compare(found.values[:, :, :1], pairs, found.groups, resamples, 0, threads, spans=False)
    corrected = holm(told.p[:, 0])
    apart = {pair for pair, p in zip(pairs, corrected, strict=True) if p < ALPHA}
    given = compact_letters(best, apart)
    lettered = order[:LETTERED]
    stands = {other: given[found.of(run)] for run in lettered for other in same[run]}
    return Standings(
        letters=stands,
        best=tuple(_best(found, runs, labels, resamples)),
        same={run: others for run, others in same.items() if len(others) > 1},
        detectable=detectable(found, [found.of(run) for run in order], resamples),
    )


def detectable(found: Outcomes, order: Sequence[int], resamples: int) -> float | None:
    """The smallest true difference of two runs that a test at 5 % finds four times in five.

    (z_.975 + z_.8) standard errors of a difference (Cohen, "Statistical Power Analysis for the
    Behavioral Sciences", 1988, section 2.2): the median one of runs that follow each other, which
    are those that one wants to tell apart.

    Args:
        order: numbers of runs, none identical, best first.
    """
    pairs = list(pairwise(order))
    if not pairs:
        return None
    told = compare(found.values[:, :, :1], pairs, found.groups, resamples, spans=False)
    errors = told.error[:, 0][told.error[:, 0] > 0].tolist()
    normal = NormalDist()
    times = normal.inv_cdf(1 - ALPHA / 2) + normal.inv_cdf(POWER)
    return times * median(errors) if errors else None


def identical(found: Outcomes) -> dict[str, tuple[str, ...]]:
    """Runs by the first of those with the same `Outcomes.marks`."""
    groups: dict[str, list[str]] = {}
    for run, mark in zip(found.runs, found.marks, strict=True):
        groups.setdefault(mark, []).append(run)
    return {runs[0]: tuple(runs) for runs in groups.values()}


def _best(
    found: Outcomes, runs: Sequence[Described], labels: Sequence[str], resamples: int
) -> Iterator[Best]:
    means = found.values[:, :, 0].mean(axis=0)
    for label in labels:
        own = [run.run for run in runs if run.looks_at == label]
        if own:
            ordered = sorted(own, key=lambda run: (-means[found.of(run)], run))
            pairs = [(found.of(run), found.of(ordered[0])) for run in ordered[1:]]
            first = found.values[:, :, :1]
            told = compare(first, pairs, found.groups, resamples, spans=False)
            corrected = holm(told.p[:, 0])
            near = [run for run, p in zip(ordered[1:], corrected, strict=True) if not p < ALPHA]
            yield Best(label, ordered[0], tuple(near), len(own))


def against(
    found: Outcomes, one: str, others: Sequence[str], resamples: int = RESAMPLES, threads: int = 1
) -> Compared:
    """Every other run minus one, in all metrics, one at a time to need little memory."""
    pairs = [(found.of(other), found.of(one)) for other in others]
    parts = [
        compare(found.values[:, :, j : j + 1], pairs, found.groups, resamples, 0, threads)
        for j in range(len(found.metrics))
    ]
    names = ("difference", "low", "high", "p", "effect", "error")
    joined = (np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names)
    return Compared(parts[0].pairs, *joined)


def comparisons(
    found: Outcomes,
    families: Mapping[str, tuple[str, Sequence[str]]],
    resamples: int = RESAMPLES,
    threads: int = 1,
) -> pa.Table:
    """Runs against one other, in all metrics: `forms.COMPARISONS`.

    Args:
        families: by what they are called, the run that the others are compared with, and these.
            P-values are corrected within a family and metric.
    """
    rows = []
    for name, (one, others) in families.items():
        told = against(found, one, others, resamples, threads)
        corrected = np.stack([holm(column) for column in told.p.T], axis=1)
        for i, other in enumerate(others):
            for j, metric in enumerate(found.metrics):
                rows.append(
                    {
                        "run": other,
                        "other": one,
                        "family": name,
                        "metric": metric,
                        **{
                            field: float(getattr(told, field)[i, j])
                            for field in ("difference", "low", "high", "p")
                        },
                        "p_holm": float(corrected[i, j]),
                        "effect": float(told.effect[i, j]),
                        "n": len(found.queries),
                    }
                )
    return forms.from_rows(rows, forms.COMPARISONS)
