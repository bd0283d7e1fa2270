"""How alike two runs' lists are, the first places counting most.

Webber, Moffat and Zobel, "A similarity measure for indefinite rankings", ACM Transactions on
Information Systems 28(4), 2010: rank-biased overlap, extrapolated from lists of one length,
equation 32 with l = s = k.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rematch.evaluate.resampling import Floats, Ints

P = 0.9
"""Persistence: the first ten places have 86 % of the weight."""


def overlap(a: Ints, b: Ints, p: float = P) -> Floats:
    """Rank-biased overlap of each query's two lists: float64 [n], 0 to 1.

    RBO_ext = X_k / k · p^k + (1 − p)/p · Σ_{d=1..k} X_d / d · p^d, with X_d the number of documents
    that both have among their first d.

    Args:
        a, b: lists of one length as numbers of documents, all different in a list; lists that end
            early are filled up with -1, which is no document: int64 [n, k].
        p: persistence, between 0 and 1.
    """
    n, k = a.shape
    place = _places_in(a, b)
    # A document at i in the one and at j in the other is in both from depth max(i, j) on.
    depth = np.where(place >= 0, np.maximum(place, np.arange(k)), k)
    flat = (depth + np.arange(n)[:, None] * (k + 1)).reshape(-1)
    shared = np.bincount(flat, minlength=n * (k + 1)).reshape(n, k + 1)[:, :k].cumsum(axis=1)
    depths = np.arange(1, k + 1)
    weights = p**depths / depths
    sums = (shared * weights).sum(axis=1) * (1 - p) / p
    return np.asarray(shared[:, -1] / k * p**k + sums)


def _places_in(a: Ints, b: Ints) -> Ints:
    """Where in its list of `b` each document of `a` stands, -1 if nowhere: int64 [n, k]."""
    n, k = a.shape
    width = int(max(a.max(initial=0), b.max(initial=0))) + 2
    rows = np.arange(n)[:, None]
    known = np.full((n, width), -1, dtype=np.int64)
    known[rows, b] = np.arange(k)
    known[:, -1] = -1  # what -1 wrote to
    return np.asarray(known[rows, a])


def agreement(runs: Sequence[Ints], p: float = P) -> Floats:
    """Mean rank-biased overlap of all pairs of runs: float64 [r, r], 1 on the diagonal.

    Args:
        runs: lists of each, over the same queries: int64 [n, k].
        p: see `overlap`.
    """
    found = np.eye(len(runs))
    for i, one in enumerate(runs):
        for j in range(i):
            found[i, j] = found[j, i] = float(overlap(one, runs[j], p).mean())
    return found
