"""The best photos of every article and the best articles of every photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.errors import AGAIN, UserError
from rematch.forms import Float32, Scored
from rematch.match.best import Keys, Places, places_of, scores_of
from rematch.match.dots import Numbers
from rematch.match.factors import Factored
from rematch.match.searching import Search
from rematch.match.standing import Wanted


def rank_both(
    scores: Scored,
    article_ties: Mapping[str, Any],
    image_ties: Mapping[str, Any],
    top: int,
    threads: int = 1,
) -> tuple[pa.Table, pa.Table]:
    """The best `top` photos of every article, and the best `top` articles of every photo.

    Equal scores are ordered by the tie keys, never by id, name or position.

    Args:
        scores: [n, m].
        article_ties, image_ties: a sort key for every id.
        top: length of a list; shorter where there is less to rank.
        threads: that work at once; they change nothing but the time.

    Returns:
        `forms.RANKING` and `forms.IMAGE_RANKING`, sorted by the query's id and the rank.

    Raises:
        UserError: a score is NaN or infinite, or an id has no tie key.
    """
    images, image_places = _by_tie(scores.gallery, image_ties, scores.path)
    articles, article_places = _by_tie(scores.article_ids, article_ties, scores.path)
    to_images = np.empty((len(articles), min(top, len(images))), dtype=np.uint64)

    def written(rows: Numbers, keys: Keys) -> None:
        to_images[rows] = keys

    search = Search(
        scores, article_places, image_places, top, top, threads=threads, written=written
    )
    of_images, _ = search.run()
    return (
        _lists(forms.RANKING, scores.article_ids, to_images, images),
        _lists(forms.IMAGE_RANKING, scores.gallery, of_images, articles),
    )


@dataclass(frozen=True)
class Stands:
    """Where pairs of articles and photos stand.

    Attributes:
        scores: of each pair, float32 [p].
        among_images: 1 + the photos that come before it for the article, int64 [p].
        among_articles: 1 + the articles that come before it for the photo.
        margins: by how much each article's best score exceeds its second best, 0 where there is
            but one photo: float32 [n], in the order of the articles.
    """

    scores: Float32
    among_images: Numbers
    among_articles: Numbers
    margins: Float32


def where_stand(
    scores: Scored,
    pairs: Sequence[tuple[str, str]],
    article_ties: Mapping[str, Any],
    image_ties: Mapping[str, Any],
    threads: int = 1,
) -> Stands:
    """The exact ranks of pairs in the whole gallery, by the order of `rank_both`, in one pass.

    Args:
        scores: [n, m].
        pairs: article and photo, both among those of the scores.
        article_ties, image_ties, threads: as in `rank_both`.

    Raises:
        UserError: a score is NaN or infinite, or an id has no tie key.
    """
    _, image_places = _by_tie(scores.gallery, image_ties, scores.path)
    _, article_places = _by_tie(scores.article_ids, article_ties, scores.path)
    row = {item: at for at, item in enumerate(scores.article_ids)}
    column = {item: at for at, item in enumerate(scores.gallery)}
    rows = np.array([row[article] for article, _ in pairs], dtype=np.int64)
    columns = np.array([column[image] for _, image in pairs], dtype=np.int64)
    wanted = Wanted(rows, columns, exact_scores(scores, rows, columns))
    margins = np.zeros(len(row), dtype=np.float32)

    def written(rows: Numbers, keys: Keys) -> None:
        if keys.shape[1] > 1:
            two = scores_of(keys)
            margins[rows] = two[:, 0] - two[:, 1]

    found = Search(
        scores, article_places, image_places, 2, 0, wanted, threads=threads, written=written
    ).run()[1]
    assert found is not None
    return Stands(wanted.scores, found.by_row, found.by_column, margins)


def exact_scores(scores: Scored, rows: Numbers, columns: Numbers) -> Float32:
    """The scores of pairs by number, float32 [p]."""
    if isinstance(scores, Factored):
        return scores.exact(rows, columns)
    found = np.empty(len(rows), dtype=np.float32)
    first = 0
    for ids, block in scores.blocks():
        here = (rows >= first) & (rows < first + len(ids))
        found[here] = block[rows[here] - first, columns[here]]
        first += len(ids)
    return found + np.float32(0)


def _by_tie(ids: Sequence[str], ties: Mapping[str, Any], path: str) -> tuple[list[str], Places]:
    """The ids in the order of their tie keys, and the place in it of each of `ids`: int64 [n]."""
    missing = [item for item in ids if item not in ties]
    if missing:
        raise UserError(f"{path}: {missing[0]!r} is not in the corpus; {AGAIN}")
    order = sorted(range(len(ids)), key=lambda row: ties[ids[row]])
    places = np.empty(len(ids), dtype=np.int64)
    places[order] = np.arange(len(ids))
    return [ids[row] for row in order], places


def _lists(
    schema: pa.Schema, queries: Sequence[str], keys: Keys, documents: Sequence[str]
) -> pa.Table:
    """A table of `schema` with the best documents of each query.

    Args:
        schema: names the columns of query, rank, document and score.
        queries: n ids.
        keys: of each query's best documents, best first: uint64 [n, k].
        documents: ids, by the places in the keys.
    """
    order = sorted(range(len(queries)), key=queries.__getitem__)
    n, k = keys.shape
    keys = keys[order].reshape(-1)
    columns = [
        pa.array([queries[row] for row in order], pa.string()).take(
            pa.array(np.repeat(np.arange(n), k))
        ),
        pa.array(np.tile(np.arange(1, k + 1, dtype=np.int32), n)),
        pa.array(documents, pa.string()).take(pa.array(places_of(keys))),
        pa.array(scores_of(keys)),
    ]
    return pa.table(columns, schema=schema)
