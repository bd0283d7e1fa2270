"""The best photos of every article and the best articles of every photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from rematch import forms
from rematch.errors import AGAIN, UserError
from rematch.match.best import Keys, Places, best, places_of, scores_of, smallest
from rematch.match.scores import Scores, demand_finite


def rank_both(
    similarity: Scores,
    article_ties: Mapping[str, Any],
    image_ties: Mapping[str, Any],
    top: int,
) -> tuple[pa.Table, pa.Table]:
    """The best `top` photos of every article, and the best `top` articles of every photo.

    Equal scores are ordered by the tie keys, never by id, name or position.

    Args:
        similarity: scores [n, m].
        article_ties, image_ties: a sort key for every id.
        top: length of a list; shorter where there is less to rank.

    Returns:
        `forms.RANKING` and `forms.IMAGE_RANKING`, sorted by the query's id and the rank.

    Raises:
        UserError: a score is NaN or infinite, or an id has no tie key.
    """
    images, image_places = _by_tie(similarity.gallery, image_ties, similarity.path)
    articles, article_places = _by_tie(similarity.article_ids, article_ties, similarity.path)
    of_articles = [np.empty((0, min(top, len(images))), dtype=np.uint64)]
    of_images = np.empty((len(images), 0), dtype=np.uint64)
    start = 0
    for ids, scores in similarity.blocks():
        demand_finite(scores, ids, similarity.gallery)
        of_articles.append(best(scores, image_places, top))
        places = article_places[start : start + len(ids)]
        start += len(ids)
        # Only what beats a photo's list so far can enter it.
        floor = scores_of(of_images[:, -1]) if of_images.shape[1] == top else None
        better = best(np.ascontiguousarray(scores.T), places, top, floor)
        of_images = smallest(np.concatenate([of_images, better], axis=1), top)
    to_images = np.concatenate(of_articles)
    return (
        _lists(forms.RANKING, similarity.article_ids, to_images, images),
        _lists(forms.IMAGE_RANKING, similarity.gallery, of_images, articles),
    )


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
