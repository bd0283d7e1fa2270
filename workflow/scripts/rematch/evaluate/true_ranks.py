"""Where every right document stands in the whole gallery, not only among the first K."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.errors import AGAIN, UserError
from rematch.evaluate.resampling import Ints
from rematch.forms import Float32, Scored

_CELLS = 8_000_000
"""Compared at once."""


def judge(
    scored: Scored, qrels: pa.Table, article_ties: Mapping[str, Any], image_ties: Mapping[str, Any]
) -> tuple[pa.Table, pa.Table]:
    """The exact ranks of every article's right photos, and of every photo's right articles.

    A rank is 1 + the documents with a higher score + those with an equal one that come first by
    their tie keys: as `match.rank_both` orders them.

    Args:
        scored: is read twice, a block in memory at a time.
        qrels: `forms.QRELS`.
        article_ties, image_ties: a sort key for every id.

    Returns:
        `forms.PER_ARTICLE` and `forms.PER_IMAGE`, a row a query of the qrels, sorted by id. A
        right pair without a score, of an article or a photo that was not matched, has no rank.

    Raises:
        UserError: a score is NaN or infinite.
    """
    articles, gallery = scored.article_ids, scored.gallery
    rows = {item: at for at, item in enumerate(articles)}
    columns = {item: at for at, item in enumerate(gallery)}
    named = (qrels["article_id"].to_pylist(), qrels["image_id"].to_pylist())
    pairs = sorted(set(zip(*named, strict=True)))
    known = [(a, i) for a, i in pairs if a in rows and i in columns]
    row = np.array([rows[a] for a, _ in known], dtype=np.int64)
    column = np.array([columns[i] for _, i in known], dtype=np.int64)
    true, margin = _true_scores(scored, row, column)
    row_places, column_places = _places(articles, article_ties), _places(gallery, image_ties)
    by_article, by_image = np.ones(len(known), np.int64), np.ones(len(known), np.int64)
    for first, scores in _numbered(scored):
        here = np.flatnonzero((row >= first) & (row < first + len(scores)))
        for part in np.array_split(here, max(1, len(here) * len(gallery) // _CELLS)):
            by_article[part] += _above(
                scores[row[part] - first],
                true[part, None],
                column_places[None, :],
                column_places[column[part], None],
                axis=1,
            )
        places = row_places[first : first + len(scores)]
        for part in np.array_split(
            np.arange(len(known)), max(1, len(known) * len(scores) // _CELLS)
        ):
            by_image[part] += _above(
                scores[:, column[part]],
                true[None, part],
                places[:, None],
                row_places[row[part]][None, :],
                axis=0,
            )
    ranks = dict(zip(known, zip(by_article.tolist(), by_image.tolist(), strict=True), strict=True))
    found = [(a, i, *ranks.get((a, i), (None, None))) for a, i in pairs]
    margins = dict(zip(articles, margin.tolist(), strict=True))
    return (
        _table(forms.PER_ARTICLE, ((a, rank) for a, _, rank, _ in found), margins),
        _table(forms.PER_IMAGE, ((i, rank) for _, i, _, rank in found)),
    )


def _true_scores(scored: Scored, row: Ints, column: Ints) -> tuple[Float32, Float32]:
    """The scores of the pairs, and every article's margin."""
    true = np.empty(len(row), dtype=np.float32)
    margins = [np.empty(0, np.float32)]
    for first, scores in _numbered(scored):
        if not np.isfinite(scores).all():
            raise UserError(f"{scored.path}: a score is not finite; {AGAIN}")
        here = (row >= first) & (row < first + len(scores))
        true[here] = scores[row[here] - first, column[here]]
        margins.append(_margin(scores))
    return true, np.concatenate(margins)


def _numbered(scored: Scored) -> Iterator[tuple[int, Float32]]:
    """Blocks, with the number of their first row."""
    first = 0
    for ids, scores in scored.blocks():
        yield first, scores
        first += len(ids)


def _places(ids: Sequence[str], ties: Mapping[str, Any]) -> Ints:
    order = sorted(range(len(ids)), key=lambda row: ties[ids[row]])
    places = np.empty(len(ids), dtype=np.int64)
    places[order] = np.arange(len(ids))
    return places


def _above(scores: Float32, true: Float32, places: Ints, own: Ints, axis: int) -> Ints:
    first = (scores > true) | ((scores == true) & (places < own))
    return np.asarray(first.sum(axis=axis), dtype=np.int64)


def _margin(scores: Float32) -> Float32:
    """By how much each row's best score exceeds its second best; 0 where there is but one."""
    if scores.shape[1] < 2:
        return np.zeros(len(scores), np.float32)
    two = np.partition(scores, scores.shape[1] - 2, axis=1)[:, -2:]
    return np.asarray(two[:, 1] - two[:, 0])


def _table(
    schema: pa.Schema,
    found: Iterable[tuple[str, int | None]],
    margin: Mapping[str, float] | None = None,
) -> pa.Table:
    ranks: dict[str, list[int | None]] = {}
    for query, rank in found:
        ranks.setdefault(query, []).append(rank)
    queries = sorted(ranks)
    known = [sorted(rank for rank in ranks[query] if rank is not None) for query in queries]
    columns = [
        queries,
        [len(ranks[query]) for query in queries],
        [each[0] if each else None for each in known],
        [1 / each[0] if each else 0.0 for each in known],
        known,
    ]
    if margin is not None:
        columns.append([margin.get(query) for query in queries])
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
    )
