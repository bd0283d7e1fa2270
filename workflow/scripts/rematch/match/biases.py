"""Corrections of cosine that are two vectors: score'(q, g) = ⟨q, g⟩ − r(q) − c(g).

What a correction computes, it computes in passes over the products, a block of rows at a time:
nothing of the size of all queries times the gallery is ever in memory. Both vectors are rounded
once to float32, so that a processor's last bits do not reach a score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from rematch.forms import Float32
from rematch.match.dots import Floats
from rematch.match.factors import Pairs, Term

ROWS = 512
"""Queries whose products are in memory at a time."""


@dataclass(frozen=True)
class Biases:
    """What is taken off the products.

    Attributes:
        rows: r of each query, float32 [n].
        columns: c of each photo, float32 [m].
        said: a line for the log, "" if there is nothing to say.
        switch: for which queries c is taken off, float32 [n]; for all if None.
        pairs: what is taken off single pairs.
    """

    rows: Float32
    columns: Float32
    said: str = ""
    switch: Float32 | None = None
    pairs: Pairs = field(default_factory=Pairs.none)

    def term(self, queries: Float32, gallery: Float32) -> Term:
        """The corrected products."""
        switch = np.ones(len(queries)) if self.switch is None else self.switch.astype(np.float64)
        rows, columns = self.rows.astype(np.float64), self.columns.astype(np.float64)
        weights = np.ones(len(queries))
        return Term(queries, gallery, weights, rows, columns, switch, self.pairs)


def biases(rows: Floats, columns: Floats, said: str = "") -> Biases:
    """Both vectors, rounded once."""
    return Biases(rows.astype(np.float32), columns.astype(np.float32), said)


def products(queries: Float32, gallery: Float32) -> Iterator[tuple[slice, Floats]]:
    """⟨q, g⟩ in float64, rows of queries at a time: which rows, and float64 [b, m]."""
    wide = gallery.astype(np.float64).T
    for start in range(0, len(queries), ROWS):
        rows = slice(start, min(start + ROWS, len(queries)))
        yield rows, queries[rows].astype(np.float64) @ wide


class LogSums:
    """log Σ exp(x / t) · t of columns whose rows come a block at a time, without overflow.

    Args:
        width: m columns.
        temperature: t.
    """

    def __init__(self, width: int, temperature: float) -> None:
        self._t = temperature
        self._most = np.full(width, -np.inf)
        self._sum = np.zeros(width)

    def add(self, block: Floats) -> None:
        """Take in rows: float64 [b, m]."""
        most = np.maximum(self._most, block.max(axis=0))
        # Of the first block there is nothing yet: exp(-inf) is 0.
        self._sum *= np.exp((self._most - most) / self._t)
        self._sum += np.exp((block - most) / self._t).sum(axis=0)
        self._most = most

    def value(self) -> Floats:
        """float64 [m]."""
        return np.asarray(self._most + self._t * np.log(self._sum))


def row_log_sums(block: Floats, temperature: float) -> Floats:
    """The same of each row: float64 [b]."""
    most = block.max(axis=1)
    total = np.exp((block - most[:, None]) / temperature).sum(axis=1)
    return np.asarray(most + temperature * np.log(total))


def top_means(values: Floats, k: int) -> Floats:
    """The mean of each row's k greatest, of all where there are fewer: float64 [b]."""
    k = min(k, values.shape[1])
    # In order, so that the sum does not depend on how the partition left them.
    best = np.sort(np.partition(values, values.shape[1] - k, axis=1)[:, -k:], axis=1)
    return np.asarray(best.mean(axis=1))


class TopMeans:
    """`top_means` of columns whose rows come a block at a time.

    Args:
        width: m columns.
        k: how many of the greatest.
    """

    def __init__(self, width: int, k: int) -> None:
        self._k = k
        self._best = np.empty((width, 0))

    def add(self, block: Floats) -> None:
        """Take in rows: float64 [b, m]."""
        best = np.concatenate([self._best, block.T], axis=1)
        if best.shape[1] > self._k:
            best = np.partition(best, best.shape[1] - self._k, axis=1)[:, -self._k :]
        self._best = best

    def value(self) -> Floats:
        """float64 [m]."""
        return top_means(self._best, self._k)
