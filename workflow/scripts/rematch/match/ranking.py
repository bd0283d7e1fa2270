"""The best photos of every article and the best articles of every photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rematch import forms
from rematch.errors import AGAIN, UserError
from rematch.forms import Float32
from rematch.match.best import best, places_of, scores_of, smallest
from rematch.match.scores import Scores, demand_finite


def rank(
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
    images = _by_tie(similarity.gallery, image_ties, similarity.path)
    articles = _by_tie(similarity.article_ids, article_ties, similarity.path)
    article_place = {article: place for place, article in enumerate(articles)}

    best_images: dict[str, tuple[npt.NDArray[np.int64], Float32]] = {}
    best_articles = np.empty((len(images), 0), dtype=np.uint64)
    for ids, block in similarity.blocks():
        demand_finite(block, ids, similarity.gallery)
        scores = similarity.take(ids, images)
        keys = best(scores, np.arange(len(images)), top)
        for article, found in zip(
            ids, zip(places_of(keys), scores_of(keys), strict=True), strict=True
        ):
            best_images[article] = found
        places = np.array([article_place[article] for article in ids])
        # Only what beats a photo's list so far can enter it.
        full = best_articles.shape[1] == top
        floor = scores_of(best_articles[:, -1]) if full else None
        better = best(np.ascontiguousarray(scores.T), places, top, floor)
        best_articles = smallest(np.concatenate([best_articles, better], axis=1), top)

    to_images = _ranking(forms.RANKING, {a: best_images[a] for a in sorted(best_images)}, images)
    lists = zip(places_of(best_articles), scores_of(best_articles), strict=True)
    by_image = dict(sorted(zip(images, lists, strict=True), key=lambda item: item[0]))
    return to_images, _ranking(forms.IMAGE_RANKING, by_image, articles)


def _by_tie(ids: Sequence[str], ties: Mapping[str, Any], path: str) -> list[str]:
    missing = [item for item in ids if item not in ties]
    if missing:
        raise UserError(f"{path}: {missing[0]!r} is not in the corpus; {AGAIN}")
    return sorted(ids, key=ties.__getitem__)


def _ranking(
    schema: pa.Schema,
    lists: Mapping[str, tuple[npt.NDArray[np.int64], Float32]],
    documents: Sequence[str],
) -> pa.Table:
    query, _, document, _ = schema.names
    lengths = [len(places) for places, _ in lists.values()]
    names = np.array(documents, dtype=object)
    empty_places, empty_scores = np.empty(0, np.int64), np.empty(0, np.float32)
    places = np.concatenate([empty_places, *(places for places, _ in lists.values())])
    scores = np.concatenate([empty_scores, *(scores for _, scores in lists.values())])
    columns = {
        query: np.repeat(np.array(list(lists), dtype=object), lengths),
        "rank": np.concatenate([np.arange(1, n + 1) for n in lengths]) if lengths else [],
        document: names[places] if len(places) else [],
        "score": scores,
    }
    return pa.table(
        [pa.array(columns[name], schema.field(name).type) for name in schema.names], schema=schema
    )
