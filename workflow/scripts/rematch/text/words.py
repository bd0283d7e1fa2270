"""Words as an axis: the query is the first N words of an article, or windows over all of them."""

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


def windows(text: str, size: int, step: int) -> list[str]:
    """Every `size` words of `text`, a new window every `step` words.

    A window begins as long as it adds a word to those before; the last may be shorter. A text
    without words has one window, of none. Raises UserError if a number is below 1.
    """
    if min(size, step) < 1:
        raise UserError(f"words: {size}/{step} is no window; give whole numbers above 0")
    words = text.split()
    starts = [0]
    while starts[-1] + size < len(words) and starts[-1] + step < len(words):
        starts.append(starts[-1] + step)
    return [" ".join(words[start : start + size]) for start in starts]


def view(query: str, words: str) -> list[str]:
    """What is read of an article's whole query: the first N words ("30"), all of them ("all"), or
    windows of 20 words, a new one every 10 ("20s10").
    """
    size, apart, step = words.partition("s")
    if apart:
        return windows(query, int(size), int(step))
    return [first_words(query, None if words == "all" else int(words))]


def query_table(cleaned: pa.Table, fields: str, words: str) -> pa.Table:
    """The queries of a cleaned corpus: `forms.TEXTS` -> `forms.QUERIES`, in the same order.

    `words` is as in `view`; an article has a row a window.
    """
    whole = queries(cleaned["title"].to_pylist(), cleaned["text"].to_pylist(), fields, None)
    made = [
        (article, part)
        for article, query in zip(cleaned["article_id"].to_pylist(), whole, strict=True)
        for part in view(query, words)
    ]
    columns = [[row[at] for row in made] for at in range(2)]
    return pa.table([pa.array(c, pa.string()) for c in columns], schema=forms.QUERIES)


def sweep_queries(
    folder: Path, variants: Iterable[tuple[str, str]], cleanings: Mapping[str, Any]
) -> Iterator[pa.Table]:
    """`forms.QUERIES` of a translation, of the cleanings that are there.

    Args:
        folder: of a translation, with a folder for each cleaning.
        variants: cleaning and words, as in `view`, of each run.
        cleanings: the config's section.
    """
    counts: dict[str, dict[str, None]] = {}
    for cleaning, words in variants:
        counts.setdefault(cleaning, {})[words] = None
    for cleaning, several in counts.items():
        path = folder / cleaning / "cleaned.parquet"
        if path.is_file():
            cleaned = tables.read(path, forms.TEXTS)
            for words in several:
                yield query_table(cleaned, cleanings[cleaning]["fields"], words)
