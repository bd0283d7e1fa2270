"""How far a mean would move with other queries: bias-corrected and accelerated intervals.

Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association
82(397), 1987, equations 2.3 and 6.6; as `scipy.stats.bootstrap(method="BCa")` has them.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from rematch.evaluate.resampling import RESAMPLES, Floats, Ints, Sample, redrawn, sample

LEVEL = 0.95

TIE = 1e-9
"""Means that are as near are the same one, of thirds and the like that are no whole units."""

_NORMAL = NormalDist()


class Interval(NamedTuple):
    """Lower and upper bounds, float64 [m] each."""

    low: Floats
    high: Floats


def bootstrap(
    values: Floats,
    groups: Ints | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> Interval:
    """Intervals of column means: how far they would move had the benchmark drawn other queries.

    Where all queries have the value 0, or all have 1, no resample differs: the bound of Clopper and
    Pearson, "The use of confidence or fiducial limits", Biometrika 26(4), 1934, takes the
    bootstrap's place, for as many queries as there are groups.

    Args:
        values: see `resampling.sample`.
        groups: see there.
    """
    drawn = sample(values, groups)
    return intervals_of(drawn, redrawn(drawn, resamples, seed), level)


def intervals_of(drawn: Sample, means: Floats, level: float = LEVEL) -> Interval:
    """Intervals of a sample's columns from means that `redrawn` gave: float64 [b, m]."""
    low, high = bca(means, drawn.means, accelerations(drawn.sums, drawn.sizes), level)
    if len(drawn.sizes) == 1:  # nothing can be redrawn, so nothing is known but the scale
        least = 0.0 if (drawn.values >= 0).all() else -1.0
        return Interval(np.full_like(low, least), np.ones_like(high))
    bound = ((1 - level) / 2) ** (1 / len(drawn.sizes))
    low = np.where((drawn.values == 1).all(axis=0), bound, low)
    high = np.where((drawn.values == 0).all(axis=0), 1 - bound, high)
    return Interval(low, high)


def accelerations(sums: Floats, sizes: Floats) -> Floats:
    """The constant `a` of each column, by leaving each group out once: float64 [m].

    Args:
        sums: of each group and column, in any unit: float64 [g, m].
        sizes: of the groups: float64 [g].
    """
    if len(sizes) < 2:
        return np.zeros(sums.shape[1])
    without = (sums.sum(axis=0) - sums) / (sizes.sum() - sizes)[:, None]
    apart = without.mean(axis=0) - without
    square = (apart * apart).sum(axis=0)
    # A power of small differences may vanish where their scale does not.
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (apart * apart * apart).sum(axis=0) / (6 * square * np.sqrt(square))
    return np.where(np.isfinite(found), found, 0.0)


def bca(
    resampled: Floats, observed: Floats, acceleration: Floats, level: float = LEVEL
) -> Interval:
    """The interval of each column from its resampled statistics.

    Args:
        resampled: float64 [b, m].
        observed, acceleration: float64 [m].

    Returns:
        Quantiles of `resampled`, between neighbours in proportion.
    """
    b = len(resampled)
    below = (resampled < observed - TIE).sum(axis=0) + (resampled <= observed + TIE).sum(axis=0)
    low, high = np.empty(len(observed)), np.empty(len(observed))
    z = _NORMAL.inv_cdf((1 - level) / 2)
    for j in range(len(observed)):
        share = min(max(below[j] / (2 * b), 0.5 / b), 1 - 0.5 / b)
        bias, a = _NORMAL.inv_cdf(share), float(acceleration[j])
        ends = []
        for end in (z, -z):
            moved = 1 - a * (bias + end)
            at = bias + (bias + end) / moved if moved > 0 else float(np.sign(bias + end)) * 9
            ends.append(_NORMAL.cdf(at) * (b - 1))
        low[j], high[j] = _between(resampled[:, j], ends)
    return Interval(low, high)


def _between(values: Floats, places: list[float]) -> list[float]:
    """Order statistics at places from 0, fractional ones in proportion."""
    floors = [min(int(place), len(values) - 1) for place in places]
    nexts = [min(floor + 1, len(values) - 1) for floor in floors]
    ordered = np.partition(values, sorted({*floors, *nexts}))
    return [
        float(ordered[f] + (ordered[n] - ordered[f]) * (place - f))
        for f, n, place in zip(floors, nexts, places, strict=True)
    ]
