"""Where pairs stand: the exact rank of a photo for a query, and of a query for a photo."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from rematch.forms import Float32
from rematch.match.best import Places
from rematch.match.dots import Numbers

if TYPE_CHECKING:
    from rematch.match.filtering import Filter
    from rematch.match.searching import Search

HIGH = 255
"""Rows that are counted in eight bits."""


@dataclass(frozen=True)
class Wanted:
    """Pairs whose ranks are asked for.

    Attributes:
        rows, columns: numbers of queries and photos, int64 [p].
        scores: theirs, exact, float32 [p].
    """

    rows: Numbers
    columns: Numbers
    scores: Float32


class Standing:
    """Counts what comes before each wanted pair, while blocks come.

    Attributes:
        by_row: rank of the photo among all photos for the query, from 1: int64 [p].
        by_column: rank of the query among all queries for the photo.
    """

    def __init__(
        self, source: Filter, wanted: Wanted, row_places: Places, column_places: Places
    ) -> None:
        self._source, self._wanted = source, wanted
        self._row_places, self._column_places = row_places, column_places
        number = len(wanted.rows)
        self.by_row = np.ones(number, dtype=np.int64)
        self.by_column = np.ones(number, dtype=np.int64)
        # A bound more, since a comparison's own threshold is rounded too.
        margin = 1.0000002 * source.bound
        low, high = wanted.scores - margin, wanted.scores + margin
        self._low = np.nextafter(low.astype(np.float32), np.float32(-np.inf))
        self._high = np.nextafter(high.astype(np.float32), np.float32(np.inf))
        if source.bound == 0:
            self._low = self._high = wanted.scores
        order = np.argsort(wanted.rows, kind="stable")
        self._by_row = order, wanted.rows[order]
        self._layers = _layers(wanted.columns)
        self._lock = Lock()

    @classmethod
    def of(cls, search: Search, source: Filter) -> Standing:
        """Of what a search wants."""
        assert search.wanted is not None
        return cls(source, search.wanted, search.row_places, search.column_places)

    def add(self, rows: Numbers, near: Float32) -> None:
        """Count in a block: what is better for sure, and what is once it is known exactly."""
        order, sorted_rows = self._by_row
        for at, row in enumerate(rows.tolist()):
            first, end = np.searchsorted(sorted_rows, (row, row + 1))
            for pair in order[first:end].tolist():
                self.by_row[pair] += self._before_in_row(row, near[at], pair)
        for pairs, columns in self._layers:
            counted = self._before_in_columns(rows, near, pairs, columns)
            with self._lock:
                self.by_column[pairs] += counted

    def _before_in_row(self, row: int, near: Float32, pair: int) -> int:
        above = near > self._high[pair]
        sure = int(np.count_nonzero(above))
        within = near >= self._low[pair]
        if np.count_nonzero(within) == sure + 1 and self._source.bound:
            return sure  # the pair itself
        cells = np.flatnonzero(within != above)
        exact = self._exact_row(row, cells, near[cells])
        true, places = self._wanted.scores[pair], self._column_places
        before = places[cells] < places[self._wanted.columns[pair]]
        return sure + int(np.count_nonzero((exact > true) | ((exact == true) & before)))

    def _exact_row(self, row: int, cells: Numbers, near: Float32) -> Float32:
        if self._source.bound and len(cells) > len(self._column_places) // 8:
            return np.asarray(self._source.whole(np.array([row]))[0, cells])
        return self._source.cells(np.full(len(cells), row), cells, near)

    def _before_in_columns(
        self, rows: Numbers, near: Float32, pairs: Numbers, columns: Numbers
    ) -> Numbers:
        part = near if len(columns) == near.shape[1] else near[:, columns]
        above = part > self._high[pairs]
        within = part >= self._low[pairs]
        sure = np.zeros(len(pairs), dtype=np.int64)
        for start in range(0, len(rows), HIGH):
            some = above[start : start + HIGH].view(np.uint8)
            sure += np.add.reduce(some, axis=0, dtype=np.uint8)
        cells = np.flatnonzero(within != above)
        if not len(cells):
            return sure
        at, which = np.divmod(cells, len(columns))
        pair = pairs[which]
        own = rows[at] == self._wanted.rows[pair]  # a pair does not come before itself
        at, which, pair = at[~own], which[~own], pair[~own]
        if self._source.bound and len(at) > near.size // 8:
            exact = self._source.whole(rows)[at, columns[which]]
        else:
            exact = self._source.cells(rows[at], columns[which], part[at, which])
        true, places = self._wanted.scores[pair], self._row_places
        before = places[rows[at]] < places[self._wanted.rows[pair]]
        better = (exact > true) | ((exact == true) & before)
        return sure + np.bincount(which[better], minlength=len(pairs))


def _layers(columns: Numbers) -> list[tuple[Numbers, Numbers]]:
    """Pairs, and their columns, in which each column stands once at most and in order."""
    order = np.argsort(columns, kind="stable")
    ordered = columns[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
    nth = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    layers = range(int(nth.max(initial=-1)) + 1)
    return [(order[nth == layer], ordered[nth == layer]) for layer in layers]
