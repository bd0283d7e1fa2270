"""Rankings straight from arrays: for a notebook or another project."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rematch.errors import UserError
from rematch.forms import Embeddings
from rematch.match.ranking import rank_both
from rematch.match.scoring import scored


def rank(
    texts: npt.ArrayLike,
    photos: npt.ArrayLike,
    article_ids: Sequence[str] | None = None,
    image_ids: Sequence[str] | None = None,
    *,
    scorer: str = "cosine",
    bank: npt.ArrayLike | None = None,
    top: int = 100,
    threads: int = 1,
    **given: Any,
) -> pa.Table:
    """The best `top` photos of every text.

    Equal scores are ordered by a hash of the photo's vector, and by id only among equal vectors.

    Args:
        texts: vectors [n, d] of any length; they are brought to length 1.
        photos: vectors [m, d] of the same model.
        article_ids, image_ids: distinct; by default "0", "1", and so on.
        scorer: its name, one of `methods("scorers")`, and `given` its parameters.
        bank: for scorers that look at texts of another corpus, their vectors [k, d].
        threads: that work at once; they change nothing but the time.

    Returns:
        `forms.RANKING`: `article_id`, `rank` (from 1), `image_id`, `score`.

    Raises:
        UserError: the arrays do not fit each other or their ids, hold NaN, infinity or a vector of
            length 0; or there is no such scorer.
    """
    if not top > 0:
        raise UserError(f"top: {top} is no length of a list; give at least 1")
    queries = _embeddings("texts", texts, article_ids)
    gallery = _embeddings("photos", photos, image_ids)
    if queries.width != gallery.width:
        raise UserError(
            f"texts have {queries.width} dimensions and photos {gallery.width}; "
            "encode both with one model"
        )
    others = (
        None if bank is None else gallery if bank is photos else _embeddings("bank", bank, None)
    )
    scores = scored(queries, gallery, scorer, others, **given)
    return rank_both(scores, _ties(queries), _ties(gallery), top, threads)[0]


def _embeddings(what: str, given: npt.ArrayLike, ids: Sequence[str] | None) -> Embeddings:
    vectors = np.asarray(given, dtype=np.float64)
    if vectors.ndim != 2:
        raise UserError(f"{what}: {vectors.ndim} dimensions; give an array of vectors [n, d]")
    names = tuple(map(str, range(len(vectors)) if ids is None else ids))
    if len(names) != len(vectors):
        raise UserError(f"{what}: {len(names)} ids for {len(vectors)} vectors; give each one id")
    if len(set(names)) != len(names):
        raise UserError(f"{what}: an id stands twice; give each vector its own")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    wrong = np.flatnonzero(~(np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)))
    if wrong.size:
        raise UserError(f"{what}: {names[wrong[0]]!r} is NaN, infinite or 0; leave it out")
    return Embeddings(names, np.ascontiguousarray(vectors / lengths, dtype=np.float32), {})


def _ties(embeddings: Embeddings) -> dict[str, tuple[bytes, str]]:
    rows = zip(embeddings.ids, embeddings.vectors, strict=True)
    return {name: (hashlib.sha256(row.tobytes()).digest(), name) for name, row in rows}
