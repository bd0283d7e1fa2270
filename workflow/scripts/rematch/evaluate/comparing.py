"""Whether two runs differ, over the same queries, by more than chance.

The test flips the sign of each query's difference at random (Fisher's randomisation test, as in
Smucker, Allan and Carterette, "A comparison of statistical significance tests for information
retrieval evaluation", CIKM 2007). All pairs of runs share the flips, so that 50 runs cost a matrix
product and not 1,225. Where fewer than `_RARE` flips reach the observed difference, their count
says little, and least where many comparisons are corrected for: the tail of the same distribution
is computed instead (`tails`).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rematch.evaluate.intervals import LEVEL, TIE, accelerations, bca
from rematch.evaluate.resampling import RESAMPLES, Floats, Ints, Sample, flipped, redrawn, sample
from rematch.evaluate.tails import two_sided

_RARE = 10
_FEW = 14
"""So few groups have no more than 16,384 signs: flips count them well."""
_PAIRS = 64
"""Of a block: its resampled differences take 30 MB for six metrics."""


@dataclass(frozen=True)
class Compared:
    """p pairs of runs by m metrics: first minus second.

    Attributes:
        pairs: numbers of runs: int64 [p, 2].
        difference: of the means: float64 [p, m].
        low, high: of its 95 % interval, without correction: float64 [p, m].
        p: two-sided, without correction: float64 [p, m].
        effect: the mean difference in standard deviations of the queries' differences (d_z of
            Lakens, Frontiers in Psychology 4, 2013), 0 without a difference: float64 [p, m].
        error: standard error of the difference, as resampled: float64 [p, m].
    """

    pairs: Ints
    difference: Floats
    low: Floats
    high: Floats
    p: Floats
    effect: Floats
    error: Floats


def compare(
    values: Floats,
    pairs: Sequence[tuple[int, int]],
    groups: Ints | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    threads: int = 1,
    spans: bool = True,
) -> Compared:
    """Compare pairs of runs in every metric.

    Args:
        values: of n queries, r runs and m metrics, within [0, 1]: float64 [n, r, m].
        pairs: numbers of runs.
        groups: queries that belong together, see `resampling.sample`.
        resamples: as many redrawn samples, and as many flips of signs.
        seed: of both.
        threads: that work at once; no number depends on it.
        spans: whether intervals are wanted; else they are the differences themselves.

    Returns:
        See `Compared`. The p-value by counting is (1 + flips that reach the difference) /
        (1 + flips), as `scipy.stats.permutation_test` has it.
    """
    n, r, m = values.shape
    drawn = sample(values.reshape(n, r * m), groups)
    means = redrawn(drawn, resamples, seed).reshape(resamples, r, m)
    flips = flipped(drawn, resamples, seed + 1).reshape(resamples, r, m)
    given = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    out = {name: np.zeros((len(given), m)) for name in ("d", "low", "high", "p", "e", "se")}

    def work(start: int) -> None:
        part = slice(start, start + _PAIRS)
        found = _block(values, drawn, means, flips, given[part], spans)
        for name, block in zip(out, found, strict=True):
            out[name][part] = block

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(0, len(given), _PAIRS)))
    return Compared(given, *out.values())


def _block(
    values: Floats, drawn: Sample, means: Floats, flips: Floats, pairs: Ints, spans: bool
) -> tuple[Floats, ...]:
    n, r, m = values.shape
    a, b = pairs[:, 0], pairs[:, 1]
    g, p = len(drawn.sizes), len(pairs)
    sums = drawn.sums.reshape(g, r, m)
    apart = (sums[:, a] - sums[:, b]).reshape(g, p * m)
    total = apart.sum(axis=0)
    difference = total / drawn.sizes.sum() * drawn.unit
    resampled = np.empty((len(means), p, m))
    np.subtract(means[:, a], means[:, b], out=resampled)
    flat = resampled.reshape(-1, p * m)
    low, high = difference, difference
    if spans and g == 1:
        low, high = np.full(p * m, -1.0), np.ones(p * m)
    elif spans:
        low, high = bca(flat, difference, accelerations(apart, drawn.sizes), LEVEL)
    error = flat.std(axis=0)
    reached = np.zeros(p * m, dtype=np.int64)
    least = np.abs(total) - TIE / drawn.unit * drawn.sizes.sum()
    for start in range(0, len(flips), 1000):
        part = flips[start : start + 1000]
        signed = np.abs(part[:, a] - part[:, b]).reshape(-1, p * m)
        reached += (signed >= least).sum(axis=0)
    counted = (reached + 1) / (len(flips) + 1)
    rare = np.flatnonzero((reached < _RARE) & ((apart != 0).sum(axis=0) > _FEW))
    counted[rare] = two_sided(apart[:, rare])
    each = values[:, a] - values[:, b]
    spread = each.std(axis=0, ddof=1).reshape(-1) if n > 1 else np.zeros(p * m)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(spread > 0, difference / spread, 0.0)
    found = (difference, low, high, counted, effect, error)
    return tuple(np.asarray(each).reshape(p, m) for each in found)


def holm(p: Floats) -> Floats:
    """P-values corrected for their number: Holm, "A simple sequentially rejective multiple test
    procedure", Scandinavian Journal of Statistics 6(2), 1979.

    Args:
        p: of one family: float64 [k].

    Returns:
        float64 [k] in the same order; below .05 is what the procedure rejects at 5 %.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    out = np.empty(len(p))
    out[order] = np.minimum(steps, 1)
    return out
