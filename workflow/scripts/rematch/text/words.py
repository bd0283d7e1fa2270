"""Word counts as an axis: the query is the first N words of an article."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from rematch import forms
from rematch.errors import UserError
from rematch.storage import tables

FIELDS = ("both", "title", "text")
"""Which parts of an article make its query."""


def first_words(text: str, n: int | None) -> str:
    """The first `n` words of `text` (all if None), joined by one space.

    A word is what white space separates, so punctuation counts with the word it stands at.
    Raises UserError if `n` is negative.
    """
    if n is not None and n < 0:
        raise UserError(f"words: {n} is negative; give a count of words, or null for all of them")
    return " ".join(text.split()[:n])


def queries(titles: Sequence[str], texts: Sequence[str], fields: str, n: int | None) -> list[str]:
    """The first `n` words of each article's `fields`: "both" (title, then text), "title", "text".

    `titles` and `texts` hold one string an article, in the same order; the answer keeps it. A
    part that is empty adds no space. Raises UserError for other `fields`, ValueError if the two
    differ in length.
    """
    if fields not in FIELDS:
        raise UserError(f"fields: {fields!r} is unknown; known are {', '.join(FIELDS)}")
    made = []
    for title, text in zip(titles, texts, strict=True):
        parts = {"both": (title, text), "title": (title,), "text": (text,)}[fields]
        made.append(first_words(" ".join(parts), n))
    return made


def query_table(cleaned: pa.Table, fields: str, n: int | None) -> pa.Table:
    """`queries` of a cleaned corpus: `forms.TEXTS` -> `forms.QUERIES`, in the same order."""
    made = queries(cleaned["title"].to_pylist(), cleaned["text"].to_pylist(), fields, n)
    return pa.table({"article_id": cleaned["article_id"], "query": made}, schema=forms.QUERIES)


def sweep_queries(
    folder: Path, variants: Iterable[tuple[str, str]], cleanings: Mapping[str, Any]
) -> Iterator[pa.Table]:
    """`forms.QUERIES` of a translation, of the cleanings that are there.

    Args:
        folder: of a translation, with a folder for each cleaning.
        variants: cleaning and word count, or "all", of each run.
        cleanings: the config's section.
    """
    counts: dict[str, dict[str, None]] = {}
    for cleaning, words in variants:
        counts.setdefault(cleaning, {})[words] = None
    for cleaning, several in counts.items():
        path = folder / cleaning / "cleaned.parquet"
        if path.is_file():
            cleaned = tables.read(path, forms.TEXTS)
            for n in several:
                count = None if n == "all" else int(n)
                yield query_table(cleaned, cleanings[cleaning]["fields"], count)
