"""The order of articles and photos that content does not decide.

Apart from all that reads a corpus: each run's ranking asks for it, and for nothing else here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa


def article_digest(title: str, text: str) -> str:
    """SHA-256, in hexadecimal, of title, NUL and text in UTF-8."""
    return hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()


def tie_key(kind: Literal["article", "photo"], digest: str, item_id: str) -> bytes:
    """The place of an article or a photo in every order that content does not decide.

    A corpus' files are often sorted alike, articles and photos both by date: in NewsImages 2021
    the nearness of two row numbers, or of two ids, alone finds most photos. An order that came
    from there would leak the truth into every score tie. So tables are sorted, and ties broken,
    by keyed hashes (BLAKE2b): of the content's digest first, of the id only between equal
    contents. Renaming or shuffling everything then changes nothing, except among identical
    contents. Articles and photos have different keys, so that one order says nothing about the
    other even where ids, or digests, were alike.

    Args:
        kind: "article" or "photo"; it is the key.
        digest: `article_digest`, or `photos.pixels_digest` of the photo.
        item_id: the article's or the photo's id.

    Returns:
        32 bytes, to be compared as bytes; different for different ids.
    """
    key = kind.encode()
    content = hashlib.blake2b(digest.encode(), digest_size=16, key=key)
    name = hashlib.blake2b(item_id.encode(), digest_size=16, key=key)
    return content.digest() + name.digest()


def tie_keys(kind: Literal["article", "photo"], table: pa.Table) -> dict[str, bytes]:
    """The `tie_key` of every row of `forms.ARTICLES` or `forms.IMAGES`, by id."""
    ids = table["article_id" if kind == "article" else "image_id"].to_pylist()
    digests = table["digest"].to_pylist()
    return {item: tie_key(kind, digest, item) for item, digest in zip(ids, digests, strict=True)}
