"""Metrics of parts of the articles: by a number such as the text's length, or by a column."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.evaluate.intervals import bootstrap
from rematch.evaluate.outcomes import Outcomes
from rematch.evaluate.resampling import RESAMPLES, Floats, Ints

PARTS = 4
MOST = 12


@dataclass(frozen=True)
class Stratum:
    """A part of the queries: what it is called, and their numbers, int64 [k], k >= 1."""

    label: str
    rows: Ints


def by_number(values: Floats, parts: int = PARTS) -> list[Stratum]:
    """Cut queries into parts of about one size by a number; equal numbers are never parted.

    Args:
        values: finite, float64 [n].
        parts: at most so many; fewer where numbers are few.
    """
    ordered = np.sort(values)
    # The last value of each part but the last.
    ends = sorted({float(ordered[max(0, len(ordered) * p // parts - 1)]) for p in range(1, parts)})
    part = np.searchsorted(np.array(ends), values, side="left")
    found = []
    for each in np.unique(part).tolist():
        rows = np.flatnonzero(part == each)
        low, high = _short(float(values[rows].min())), _short(float(values[rows].max()))
        found.append(Stratum(low if low == high else f"{low}–{high}", rows))
    return found


def by_value(values: Sequence[str], most: int = MOST) -> list[Stratum]:
    """Queries of one value each, the commonest first; the rarest together, where there are many.

    Args:
        values: of each query, "" where it has none.
        most: parts at most.
    """
    counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    kept = [value for value, _ in counts[: most if len(counts) <= most else most - 1]]
    found = []
    for value in kept:
        rows = np.array([at for at, each in enumerate(values) if each == value], dtype=np.int64)
        found.append(Stratum(value or "(none)", rows))
    rest = [at for at, each in enumerate(values) if each not in set(kept)]
    if rest:
        found.append(Stratum(f"{len(counts) - len(kept)} others", np.array(rest, dtype=np.int64)))
    return found


def _short(number: float) -> str:
    """A number as people write it: whole, or with three digits."""
    return str(int(number)) if number == int(number) else f"{number:.3g}"


def strata_of(
    found: Outcomes,
    shared: Mapping[str, Sequence[Stratum]],
    own: Mapping[str, Sequence[Stratum]],
    resamples: int = RESAMPLES,
) -> pa.Table:
    """Means and intervals of every run and stratum: `forms.STRATA`.

    Args:
        found: from text to image.
        shared: strata of all runs, by what they are cut by.
        own: strata of a run by its own margins, by the run.
        resamples: of the intervals.
    """
    rows: list[dict[str, object]] = []
    everywhere = tuple(range(len(found.runs)))
    for by, parts in shared.items():
        for part in parts:
            rows += _means(found, everywhere, by, part, resamples)
    for run, parts in own.items():
        for part in parts:
            rows += _means(found, (found.of(run),), "margin", part, resamples)
    return forms.from_rows(rows, forms.STRATA)


def _means(
    found: Outcomes, runs: Sequence[int], by: str, part: Stratum, resamples: int
) -> Iterator[dict[str, object]]:
    n, m = len(part.rows), len(found.metrics)
    values = found.values[part.rows][:, list(runs)].reshape(n, len(runs) * m)
    low, high = bootstrap(values, found.groups[part.rows], resamples)
    for i, run in enumerate(runs):
        for j, metric in enumerate(found.metrics):
            at = i * m + j
            yield {
                "run": found.runs[run],
                "by": by,
                "stratum": part.label,
                "metric": metric,
                "value": math.fsum(values[:, at]) / n,
                "low": float(low[at]),
                "high": float(high[at]),
                "n": n,
            }
