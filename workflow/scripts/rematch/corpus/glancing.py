"""A corpus at a glance: all its tables read, its photos found, and none of them opened.

For people who want to know what a configuration would read. Of the truth only a count comes out.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from rematch import forms
from rematch.corpus.entering import entered
from rematch.corpus.gallery import find_photos
from rematch.corpus.layouts import header_of, shown
from rematch.corpus.pairing import Pairing
from rematch.corpus.rejects import reject_counts
from rematch.corpus.spec import CorpusSpec
from rematch.corpus.tables import table_of


@dataclass(frozen=True)
class Glance:
    """What can be told of a corpus without opening a photo.

    Attributes:
        layouts: of each table, the name of its layout.
        articles: id, title and text of each article, in the order of the files.
        images: how many photos the tables name.
        photos: how many of them have a file.
        urls: how many of those without a file have a URL.
        pairs: how many pairs are known, of articles and photos that are there; None: no truth.
        rows: how many rows name articles.
        refused: how many rows were refused, by kind and reason.
    """

    layouts: dict[Path, str]
    articles: list[tuple[str, str, str]]
    images: int
    photos: int
    urls: int
    pairs: int | None
    rows: int
    refused: dict[tuple[str, str], int]


def glance(spec: CorpusSpec) -> Glance:
    """Look at a corpus.

    Raises:
        UserError: as `read_corpus`, but for what is found out by opening photos.
    """
    log = logging.getLogger(find_photos.__module__)
    before, log.disabled = log.disabled, True  # what is missing is told by the counts
    try:
        door = entered(spec)
        found = find_photos(door, spec.photos)
    finally:
        log.disabled = before
    for _, image, _ in found:
        image.digest = "not opened"
    pairs = Pairing(door).truth()
    rejects = reject_counts(_rejects(door.rejects)).to_pylist()
    tables = [path for path in (*spec.pairs, spec.articles, spec.images, spec.truth) if path]
    return Glance(
        layouts={path: spec.layout or shown(path, header_of(path)) or "" for path in tables},
        articles=[(each.article_id, each.title, each.text) for each in door.articles.values()],
        images=len(door.images),
        photos=len(found),
        urls=sum(bool(image.url) and not image.digest for image in door.images.values()),
        pairs=len(pairs) if spec.pairs or spec.truth is not None else None,
        rows=door.counts["article_rows"],
        refused=Counter({(row["kind"], row["reason"]): row["rows"] for row in rejects}),
    )


def _rejects(rows: list[tuple[str, int, str, str, str]]) -> pa.Table:
    return table_of(sorted(rows), forms.REJECTS)
