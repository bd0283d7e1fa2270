"""How far a mean would move with other queries."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

RESAMPLES = 1000
"""Default number of bootstrap resamples."""

_CHUNK = 4_000_000


def bootstrap(
    values: Floats, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Percentile bootstrap interval of column means: how far they would move had the benchmark
    drawn other queries of the same kind (queries redrawn with replacement, `resamples` times).

    Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979;
    the percentile interval is in Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
    chapter 13. Queries are numbered by their values, not by their ids, so that renaming them moves
    no interval.

    Args:
        values: float64[n, m], n >= 1 queries in any order, m metrics.

    Returns:
        Lower and upper bounds, float64[m] each.
    """
    n = len(values)
    # Few distinct rows exist (a rank decides them), so redrawn queries are counted by row.
    rows, kind = np.unique(values, axis=0, return_inverse=True)
    kind = np.sort(kind.reshape(-1).astype(np.int64))
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, values.shape[1]))
    step = max(1, _CHUNK // max(n, len(rows)))
    for start in range(0, resamples, step):
        b = min(step, resamples - start)
        drawn = kind[rng.integers(0, n, size=(b, n), dtype=np.uint32)]
        drawn += np.arange(b)[:, None] * len(rows)
        counts = np.bincount(drawn.reshape(-1), minlength=b * len(rows)).reshape(b, len(rows)).T
        for j in range(values.shape[1]):
            # The sum runs down the outer axis, row after row: the same order on every machine,
            # which a matrix product does not promise.
            means[start : start + b, j] = (counts * rows[:, j, None]).sum(axis=0) / n
    means.sort(axis=0)
    outside = max(1, math.floor(resamples * (1 - level) / 2 + 1e-9))
    return means[outside - 1], means[resamples - outside]
