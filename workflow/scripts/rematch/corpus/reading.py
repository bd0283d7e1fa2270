"""News corpora at the door: from somebody's files to articles, photos, truth and refused rows.

How a file becomes rows is its layout's matter (`corpus.layouts`), what of these comes in the
door's (`corpus.door`), and which pairs are kept is settled last (`corpus.pairing`). The tables of
articles, photos and truth do not depend on the order of rows or files, nor their order on the names
of articles and photos; see `tie_key`. (One exception cannot be helped: of two rows that claim one
id, or give one photo two URLs, the first is kept.)
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from rematch import forms
from rematch.corpus.articles import articles_table, no_article
from rematch.corpus.door import Door
from rematch.corpus.entering import entered
from rematch.corpus.gallery import open_photos
from rematch.corpus.pairing import Pairing
from rematch.corpus.rejects import said_of
from rematch.corpus.spec import CorpusSpec
from rematch.corpus.tables import table_of
from rematch.corpus.ties import tie_key
from rematch.errors import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """What was read. Its tables are of `rematch.forms`."""

    articles: pa.Table
    """`forms.ARTICLES`, sorted by `tie_key("article", ...)`."""
    images: pa.Table
    """`forms.IMAGES`, sorted by `tie_key("photo", ...)`: photos that open."""
    qrels: pa.Table
    """`forms.QRELS`, sorted by ids: pairs whose article and photo are both here."""
    rejects: pa.Table
    """`forms.REJECTS`, sorted by file and line."""
    photos: pa.Table
    """`forms.PHOTOS`, sorted: of the photos that open and whose file's SHA-256 was given."""
    unpaired: pa.Table
    """`forms.UNPAIRED`, sorted by id; empty if no truth was given."""
    counts: dict[str, int]
    """For each of article, image and pair, `<kind>_rows` = `<kind>s` + `<kind>s_repeated` +
    `<kind>s_refused`; blank rows, counted in `<kind>_blank`, are beside these. A row repeats an
    earlier one if it names the same thing again. `articles_refused` and `images_refused` are the
    rejects' rows of that kind, `pairs_refused` also holds pairs whose line was refused."""
    has_truth: bool
    """Whether a truth was given, however many of its pairs were kept."""


def read_corpus(
    spec: CorpusSpec,
    threads: int,
    hashes: Mapping[str, str] | None = None,
    known: Mapping[str, str] | None = None,
) -> Corpus:
    """Read a corpus, opening every photo that is not known.

    Args:
        spec: where it lies and in which layout.
        threads: how many threads decode photos; the result does not depend on it.
        hashes: SHA-256 of the photos' files by file name, to know photos by.
        known: digest of a photo's pixels by the SHA-256 of its file, as an earlier reading by the
            same code found them; with right digests the result does not depend on it.

    Returns:
        The corpus. Photos that are missing are no error: they are refused, and said in one line
        of the log.

    Raises:
        UserError: a file or the folder of photos cannot be read, a file is of no known layout or
            encoding, lacks a column or is broken CSV; no pair of the truth names an article and an
            image.
    """
    door = entered(spec)
    strangers = Pairing(door).strangers()[0] if spec.truth is not None else ""
    if strangers:
        log.warning("%s: %s", spec.truth, strangers)
    open_photos(door, spec.photos, threads, hashes or {}, known or {})
    pairing = Pairing(door)
    pairs = pairing.truth()
    has_truth = bool(spec.pairs) or spec.truth is not None
    unpaired = sorted(pairing.unpaired.items()) if has_truth else []
    return Corpus(
        articles=articles_table(door),
        images=_images_table(door),
        qrels=table_of(pairs, forms.QRELS),
        rejects=table_of(sorted(door.rejects), forms.REJECTS),
        photos=_photos_table(door),
        unpaired=table_of(unpaired, forms.UNPAIRED),
        counts=_counts(door.counts),
        has_truth=has_truth,
    )


def demand_usable(corpus: Corpus, spec: CorpusSpec) -> None:
    """Refuse a corpus with a folder of photos out of which nothing comes.

    Without such a folder there is nothing to look at, and texts can still be prepared.

    Raises:
        UserError: no article, no photo, or no pair of a truth, is left; says why.
    """
    if spec.photos is None:
        return
    count, rejects = corpus.counts, [tuple(row.values()) for row in corpus.rejects.to_pylist()]
    if not corpus.articles.num_rows:
        raise no_article(spec, rejects)
    if not corpus.images.num_rows:
        raise UserError(
            f"{spec.photos}: none of {count['image_rows']:,} rows has a photo there; "
            f"{said_of(rejects, 'image')}"
        )
    if corpus.has_truth and not corpus.qrels.num_rows:
        files = ", ".join(map(str, spec.pairs or [spec.truth]))
        raise UserError(
            f"{files}: none of {count['pair_rows']:,} pairs is left, so nothing can be evaluated; "
            f"{said_of(rejects, 'pair', 'image')}"
        )


def _images_table(door: Door) -> pa.Table:
    rows = [
        (image_id, str(image.file), image.digest)
        for image_id, image in door.images.items()
        if image.digest
    ]
    rows.sort(key=lambda row: tie_key("photo", row[2], row[0]))
    return table_of(rows, forms.IMAGES)


def _photos_table(door: Door) -> pa.Table:
    images = door.images.values()
    return table_of(
        sorted({(image.sha256, image.digest) for image in images if image.sha256 and image.digest}),
        forms.PHOTOS,
    )


def _counts(counter: Counter[str]) -> dict[str, int]:
    return {
        name: counter[name]
        for kind in ("article", "image", "pair")
        for name in (
            f"{kind}_rows",
            f"{kind}_blank",
            f"{kind}s",
            f"{kind}s_repeated",
            f"{kind}s_refused",
        )
    }
