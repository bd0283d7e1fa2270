"""Score articles against photos, blend runs, rank.

Scores come blockwise, so that memory holds a block of rows and never the whole matrix. A block has
a fixed number of rows whatever the machine, so the arithmetic is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from threadpoolctl import threadpool_limits

from rematch import forms
from rematch.errors import UserError
from rematch.storage import AGAIN, Block, Embeddings, Float32, Similarity

BLOCK = 512
"""Rows scored at a time."""


def cosine(queries: Float32, gallery: Float32) -> Float32:
    """Cosine of L2-normalised vectors: float32 [n, d] x [m, d] -> float32 [n, m].

    Summed in float64 and rounded once. A float32 sum depends in its last bits on the processor's
    vector width, enough to swap two photos somewhere in a table; the rounded float64 sum does not.
    """
    product = queries.astype(np.float64) @ gallery.astype(np.float64).T
    return product.astype(np.float32)


SCORERS: dict[str, Callable[[Float32, Float32], Float32]] = {"cosine": cosine}
"""Scorers by the name the config uses: (queries [n, d], gallery [m, d]) -> scores [n, m]."""


def score(queries: Embeddings, gallery: Embeddings, scorer: str) -> Iterator[Block]:
    """Scores of every query with the whole gallery, in blocks of `BLOCK` rows.

    Yields:
        Article ids [b] and finite float32 scores [b, m].

    Raises:
        UserError: the two come from different checkpoints, or a score is not finite.
    """
    _same_space(queries.metadata, gallery.metadata)
    function = SCORERS[scorer]
    # One thread: how a product is split over threads changes its last bits.
    with threadpool_limits(1):
        for start in range(0, len(queries.ids), BLOCK):
            ids = queries.ids[start : start + BLOCK]
            block = function(queries.vectors[start : start + BLOCK], gallery.vectors)
            yield ids, _finite(block, ids, gallery.ids)


def blend(members: Sequence[Similarity], weights: Sequence[float]) -> Iterator[Block]:
    """Weighted mean of similarity matrices: sum_i w_i S_i / sum_i w_i (the paper's run 5).

    Rows and columns are matched by id; order and gallery are the first member's. Summed in float64
    and rounded once.

    Args:
        members: at least one, all over the same articles and photos.
        weights: one a member, finite, not negative, not all zero.

    Raises:
        UserError: the members' articles or photos differ, or the weights do not fit.
    """
    if len(members) != len(weights) or not members:
        raise UserError(f"{len(weights)} weights for {len(members)} members; give each member one")
    if not all(np.isfinite(weight) and weight >= 0 for weight in weights) or sum(weights) <= 0:
        raise UserError(f"weights {list(weights)}: they must be finite, not negative, not all zero")
    first = members[0]
    for other in members[1:]:
        for name, left, right in (
            ("articles", first.article_ids, other.article_ids),
            ("photos", first.gallery, other.gallery),
        ):
            if set(left) != set(right):
                raise UserError(f"{first.path} and {other.path} score different {name}; {AGAIN}")
    total = float(sum(weights))
    for ids, block in first.blocks():
        mean = np.zeros(block.shape, dtype=np.float64)
        for member, weight in zip(members, weights, strict=True):
            mean += weight * member.take(ids, first.gallery).astype(np.float64)
        yield ids, (mean / total).astype(np.float32)


def rank(
    similarity: Similarity,
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
        _finite(block, ids, similarity.gallery)
        scores = similarity.take(ids, images)
        keys = _best(scores, np.arange(len(images)), top)
        for article, found in zip(ids, zip(_places(keys), _scores(keys), strict=True), strict=True):
            best_images[article] = found
        places = np.array([article_place[article] for article in ids])
        # Only what beats a photo's list so far can enter it.
        full = best_articles.shape[1] == top
        floor = _scores(best_articles[:, -1]) if full else None
        better = _best(np.ascontiguousarray(scores.T), places, top, floor)
        best_articles = _smallest(np.concatenate([best_articles, better], axis=1), top)

    to_images = _ranking(forms.RANKING, {a: best_images[a] for a in sorted(best_images)}, images)
    lists = zip(_places(best_articles), _scores(best_articles), strict=True)
    by_image = dict(sorted(zip(images, lists, strict=True), key=lambda item: item[0]))
    return to_images, _ranking(forms.IMAGE_RANKING, by_image, articles)


def submission(
    ranking: pa.Table, columns: int = 100, written: Callable[[str], str] = lambda item: item
) -> str:
    """The benchmark's run file: TSV, header `articleID iid1 ... iid<columns>`, a row an article.

    The rank is the column's position. A gallery with fewer photos leaves the last columns empty,
    since the official evaluator expects all of them. Articles stand by the ids that `written`
    gives for the table's, and in their order.
    """
    lists: dict[str, dict[int, str]] = {}
    for row in ranking.to_pylist():
        lists.setdefault(written(row["article_id"]), {})[row["rank"]] = row["image_id"]
    lines = ["\t".join(["articleID", *(f"iid{rank}" for rank in range(1, columns + 1))])]
    for article in sorted(lists):
        photos = (lists[article].get(rank, "") for rank in range(1, columns + 1))
        lines.append("\t".join([article, *photos]))
    return "\n".join(lines) + "\n"


def _same_space(queries: Mapping[str, str], gallery: Mapping[str, str]) -> None:
    for key in ("checkpoint_sha256", "precision"):
        if queries.get(key) != gallery.get(key):
            raise UserError(
                f"texts and photos were encoded with different models ({key} {queries.get(key)} "
                f"and {gallery.get(key)}); delete the older embeddings to have them made again"
            )


def _finite(block: Float32, articles: Sequence[str], images: Sequence[str]) -> Float32:
    finite = np.isfinite(block)
    if not finite.all():
        row, column = (int(index[0]) for index in np.nonzero(~finite))
        raise UserError(
            f"score of article {articles[row]!r} with photo {images[column]!r} is "
            f"{block[row, column]}; a score that is not finite is not ranked: mend what made it"
        )
    return block


def _by_tie(ids: Sequence[str], ties: Mapping[str, Any], path: str) -> list[str]:
    missing = [item for item in ids if item not in ties]
    if missing:
        raise UserError(f"{path}: {missing[0]!r} is not in the corpus; {AGAIN}")
    return sorted(ids, key=ties.__getitem__)


_NONE = np.uint64(2**64 - 1)
"""Greater than the key of any finite score."""


def _keys(scores: Float32, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """One integer a cell, ascending = better score, then smaller place: no two in a row are equal.

    The bits of a float32 order like the number once negative ones are flipped; the place of the
    column (its rank by tie key) fills the low 32 bits.
    """
    # Adding zero turns -0.0 into 0.0: they are the same score and must tie.
    bits = np.ascontiguousarray(scores + np.float32(0)).view(np.uint32)
    ascending = np.where(bits >> 31 == 0, bits | np.uint32(0x80000000), ~bits)
    return (~ascending).astype(np.uint64) << np.uint64(32) | places.astype(np.uint64)


def _best(
    scores: Float32, places: npt.NDArray[np.int64], k: int, floor: Float32 | None = None
) -> npt.NDArray[np.uint64]:
    """The keys of each row's k best cells, best first, padded with `_NONE` where there are fewer.

    The k-th best of a part of a row bounds the k-th best of the whole from below, so most cells
    are passed over by one comparison, without a key. `floor`: a bound known beforehand.
    """
    n = scores.shape[1]
    part = n // 8
    if floor is None and part < 4 * k:
        return _smallest(_keys(scores, places), k)
    if floor is None:
        floor = np.partition(scores[:, :part], part - k, axis=1)[:, part - k]
    rows, columns = np.nonzero(scores >= floor[:, None])
    counts = np.bincount(rows, minlength=len(scores))
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = np.full((len(scores), int(counts.max(initial=0))), _NONE)
    keys[rows, within] = _keys(scores[rows, columns], places[columns])
    return _smallest(keys, k)


def _smallest(keys: npt.NDArray[np.uint64], k: int) -> npt.NDArray[np.uint64]:
    if 0 < k < keys.shape[1]:
        keys = np.partition(keys, k - 1, axis=1)[:, :k]
    return np.sort(keys, axis=1)


def _places(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _scores(keys: npt.NDArray[np.uint64]) -> Float32:
    ascending = ~(keys >> np.uint64(32)).astype(np.uint32)
    bits = np.where(ascending >> 31 == 1, ascending & np.uint32(0x7FFFFFFF), ~ascending)
    return bits.astype(np.uint32).view(np.float32)


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
