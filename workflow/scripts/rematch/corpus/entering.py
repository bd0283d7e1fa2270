"""A corpus' files at the door: every row of every file judged, no photo opened yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rematch.corpus.door import Door
from rematch.corpus.layouts import Source, missing_column, read_source
from rematch.corpus.pairing import Pairing
from rematch.corpus.rejects import said_of
from rematch.corpus.spec import CorpusSpec
from rematch.errors import UserError

ARTICLE = ("article_id", "title", "text")
"""What a row of an article has to have."""


def entered(spec: CorpusSpec) -> Door:
    """Every row of every file judged.

    Raises:
        UserError: a file cannot be read, is of no known layout or encoding, lacks a column or is
            broken CSV; no pair of the truth names an article and an image.
    """
    door = Door()
    _enter_articles(spec, door)
    if spec.images is not None:
        source = _read(spec, spec.images, "images", ("image_id",))
        door.open(source, "image")
        door.image_rows.extend((spec.images, row) for row in source.records)
    door.settle_images()
    if spec.truth is not None:
        source = _read(spec, spec.truth, "truth", ("article_id", "image_id"))
        door.open(source, "pair")
        door.pairs.extend((spec.truth, row) for row in source.records)
        _demand_pairs(spec.truth, door)
    return door


def _enter_articles(spec: CorpusSpec, door: Door) -> None:
    """The rows of pairs, or of articles alone."""
    pairs = [_read(spec, path, "pairs", (*ARTICLE, "image_id")) for path in spec.pairs]
    apart = [] if spec.articles is None else [spec.articles]
    articles = [_read(spec, path, "articles", ARTICLE) for path in apart]
    door.two_schemes = any(source.layout.two_schemes for source in (*pairs, *articles))
    for source in pairs:
        door.open(source, "article")
        for row in source.records:
            if door.article(source.path, row):
                door.image_rows.append((source.path, row))
            door.pairs.append((source.path, row))
    for source in articles:
        door.open(source, "article")
        for row in source.records:
            door.article(source.path, row)


def _read(spec: CorpusSpec, path: Path, role: str, needed: Sequence[str]) -> Source:
    """A file that has the columns that its role needs."""
    source = read_source(path, spec.reader())
    for column in source.layout.demanded(needed, role):
        if column not in source.columns:
            raise missing_column(source, column, role)
    return source


def _demand_pairs(truth: Path, door: Door) -> None:
    """Refuse a truth of which no pair can be meant for this corpus."""
    if not door.articles or not door.images:
        return
    said, good = Pairing(door).strangers()
    if not good:
        said = said or said_of(door.rejects, "pair", "article", "image")
        raise UserError(
            f"{truth}: no pair names an article and an image of the corpus, so nothing could be "
            f"evaluated: {said}; correct the ids, or leave `truth` out"
        )
