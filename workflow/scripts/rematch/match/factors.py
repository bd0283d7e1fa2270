"""Scores that are factors and biases: no matrix of all queries and photos, and any block of it.

The score of a query with a photo is the sum over terms of

    w(q) · ⟨q, g⟩ − r(q) − s(q) · c(g) − b(q, g)

in float64, rounded once to float32: a term is a model's vectors of texts and photos, w weighs it,
r and c are biases, s says for which queries c counts, and b is of few pairs. A correction of cosine
is one term, a weighted mean of runs several. Each ⟨q, g⟩ is the folded sum of `match.dots`, so that
the same bits come of any block, any product of any library, and of one cell alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from rematch.errors import UserError
from rematch.forms import Block, Float32
from rematch.match.dots import Floats, Numbers, folded, sampled, settled, slack

ROWS = 512
"""Queries whose scores are in memory at a time."""


@dataclass(frozen=True)
class Pairs:
    """Biases of single pairs.

    Attributes:
        rows, columns: numbers of queries and photos, int64 [p], ordered by both.
        values: b, float64 [p].
    """

    rows: Numbers
    columns: Numbers
    values: Floats

    @classmethod
    def none(cls) -> Pairs:
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    def of(self, row: int) -> slice:
        """Which of them are a query's."""
        low, high = np.searchsorted(self.rows, (row, row + 1))
        return slice(int(low), int(high))

    def at(self, rows: Numbers, columns: Numbers, width: int) -> Floats:
        """b of these pairs, 0 where there is none: float64 [len(rows)]."""
        found = np.zeros(len(rows))
        if len(self.rows):
            own, wanted = self.rows * width + self.columns, rows * width + columns
            at = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
            hit = own[at] == wanted
            found[hit] = self.values[at[hit]]
        return found


@dataclass(frozen=True)
class Term:
    """What is summed to a score.

    Attributes:
        queries, gallery: float32 [n, d], [m, d], lengths about 1.
        weights: w, float64 [n].
        rows, columns: r [n] and c [m], float64.
        switch: s, float64 [n].
        pairs: b.
    """

    queries: Float32
    gallery: Float32
    weights: Floats
    rows: Floats
    columns: Floats
    switch: Floats
    pairs: Pairs = field(default_factory=Pairs.none)

    @classmethod
    def plain(cls, queries: Float32, gallery: Float32) -> Term:
        """The products alone."""
        n, m = len(queries), len(gallery)
        return cls(queries, gallery, np.ones(n), np.zeros(n), np.zeros(m), np.ones(n))

    def off(self, rows: Numbers, columns: Numbers) -> Floats:
        """What is taken off each pair's product, weighted."""
        biases = self.rows[rows] + self.switch[rows] * self.columns[columns]
        return np.asarray(biases + self.pairs.at(rows, columns, len(self.gallery)))


@dataclass(frozen=True)
class Factored:
    """Scores as terms; `match.scores.Scores`.

    Attributes:
        article_ids: n distinct ids, in the order of the terms' queries.
        gallery: m distinct image ids, in the order of the terms' photos.
        terms: at least one.
        path: what they are called in messages.
    """

    article_ids: tuple[str, ...]
    gallery: tuple[str, ...]
    terms: tuple[Term, ...]
    path: str = "scores"

    def __post_init__(self) -> None:
        for term in self.terms:
            for ids, sizes in (
                (self.article_ids, (term.weights, term.rows, term.switch)),
                (self.gallery, (term.columns, term.gallery)),
            ):
                for each in sizes:
                    if len(each) != len(ids):
                        raise ValueError(f"{self.path}: {len(each)} rows for {len(ids)} ids")
                    if each.ndim == 1 and not np.isfinite(each).all():
                        bad = ids[int(np.flatnonzero(~np.isfinite(each))[0])]
                        raise UserError(
                            f"{self.path}: what is taken off {bad!r} is not finite; "
                            "mend what made it"
                        )
            if not np.isfinite(term.pairs.values).all():
                raise UserError(f"{self.path}: a pair's bias is not finite; mend what made it")

    def blocks(self) -> Iterator[Block]:
        """All rows, in order: article ids [b], float32 scores [b, m]."""
        for start in range(0, len(self.article_ids), ROWS):
            rows = np.arange(start, min(start + ROWS, len(self.article_ids)))
            yield self.article_ids[start : start + ROWS], self.block(rows)

    def take(self, articles: Sequence[str], gallery: Sequence[str]) -> Float32:
        """The scores of these articles and photos: float32 [len(articles), len(gallery)]."""
        row, column = self._numbers
        rows = np.array([row[name] for name in articles], dtype=np.int64)
        columns = np.array([column[name] for name in gallery], dtype=np.int64)
        return self.block(rows)[:, columns]

    @cached_property
    def _numbers(self) -> tuple[dict[str, int], dict[str, int]]:
        return (
            {name: at for at, name in enumerate(self.article_ids)},
            {name: at for at, name in enumerate(self.gallery)},
        )

    def block(self, rows: Numbers) -> Float32:
        """Scores of these queries with all photos: float32 [len(rows), m], finite."""
        total = np.zeros((len(rows), len(self.gallery)))
        with threadpool_limits(1):
            for term, wide in zip(self.terms, self._doubles, strict=True):
                product = wide[0][rows] @ wide[1].T
                product *= term.weights[rows, None]
                product -= term.rows[rows, None]
                product -= term.switch[rows, None] * term.columns
                for at, row in enumerate(rows if len(term.pairs.rows) else ()):
                    own = term.pairs.of(int(row))
                    product[at, term.pairs.columns[own]] -= term.pairs.values[own]
                total += product
        rounded, open_ = settled(total, self.slack)
        which, columns = np.nonzero(open_)
        if len(which):
            rounded[which, columns] = self.exact(rows[which], columns)
        return self._finite(rounded, rows)

    def exact(self, rows: Numbers, columns: Numbers) -> Float32:
        """The scores of pairs by number, each by its folded sums: float32 [p]."""
        return self.sums(rows, columns).astype(np.float32)

    def sums(self, rows: Numbers, columns: Numbers) -> Floats:
        """The same before they are rounded."""
        total = np.zeros(len(rows))
        for term in self.terms:
            product = folded_pairs(term, rows, columns)
            total += term.weights[rows] * product - term.off(rows, columns)
        return total

    def pairs(self, few: Numbers, at: Numbers, many: Numbers, by_row: bool) -> Float32:
        """As `exact`, of pairs that are ordered by a few queries (or photos), faster.

        Args:
            few: numbers of queries, or of photos if not `by_row`.
            at: of each pair, which of them: int64 [p], ascending.
            many: of each pair the photo, or the query.
        """
        rows, columns = (few[at], many) if by_row else (many, few[at])
        total = np.zeros(len(at))
        for term, wide in zip(self.terms, self._doubles, strict=True):
            left, right = (wide[0], wide[1]) if by_row else (wide[1], wide[0])
            product = sampled(left[few], right, at, many)
            total += term.weights[rows] * product - term.off(rows, columns)
        return self.round(total, rows, columns)

    @cached_property
    def _doubles(self) -> list[tuple[Floats, Floats]]:
        return [
            (term.queries.astype(np.float64), term.gallery.astype(np.float64))
            for term in self.terms
        ]

    def round(self, total: Floats, rows: Numbers, columns: Numbers) -> Float32:
        """Sums of pairs in whatever order, rounded as the folded ones are."""
        rounded, open_ = settled(total, self.slack)
        if open_.any():
            rounded[open_] = self.exact(rows[open_], columns[open_])
        return rounded

    @cached_property
    def slack(self) -> float:
        """How far two ways to sum a score may lie apart before it is rounded."""
        size, width = 0.0, 0
        for term in self.terms:
            width += term.queries.shape[1] + 4
            size += greatest(term.weights) * longest(term.queries) * longest(term.gallery)
            size += greatest(term.rows) + greatest(term.switch) * greatest(term.columns)
            size += greatest(term.pairs.values)
        return slack(width, size)

    def _finite(self, block: Float32, rows: Numbers) -> Float32:
        if not np.isfinite(block).all():
            row, column = (int(index[0]) for index in np.nonzero(~np.isfinite(block)))
            raise UserError(
                f"score of article {self.article_ids[rows[row]]!r} with photo "
                f"{self.gallery[column]!r} is {block[row, column]}; a score that is not finite is "
                "not ranked: mend what made it"
            )
        return block


def folded_pairs(term: Term, rows: Numbers, columns: Numbers) -> Floats:
    """⟨q, g⟩ of a term's pairs, float64 [p], some at a time in memory."""
    found = np.empty(len(rows))
    for start in range(0, len(rows), 4096):
        part = slice(start, start + 4096)
        found[part] = folded(term.queries[rows[part]], term.gallery[columns[part]])
    return found


def greatest(values: Floats) -> float:
    """The greatest magnitude; 0 of nothing."""
    return float(np.abs(values).max(initial=0))


def longest(vectors: Float32) -> float:
    """At least the greatest length of a row.

    Raises:
        UserError: a vector is not finite.
    """
    most = 0.0
    for start in range(0, len(vectors), 4096):
        part = vectors[start : start + 4096]
        here = float(np.einsum("ij,ij->i", part, part).max(initial=0))
        most = max(most, here)
        if not np.isfinite(here):
            raise UserError("a vector is not finite; delete the embeddings to have them made again")
    return float(np.sqrt(most) * (1 + 1e-4))
