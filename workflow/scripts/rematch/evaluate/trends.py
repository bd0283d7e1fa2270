"""Whether a metric rises or falls along an ordered axis, such as the number of words.

Page, "Ordered hypotheses for multiple treatments: a significance test for linear ranks", Journal of
the American Statistical Association 58(301), 1963.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rematch.evaluate.intervals import bootstrap
from rematch.evaluate.resampling import RESAMPLES, Floats, Ints, flipped, sample

TIED = 1e-12


@dataclass(frozen=True)
class Trend:
    """What a trend test found.

    Attributes:
        statistic: Page's L, with mid-ranks where a query has one value twice.
        z: L less its mean, in standard deviations, under random order within each query.
        rising, falling: one-sided p-values.
        slope: mean change of the metric from one step to the next, by least squares.
        low, high: of the slope's 95 % interval.
    """

    statistic: float
    z: float
    rising: float
    falling: float
    slope: float
    low: float
    high: float


def page(
    values: Floats, groups: Ints | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Trend:
    """Page's test for ordered alternatives.

    Each query's order of values is as likely read backwards where there is no trend, so the
    distribution of L comes from turning the queries' orders round at random, those of a group
    together.

    Args:
        values: of n queries at c >= 2 steps, in the steps' order, within [0, 1]: float64 [n, c].
        groups: see `resampling.sample`.
        resamples: turns, and resamples of the slope's interval.
    """
    c = values.shape[1]
    ranks = _midranks(values)
    steps = np.arange(1, c + 1)
    centred = (ranks - (c + 1) / 2) @ (steps - (c + 1) / 2)  # of each query, its part of L
    most = c * (c * c - 1) / 12
    drawn = sample((centred / most)[:, None], groups)
    total = drawn.sums.sum()
    turned = flipped(drawn, resamples, seed)[:, 0]
    near = 1e-9 / drawn.unit
    spread = np.sqrt((drawn.sums**2).sum())
    # Least squares on steps -(c-1)/2 .. (c-1)/2, brought to [-1, 1] for the bootstrap.
    lever = (steps - (c + 1) / 2) / ((steps - (c + 1) / 2) ** 2).sum()
    slopes = values @ lever
    low, high = bootstrap(slopes[:, None], groups, resamples, seed)
    return Trend(
        statistic=float((ranks @ steps).sum()),
        z=float(total / spread) if spread else 0.0,
        rising=float((1 + (turned >= total - near).sum()) / (1 + resamples)),
        falling=float((1 + (turned <= total + near).sum()) / (1 + resamples)),
        slope=float(slopes.mean()),
        low=float(low[0]),
        high=float(high[0]),
    )


def _midranks(values: Floats) -> Floats:
    """Ranks within each row from 1, equal values sharing the mean of theirs: float64 [n, c]."""
    apart = values[:, :, None] - values[:, None, :]
    above, equal = (apart > TIED).sum(axis=2), (np.abs(apart) <= TIED).sum(axis=2)
    return np.asarray(above + (equal + 1) / 2)
