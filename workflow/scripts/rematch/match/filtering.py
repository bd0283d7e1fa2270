"""Scores a block at a time, near enough to leave most cells out: what the exact ones are asked of.

One float32 product of concatenated vectors gives every score within a bound that holds for every
order of summation: of D products of float32, |fl(x·y) − x·y| ≤ γ ‖x‖ ‖y‖ with γ = D u / (1 − D u)
(Higham 2002, section 3.1, and Cauchy-Schwarz). A cell that the bound decides needs no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import local
from typing import Protocol

import numpy as np

from rematch.forms import Float32, Scored
from rematch.match.dots import Numbers
from rematch.match.factors import Factored, greatest, longest
from rematch.match.scores import demand_finite

CELLS = 2**23
"""Of a block, 32 MiB."""

HALF = 2.0**-24
"""Half of what the last bit of a float32 counts for."""


class Filter(Protocol):
    """Scores near enough, and exact ones where they are asked for."""

    @property
    def bound(self) -> float:
        """How far a value of `block` may lie from the exact score."""

    def parts(self) -> Iterator[Numbers]:
        """The numbers of the queries of each block, all queries once."""

    def block(self, rows: Numbers) -> Float32:
        """float32 [len(rows), m], which is the thread's until it asks for the next."""

    def cells_by_row(self, rows: Numbers, at: Numbers, columns: Numbers) -> Float32:
        """Exact scores of pairs of `rows[at]` and `columns`, ordered by `at`."""

    def cells_by_column(self, columns: Numbers, at: Numbers, rows: Numbers) -> Float32:
        """Exact scores of pairs of `rows` and `columns[at]`, ordered by `at`."""

    def cells(self, rows: Numbers, columns: Numbers, near: Float32) -> Float32:
        """Exact scores of pairs."""

    def whole(self, rows: Numbers) -> Float32:
        """Exact scores of these queries with all photos."""


class Dense:
    """A filter of scores that are there: nothing is left open."""

    bound = 0.0

    def __init__(self, scores: Scored) -> None:
        self._scores = scores
        self._read = scores.blocks()
        self._next: dict[int, Float32] = {}

    def parts(self) -> Iterator[Numbers]:
        start = 0
        for ids, block in self._read:
            demand_finite(block, ids, self._scores.gallery)
            self._next[start] = block
            yield np.arange(start, start + len(ids))
            start += len(ids)

    def block(self, rows: Numbers) -> Float32:
        # Adding zero makes -0.0 the 0.0 that it ties with, and a copy of what may be a file's page.
        return np.asarray(self._next.pop(int(rows[0])) + np.float32(0))

    def cells_by_row(self, rows: Numbers, at: Numbers, columns: Numbers) -> Float32:
        raise AssertionError("nothing is open of exact scores")

    def cells_by_column(self, columns: Numbers, at: Numbers, rows: Numbers) -> Float32:
        raise AssertionError("nothing is open of exact scores")

    def cells(self, rows: Numbers, columns: Numbers, near: Float32) -> Float32:
        return near

    def whole(self, rows: Numbers) -> Float32:
        raise AssertionError("nothing is open of exact scores")


class Products:
    """A filter of factors and biases: one float32 product of all terms side by side."""

    def __init__(self, scores: Factored) -> None:
        self._scores, self._rooms = scores, local()
        terms = scores.terms
        self._switched = any((term.switch != 1).any() for term in terms)
        biases = [term.columns for term in terms]
        if not self._switched:
            biases = [np.sum(biases, axis=0)]
        columns = np.stack(biases, axis=1).astype(np.float32)
        right = [*(term.gallery for term in terms), columns]
        self._right = np.ascontiguousarray(np.concatenate(right, axis=1)).T
        width = self._right.shape[0]
        # Lengths of the rows at most, of what is taken off apart: it is large beside the products.
        left = sum((greatest(term.weights) * longest(term.queries)) ** 2 for term in terms)
        left += sum(greatest(term.switch) ** 2 for term in terms)
        size = np.sqrt(left) * longest(self._right.T)
        rest = sum(greatest(term.rows) + greatest(term.pairs.values) for term in terms)
        unit = (width + 16) * HALF
        self.bound = float(unit / (1 - unit) * size + 4 * HALF * (size + rest) + scores.slack)

    def parts(self) -> Iterator[Numbers]:
        """In the order of the queries' ids, so that rankings come as they are written."""
        ids = self._scores.article_ids
        order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
        height = max(64, min(1024, CELLS // max(1, len(self._scores.gallery))))
        for start in range(0, len(order), height):
            yield order[start : start + height]

    def block(self, rows: Numbers) -> Float32:
        terms = self._scores.terms
        parts = [
            np.multiply(term.queries[rows], term.weights[rows, None], dtype=np.float32)
            if (term.weights[rows] != 1).any()
            else term.queries[rows]
            for term in terms
        ]
        switches = (
            [-term.switch[rows] for term in terms] if self._switched else [-np.ones(len(rows))]
        )
        left = np.concatenate([*parts, np.stack(switches, axis=1).astype(np.float32)], axis=1)
        # A thread's own room, used again: to ask for as much each time costs as much as to fill it.
        room: Float32 | None = getattr(self._rooms, "near", None)
        if room is None or len(room) < len(rows):
            room = self._rooms.near = np.empty((len(rows), self._right.shape[1]), dtype=np.float32)
        block = np.matmul(left, self._right, out=room[: len(rows)])
        shift = sum((term.rows[rows] for term in terms), np.zeros(len(rows)))
        if shift.any():
            block -= shift.astype(np.float32)[:, None]
        for term in terms:
            for at, row in enumerate(rows if len(term.pairs.rows) else ()):
                own = term.pairs.of(int(row))
                block[at, term.pairs.columns[own]] -= term.pairs.values[own].astype(np.float32)
        return block

    def cells_by_row(self, rows: Numbers, at: Numbers, columns: Numbers) -> Float32:
        return self._scores.pairs(rows, at, columns, by_row=True)

    def cells_by_column(self, columns: Numbers, at: Numbers, rows: Numbers) -> Float32:
        return self._scores.pairs(columns, at, rows, by_row=False)

    def cells(self, rows: Numbers, columns: Numbers, near: Float32) -> Float32:
        return self._scores.exact(rows, columns)

    def whole(self, rows: Numbers) -> Float32:
        return self._scores.block(rows)


def filter_of(scores: Scored) -> Filter:
    """The filter that suits."""
    return Products(scores) if isinstance(scores, Factored) else Dense(scores)
