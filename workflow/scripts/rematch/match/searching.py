"""One pass over all scores: the best of every query and of every photo, and where pairs stand.

Order is by the exact score, rounded once to float32, and by tie places: a near score (`filtering`)
decides most cells, and those within its bound are asked for exactly. So the answer is one, whatever
the block, the number of threads, or the library that multiplies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from rematch.forms import Float32, Scored
from rematch.match.best import NONE, Keys, Places, best, keys_of, scores_of, smallest
from rematch.match.dots import Numbers
from rematch.match.filtering import filter_of
from rematch.match.standing import Standing, Wanted

Small: TypeAlias = npt.NDArray[np.int32]

SAMPLE = 32
"""A row's floor is guessed from one of so many of its cells."""

DENSE = 8
"""Where more than one of so many cells of a row is open, the whole row is computed exactly."""

COLUMNS = 2048
"""Photos whose lists are put in order at once."""

PENDING = 2**24
"""Cells of photos' lists that wait until they are put in order."""


@dataclass
class Search:
    """What is looked for in one pass.

    Attributes:
        scores: of n queries with m photos.
        row_places, column_places: of queries and photos, in the order that decides between equal
            scores: int64 [n], [m].
        top: length of a query's list; 0 for none.
        top_of_columns: of a photo's.
        wanted: pairs whose ranks are asked for.
        threads: that work at once; they change nothing but the time.
        written: gets the queries' numbers and lists as they come, each query once.
    """

    scores: Scored
    row_places: Places
    column_places: Places
    top: int
    top_of_columns: int
    wanted: Wanted | None = None
    threads: int = 1
    written: Callable[[Numbers, Keys], None] = lambda rows, keys: None

    def run(self) -> tuple[Keys, Standing | None]:
        """The photos' lists, uint64 [m, top_of_columns or fewer], and where the wanted pairs stand.

        Raises:
            UserError: a score is not finite.
        """
        self._filter = filter_of(self.scores)
        self._columns = _Columns(self)
        self._standing = Standing.of(self, self._filter) if self.wanted is not None else None
        self._lock = Lock()
        with threadpool_limits(1):
            if self.threads == 1:
                for rows in self._filter.parts():
                    self._task(rows)
            else:
                with ThreadPoolExecutor(self.threads) as pool:
                    for done in _few_ahead(pool, self._task, self._filter.parts(), self.threads):
                        done.result()
            self._columns.settle()
        return self._columns.keys, self._standing

    def _task(self, rows: Numbers) -> None:
        near = self._filter.block(rows)
        if self.top:
            keys = self._row_lists(rows, near)
            with self._lock:
                self.written(rows, keys)
        if self.top_of_columns:
            self._columns.add(rows, near, self._lock)
        if self._standing is not None:
            self._standing.add(rows, near)

    def _row_lists(self, rows: Numbers, near: Float32) -> Keys:
        """uint64 [len(rows), top or m]."""
        source, places, k = self._filter, self.column_places, min(self.top, near.shape[1])
        if source.bound == 0:
            return best(near, places, k)
        floor = _guessed_floors(near, k)
        cells = np.flatnonzero(near >= floor[:, None])
        if len(cells) > near.size // DENSE and near.shape[1] > DENSE * k:
            return best(source.whole(rows), places, k)  # ties by the thousand
        at, columns = np.divmod(cells, near.shape[1])
        values = near.reshape(-1)[cells]
        least = _least(at, values, len(rows), k) - np.float32(2 * source.bound)
        for row in np.flatnonzero(least < floor):  # a poor guess
            floor[row] = np.partition(near[row], near.shape[1] - k)[near.shape[1] - k]
            floor[row] -= np.float32(2 * source.bound)
            own = np.flatnonzero(near[row] >= floor[row])
            rest = at != row
            at = np.concatenate([at[rest], np.full(len(own), row)])
            columns = np.concatenate([columns[rest], own])
            least[row] = -np.inf
        if (least == -np.inf).any():
            order = np.argsort(at, kind="stable")
            at, columns = at[order], columns[order]
            values = near[at, columns]
        keep = values >= least[at]
        at, columns = at[keep], columns[keep]
        exact = source.cells_by_row(rows, at, columns)
        return _lists(at, keys_of(exact, places[columns]), len(rows), k)


class _Columns:
    """The lists of photos, while rows come."""

    def __init__(self, search: Search) -> None:
        self._source, self._places = search._filter, search.row_places
        m, n = len(search.scores.gallery), len(search.scores.article_ids)
        self._top, self._threads = min(search.top_of_columns, n), search.threads
        self.keys: Keys = np.full((m, self._top), NONE)
        self._floor: Float32 | None = None
        self._waiting: list[tuple[Small, Small, Float32]] = []
        self._number = 0

    def add(self, rows: Numbers, near: Float32, lock: Lock) -> None:
        """Take in a block of near scores."""
        bound, floor = np.float32(2 * self._source.bound), self._floor
        if floor is None:
            floor = np.full(near.shape[1], -np.inf, dtype=np.float32)
            if len(rows) >= self._top:  # its own best bound those of the whole from below
                across = np.ascontiguousarray(near.T)
                floor = np.partition(across, len(rows) - self._top)[:, len(rows) - self._top]
                with lock:
                    self._floor = floor if self._floor is None else self._floor
        cells = np.flatnonzero(near >= floor - bound)
        if bound and len(cells) > near.size // 2 and len(rows) > 2 * self._top:
            exact = np.ascontiguousarray(self._source.whole(rows).T)  # ties by the thousand
            keys = best(exact, self._places[rows], self._top)
            with lock:
                self._join(keys)
            return
        row, column = np.divmod(cells, near.shape[1])
        values = near.reshape(-1)[cells]
        with lock:
            self._waiting.append((rows[row].astype(np.int32), column.astype(np.int32), values))
            self._number += len(cells)
            if self._number > PENDING:
                self.settle()

    def settle(self) -> None:
        """Put what waits in order."""
        if not self._waiting:
            return
        row, column, near = (np.concatenate(each) for each in zip(*self._waiting, strict=True))
        self._waiting, self._number = [], 0
        m, bound = len(self.keys), np.float32(2 * self._source.bound)
        # Sixteen bits are sorted by counting.
        order = np.argsort(column.astype(np.uint16) if m < 2**16 else column, kind="stable")
        row, column, near = row[order], column[order], near[order]
        ends = np.searchsorted(column, np.arange(0, m + COLUMNS, COLUMNS))

        def lists(number: int) -> Keys:
            first, own = number * COLUMNS, slice(ends[number], ends[number + 1])
            here = np.arange(first, min(first + COLUMNS, m))
            at, rows, values = column[own] - first, row[own].astype(np.int64), near[own]
            keep = values >= (_least(at, values, len(here), self._top) - bound)[at]
            at, rows, values = at[keep].astype(np.int64), rows[keep], values[keep]
            exact = values if not bound else self._source.cells_by_column(here, at, rows)
            return _lists(at, keys_of(exact, self._places[rows]), len(here), self._top)

        parts = range(len(ends) - 1)
        if self._threads == 1:
            found = [lists(part) for part in parts]
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                found = list(pool.map(lists, parts))
        self._join(np.concatenate(found))

    def _join(self, keys: Keys) -> None:
        self.keys = smallest(np.concatenate([self.keys, keys], axis=1), self._top)
        last = self.keys[:, -1] if self._top else np.empty(0, np.uint64)
        floor = np.where(last == NONE, np.float32(-np.inf), scores_of(last))
        self._floor = floor if self._floor is None else np.maximum(self._floor, floor)


def _guessed_floors(near: Float32, k: int) -> Float32:
    """Of each row a value that k of its cells reach, most likely: float32 [b]."""
    part = near[:, ::SAMPLE]
    rank = int(np.ceil(k / SAMPLE + 3 * np.sqrt(k / SAMPLE)))
    if rank >= part.shape[1]:
        return np.full(len(near), -np.inf, dtype=np.float32)
    return np.asarray(np.partition(part, part.shape[1] - rank, axis=1)[:, part.shape[1] - rank])


def _padded(at: Numbers, values: npt.NDArray[Any], n: int, nothing: Any) -> npt.NDArray[Any]:
    """Values of rows, one after the other, as a matrix with n rows that is filled up."""
    counts = np.bincount(at, minlength=n)
    found = np.full((n, int(counts.max(initial=0))), nothing, dtype=values.dtype)
    found[at, np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)] = values
    return found


def _least(at: Numbers, values: Float32, n: int, k: int) -> Float32:
    """The k-th best value of each row, -inf where there are no more than k: float32 [n]."""
    padded = _padded(at, values, n, np.float32(-np.inf))
    if padded.shape[1] <= k:
        return np.full(n, -np.inf, dtype=np.float32)
    return np.asarray(np.partition(padded, padded.shape[1] - k, axis=1)[:, padded.shape[1] - k])


def _lists(at: Numbers, keys: Keys, n: int, k: int) -> Keys:
    """The k smallest keys of each row, filled up with `NONE`: uint64 [n, k]."""
    found = smallest(_padded(at, keys, n, NONE), k)
    return np.pad(found, ((0, 0), (0, k - found.shape[1])), constant_values=NONE)


def _few_ahead(
    pool: ThreadPoolExecutor,
    task: Callable[[Numbers], None],
    parts: Iterator[Numbers],
    threads: int,
) -> Iterator[Future[None]]:
    """Results of a task, of which no more wait than threads work."""
    running: deque[Future[None]] = deque()
    for rows in parts:
        running.append(pool.submit(task, rows))
        if len(running) > threads:
            yield running.popleft()
    yield from running
