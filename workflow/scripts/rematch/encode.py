"""Encode texts and photos with a pretrained CLIP (Radford et al. 2021), L2-normalised.

Each distinct text and each distinct photo is encoded once. They go through the model in tiles of a
fixed number of rows, the last one filled up, so that no embedding depends on how many others there
are: a batch of one and a batch of 32 differ in the last bits.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from rematch.arrays import Embeddings, Float32
from rematch.errors import UserError
from rematch.models import Encoder
from rematch.photos import open_photo
from rematch.progress import progress

log = logging.getLogger(__name__)
T = TypeVar("T")

TILE = 32
"""Rows that go through the model at once. A constant: another tile means other last digits."""


def encode_texts(queries: pa.Table, encoder: Encoder) -> Embeddings:
    """Embed every article's query.

    Args:
        queries: `tables.QUERIES`.
        encoder: the model.

    Returns:
        One vector an article, in the table's order. How many texts were longer than the model's
        context, and were cut by its tokenizer, is logged and stands in the metadata as `cut`.

    Raises:
        UserError: there is nothing to encode, or the model gave a vector of no length.
    """
    ids, texts = queries["article_id"].to_pylist(), queries["query"].to_pylist()
    if not ids:
        raise UserError("no article to encode: the corpus is empty; see its rejects.parquet")
    tokens = {text: encoder.tokenize(text) for text in sorted(set(texts))}
    # Texts of one length together, since a short one needs a small part of the context's work.
    distinct = sorted(tokens, key=lambda text: (tokens[text].length, text))
    lengths = groupby(distinct, key=lambda text: tokens[text].length)
    batches = (batch for _, group in lengths for batch in _chunks(group))

    def embed(batch: Sequence[str]) -> Float32:
        return _tile([tokens[text].ids for text in batch], encoder.encode_texts)

    vectors = _encode(batches, len(distinct), embed, encoder, "texts")
    at = {text: row for row, text in enumerate(distinct)}
    n_cut = sum(tokens[text].cut for text in texts)
    log.info(
        "%d articles, %d distinct texts, %d texts cut to the model's context",
        len(ids),
        len(distinct),
        n_cut,
    )
    rows = [at[text] for text in texts]
    metadata = {**encoder.identity, "cut": str(n_cut)}
    return Embeddings(tuple(ids), _unit(vectors, distinct)[rows], metadata)


def encode_photos(images: pa.Table, encoder: Encoder, threads: int = 1) -> Embeddings:
    """Embed every photo of the gallery; photos of identical pixels share one vector.

    Photos are opened in `threads` threads ahead of the model; only a few are in memory at a time.

    Args:
        images: `tables.IMAGES`.
        encoder: the model.
        threads: number of threads that open and resize; does not change the result.

    Raises:
        UserError: the gallery is empty, a photo cannot be opened any more, or the model gave a
            vector of no length.
    """
    ids, digests = images["image_id"].to_pylist(), images["digest"].to_pylist()
    if not ids:
        raise UserError(
            "no photo to encode: none of the corpus' photos could be opened; its rejects.parquet "
            "says why, corpora.*.photos names their folder"
        )
    file_of = dict(zip(digests, images["file"].to_pylist(), strict=True))
    distinct = sorted(file_of)

    def prepare(digest: str) -> Any:
        return encoder.preprocess(open_photo(Path(file_of[digest])))

    def embed(batch: Sequence[Any]) -> Float32:
        return _tile(batch, encoder.encode_photos)

    with ThreadPoolExecutor(threads) as pool:
        ready = _ahead(pool, prepare, distinct, 2 * TILE + threads)
        vectors = _encode(_chunks(ready), len(distinct), embed, encoder, "photos")
    at = {digest: row for row, digest in enumerate(distinct)}
    log.info("%d photos, %d distinct", len(ids), len(distinct))
    rows = [at[digest] for digest in digests]
    return Embeddings(tuple(ids), _unit(vectors, distinct)[rows], encoder.identity)


def _encode(
    batches: Iterator[list[T]],
    total: int,
    embed: Callable[[Sequence[T]], Float32],
    encoder: Encoder,
    what: str,
) -> Float32:
    out = np.empty((total, encoder.dimension), dtype=np.float32)
    rows = (row for batch in batches for row in embed(batch))
    for at, row in enumerate(progress(rows, total, "encoding", what)):
        out[at] = row
    return out


def _tile(rows: Sequence[T], embed: Callable[[Sequence[T]], Float32]) -> Float32:
    """Embed up to `TILE` rows as exactly `TILE`, repeating the first."""
    filled = [*rows, *([rows[0]] * (TILE - len(rows)))]
    return embed(filled)[: len(rows)]


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == TILE:
            yield batch
            batch = []
    if batch:
        yield batch


def _ahead(
    pool: ThreadPoolExecutor, function: Callable[[T], Any], items: Sequence[T], depth: int
) -> Iterator[Any]:
    """`map` in order, never more than `depth` results ahead of the reader."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= depth:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _unit(vectors: Float32, names: Sequence[str]) -> Float32:
    """Rows divided by their L2 norm, computed in float64."""
    wide = vectors.astype(np.float64)
    norms = np.sqrt((wide * wide).sum(axis=1, keepdims=True))
    bad = ~np.isfinite(norms[:, 0]) | (norms[:, 0] == 0)
    if bad.any():
        name = names[int(np.flatnonzero(bad)[0])][:80]
        raise UserError(
            f"the model gave {name!r} a vector that is zero or not finite; check the checkpoint"
        )
    unit: Float32 = (wide / norms).astype(np.float32)
    return unit
