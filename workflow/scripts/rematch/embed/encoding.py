"""Encode texts and photos with a pretrained CLIP (Radford et al. 2021), L2-normalised.

Each distinct text and each distinct photo is encoded once, and its vector kept under a key of its
content: a text's digest, a photo's pixels' digest. What is kept is not encoded again, whichever
word count, cleaning or article asks for it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from rematch.corpus import opened
from rematch.embed.models import Encoder, chunks
from rematch.embed.unit import together, unit
from rematch.embed.views import PICTURES, VIEWS
from rematch.errors import UserError
from rematch.forms import Block, Embeddings, Float32
from rematch.storage import Store, Vectors, gathered, progress

log = logging.getLogger(__name__)
T = TypeVar("T")

BLOCK = 4096
"""Vectors that are written at once."""
PART = 16384
"""Texts that are tokenized at once."""


def text_key(text: str) -> str:
    """What a text's vector is kept under: its SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


CUT = "+"
"""Ends the key of a text that is longer than the model's context, and was cut."""


def _by_text(known: Store | Embeddings | None) -> dict[str, str]:
    """The keys that vectors are kept under, by `text_key`."""
    if known is None:
        return {}
    keys = known.ids if isinstance(known, Embeddings) else known.keys
    return {key.removesuffix(CUT): key for key in keys}


def made_by(params: Any) -> str:
    """A digest of all that a vector depends on but the text or photo: of a rule's parameters."""
    names = ("model", "methods", "weights", "encoding", "software", "code")
    parts = {name: getattr(params, name) for name in names}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def kept(path: Path, made_by: str) -> Store | None:
    """The vectors of an earlier run, if it was made by the same code, model and packages."""
    try:
        store = Store(path)
    except UserError as error:  # not there, or damaged
        if path.exists():
            log.warning("kept vectors: %s", error)
        return None
    if store.metadata.get("made_by") != made_by:
        return None
    if store.damaged:
        log.warning("%s: %d blocks are damaged; their vectors are made anew", path, store.damaged)
    return store


def text_vectors(
    texts: Iterable[str],
    known: Store | None,
    load: Callable[[], Encoder],
    made_by: str = "",
) -> Vectors:
    """Vectors of texts by `text_key`, with `CUT` behind it where the model's context was too short
    for the text: those known already, and the others encoded.

    Args:
        texts: texts, distinct or not.
        known: vectors of earlier.
        load: gives the model; called only if a text is not known.
        made_by: noted in the metadata.

    Raises:
        UserError: there is no text, or the model gave a vector of no length.
    """
    wanted = {text_key(text): text for text in texts}
    if not wanted:
        raise UserError("no article to encode: the corpus is empty; see its rejects.parquet")
    if known is not None and wanted.keys() <= _by_text(known).keys():
        return Vectors(known.width, known.metadata, known.blocks())
    encoder = load()
    known = _of_same(encoder, known)
    keys = wanted.keys() - _by_text(known).keys()
    # Texts that begin alike stand together, and only a part of all has its tokens in memory.
    new = sorted((wanted[key], key) for key in keys)
    log.info("%d distinct texts, %d of them new", len(wanted), len(new))

    def encoded() -> Iterator[Block]:
        n_cut = 0
        for part in chunks(new, PART):
            tokens = [encoder.tokenize(text) for text, _ in part]
            n_cut += sum(token.cut for token in tokens)
            for numbers, vectors in encoder.encode_texts(tokens):
                texts = [part[number][0] for number in numbers]
                cut = (CUT if tokens[number].cut else "" for number in numbers)
                keys = [f"{part[n][1]}{mark}" for n, mark in zip(numbers, cut, strict=True)]
                yield keys, unit(vectors, texts)
        if n_cut:
            log.info("cut to the model's context: %d of the texts", n_cut)

    metadata = {**encoder.identity, "made_by": made_by}
    blocks = _shown(encoded(), len(new), "texts")
    old = known.blocks() if known else iter(())
    return Vectors(encoder.dimension, metadata, chain(old, blocks))


def photo_vectors(
    images: pa.Table,
    known: Store | None,
    load: Callable[[], Encoder],
    threads: int = 1,
    made_by: str = "",
    view: str = "crop",
) -> Vectors:
    """Vectors of photos by their pixels' digest: those known already, and the others encoded.

    Only a few photos are in memory at a time.

    Args:
        images: `forms.IMAGES`.
        known: vectors of earlier.
        load: gives the model; called only if a photo is not known.
        threads: that open, resize and compute; their number does not change the result.
        made_by: noted in the metadata.
        view: one of `views.VIEWS`.

    Raises:
        UserError: the gallery is empty, a photo cannot be opened any more, or the model gave a
            vector of no length.
    """
    digests, files = images["digest"].to_pylist(), images["file"].to_pylist()
    if not digests:
        raise UserError(
            "no photo to encode: none of the corpus' photos could be opened; its rejects.parquet "
            "says why, corpora.*.photos names their folder"
        )
    file_of = dict(zip(digests, files, strict=True))
    if known is not None and file_of.keys() <= known.keys:
        return Vectors(known.width, known.metadata, known.blocks())
    encoder = load()
    known = _of_same(encoder, known)
    new = sorted(file_of.keys() - (known.keys if known else set()))
    log.info("%d distinct photos, %d of them new", len(file_of), len(new))

    def prepare(picture: tuple[str, int]) -> Any:
        with opened(Path(file_of[picture[0]]), encoder.enough) as photo:
            return encoder.prepare(VIEWS[view](photo)[picture[1]])

    def encoded() -> Iterator[Block]:
        pictures = [(digest, number) for digest in new for number in range(PICTURES[view])]
        start = 0
        for vectors in encoder.encode_photos(pictures, prepare, threads):
            keys = [digest for digest, _ in pictures[start : start + len(vectors)]]
            start += len(vectors)
            yield keys, unit(vectors, keys)

    metadata = {**encoder.identity, "made_by": made_by}
    blocks = _shown(together(encoded()), len(new), "photos")
    old = known.blocks() if known else iter(())
    return Vectors(encoder.dimension, metadata, chain(old, blocks))


def missing_texts(queries: pa.Table, known: Store | None) -> bool:
    """Whether a text of `forms.QUERIES` is not known."""
    keys = {text_key(text) for text in queries["query"].to_pylist()}
    return known is None or not keys <= _by_text(known).keys()


def text_embeddings(queries: pa.Table, known: Store | Embeddings) -> Vectors:
    """Of every article's query its vector, in the table's order; of windows, the mean of theirs.

    Args:
        queries: `forms.QUERIES`.
        known: vectors of `text_vectors`, of all of them.

    Returns:
        The vectors; `cut` in their metadata says how many of the texts were cut.
    """
    by_text = _by_text(known)
    keys = [by_text[text_key(text)] for text in queries["query"].to_pylist()]
    log.info("%d articles, %d distinct texts", len(keys), len(set(keys)))
    if cut := sum(key.endswith(CUT) for key in keys):
        log.info("cut to the model's context: %d of the texts", cut)
    articles = queries["article_id"].to_pylist()
    if len(set(articles)) < len(articles):
        found = _averaged(articles, keys, known)
    else:
        found = _picked(articles, keys, known)
    return replace(found, metadata={**found.metadata, "cut": str(cut)})


def photo_embeddings(images: pa.Table, known: Store | Embeddings) -> Vectors:
    """Of every photo of the gallery its vector, in the table's order; twins share one.

    Args:
        images: `forms.IMAGES`.
        known: vectors by digest, of all of them.
    """
    ids, digests = images["image_id"].to_pylist(), images["digest"].to_pylist()
    return _picked(ids, digests, known)


def encode_texts(queries: pa.Table, encoder: Encoder) -> Embeddings:
    """`text_embeddings` in memory, with nothing known."""
    texts = queries["query"].to_pylist()
    return gathered(text_embeddings(queries, gathered(text_vectors(texts, None, lambda: encoder))))


def encode_photos(images: pa.Table, encoder: Encoder, threads: int = 1) -> Embeddings:
    """`photo_embeddings` in memory, with nothing known."""
    known = gathered(photo_vectors(images, None, lambda: encoder, threads))
    return gathered(photo_embeddings(images, known))


def _picked(
    ids: Sequence[str],
    keys: Sequence[str],
    source: Store | Embeddings,
) -> Vectors:
    """Under each id the vector of its key, read as they are written."""
    starts = range(0, len(ids), BLOCK)
    pairs = ((ids[start : start + BLOCK], keys[start : start + BLOCK]) for start in starts)
    blocks = ((names, source.take(wanted)) for names, wanted in pairs)
    return Vectors(source.width, source.metadata, blocks)


def _averaged(articles: Sequence[str], keys: Sequence[str], source: Store | Embeddings) -> Vectors:
    """Under each article the mean of its windows' vectors, brought to length 1.

    Args:
        articles: an article as often as it has windows, one after the other.
        keys: of the windows.
        source: vectors by key.
    """
    starts = [at for at, item in enumerate(articles) if not at or item != articles[at - 1]]
    ends = [*starts[1:], len(articles)]

    def blocks() -> Iterator[Block]:
        for first in range(0, len(starts), BLOCK):
            begin, end = starts[first : first + BLOCK], ends[first : first + BLOCK]
            names = [articles[at] for at in begin]
            parts = source.take(keys[begin[0] : end[-1]]).astype(np.float64)
            sums = np.add.reduceat(parts, [at - begin[0] for at in begin], axis=0)
            yield names, unit(sums, names)

    return Vectors(source.width, source.metadata, blocks())


def _of_same(encoder: Encoder, known: Store | None) -> Store | None:
    """What is known, if this model, computing as it does here, made it."""
    if known is None:
        return None
    same = all(known.metadata.get(key) == value for key, value in encoder.identity.items())
    return known if same else None


def _shown(blocks: Iterable[Block], total: int, what: str) -> Iterator[Block]:
    """The same blocks, with progress, put together to blocks of a size to be read well."""
    rows = ((name, row) for names, block in blocks for name, row in zip(names, block, strict=True))
    names: list[str] = []
    vectors: list[Float32] = []
    for name, row in progress(rows, total, "encoding", what):
        names.append(name)
        vectors.append(row)
        if len(names) == BLOCK:
            yield names, np.stack(vectors)
            names, vectors = [], []
    if names:
        yield names, np.stack(vectors)
