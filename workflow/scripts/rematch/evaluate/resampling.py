"""Redrawing queries, for many runs and metrics at once.

Values are brought to whole numbers of 2^-s first, s so large that no sum can leave the 53 bits in
which a double is exact. Every sum is then the same in whatever order a processor adds it up, and a
bootstrap of all runs is one matrix product: counts of the redrawn queries times the values. The
rounding is below 1e-11 for up to 10,000 queries.

Queries that belong together (`groups`) are redrawn, and have their signs flipped, together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

RESAMPLES = 10_000
"""Default number of resamples and of sign flips."""

_CELLS = 4_000_000
"""Of a block of redrawn counts: 32 MB."""


@dataclass(frozen=True)
class Sample:
    """The values of n queries in g groups, m columns.

    Attributes:
        values: float64 [n, m].
        sums: of each group and column, whole numbers of `unit`: float64 [g, m].
        sizes: queries of each group: float64 [g].
        unit: 2^-s.
    """

    values: Floats
    sums: Floats
    sizes: Floats
    unit: float

    @property
    def means(self) -> Floats:
        """Of the columns, rounded to `unit` before they were added up: float64 [m]."""
        return np.asarray(self.sums.sum(axis=0) / self.sizes.sum() * self.unit)


def sample(values: Floats, groups: Ints | None = None) -> Sample:
    """Bring values to whole numbers, and add up those of a group.

    Args:
        values: float64 [n, m] within [-1, 1], n >= 1. Rows in an order that names nothing: which
            resamples are drawn depends on the order of groups, as their first rows have it.
        groups: of each query, any integers: int64 [n]. Without them each query stands for itself.

    Raises:
        ValueError: a value is outside [-1, 1] or no number, or there is none.
    """
    n, m = values.shape
    if not n or not (np.abs(values) <= 1).all():
        raise ValueError("values between -1 and 1 are needed, of one query at least")
    if groups is None:
        code, sizes = np.arange(n), np.ones(n)
    else:
        _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        place = np.empty(len(first), dtype=np.int64)
        place[np.argsort(first)] = np.arange(len(first))
        code = place[inverse.reshape(-1)]
        sizes = np.bincount(code).astype(np.float64)
    # The heaviest resample draws the largest group each time.
    bits = 52 - math.ceil(math.log2(len(sizes) * sizes.max() + 1))
    whole = np.rint(values * 2.0**bits)
    sums = np.zeros((len(sizes), m))
    np.add.at(sums, code, whole)
    return Sample(values, sums, sizes, 2.0**-bits)


def redrawn(drawn: Sample, resamples: int, seed: int) -> Floats:
    """Means of the columns over groups redrawn with replacement, float64 [resamples, m].

    The bootstrap of Efron, "Bootstrap methods: another look at the jackknife", Annals of
    Statistics 7(1), 1979; of groups: Davison and Hinkley, "Bootstrap Methods and their
    Application", 1997, section 3.8.
    """
    g = len(drawn.sizes)
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, drawn.sums.shape[1]))
    for start, b in _blocks(resamples, g):
        picks = rng.integers(0, g, size=(b, g), dtype=np.uint32).astype(np.int64)
        picks += np.arange(b)[:, None] * g
        counts = np.bincount(picks.reshape(-1), minlength=b * g).reshape(b, g).astype(np.float64)
        totals = counts @ drawn.sums
        means[start : start + b] = totals / (counts @ drawn.sizes)[:, None] * drawn.unit
    return means


def flipped(drawn: Sample, resamples: int, seed: int) -> Floats:
    """Sums of the columns, in units, under random signs of the groups: float64 [resamples, m].

    Differences of two columns are those of runs: a sign of the difference is one of both values.
    """
    g = len(drawn.sizes)
    rng = np.random.default_rng(seed)
    sums = np.empty((resamples, drawn.sums.shape[1]))
    for start, b in _blocks(resamples, g):
        bits = np.unpackbits(
            np.frombuffer(rng.bytes(b * -(-g // 8)), np.uint8).reshape(b, -1), axis=1, count=g
        )
        sums[start : start + b] = (bits * 2.0 - 1.0) @ drawn.sums
    return sums


def _blocks(resamples: int, g: int) -> Iterator[tuple[int, int]]:
    step = max(1, _CELLS // max(1, g))
    for start in range(0, resamples, step):
        yield start, min(step, resamples - start)
