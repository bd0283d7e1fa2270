"""News corpora at the door: from somebody's files to articles, photos, truth and refused rows.

How a file becomes rows is its layout's matter (`corpus.layouts`), what of these comes in the
door's (`corpus.door`), and which pairs are kept is settled last (`corpus.pairing`). The tables of
articles, photos and truth do not depend on the order of rows or files, nor their order on the names
of articles and photos; see `tie_key`. (One exception cannot be helped: of two rows that claim one
id, or give one photo two URLs, the first is kept.)
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from rematch import forms
from rematch.corpus import names
from rematch.corpus.door import Door, Kind, is_file_name, reason_class as reason_class
from rematch.corpus.identities import TWO_SCHEMES, benchmark_id
from rematch.corpus.layouts import (
    GENERIC,
    LAYOUTS,
    Generic,
    Source,
    missing_column,
    read_newsimages2021 as read_newsimages2021,
    read_source,
)
from rematch.corpus.pairing import Pairing
from rematch.errors import UserError
from rematch.storage import tables

log = logging.getLogger(__name__)

REJECT_COUNTS = pa.schema([("kind", pa.string()), ("reason", pa.string()), ("rows", pa.int64())])
"""Refused things by kind and class of reason."""

IMAGE_URLS = pa.schema(
    [
        ("image_id", pa.string()),
        ("url", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("others", pa.int64()),
    ]
)
"""Where photos can be fetched. `file`, `line`: the row that names the photo first; `others`: rows
that give it another URL, which is not used."""


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


@dataclass(frozen=True)
class CorpusSpec:
    """Where a corpus lies: files of pairs, or one of articles and one of images.

    Raises:
        UserError: neither or both of these are given, `truth` stands beside `pairs`, the layout is
            unknown, or `generic` lacks columns or stands without its layout.
    """

    pairs: tuple[Path, ...] = ()
    """Files with an article and its photo in each row; they hold the truth themselves."""
    articles: Path | None = None
    images: Path | None = None
    truth: Path | None = None
    """Pairs for `articles` and `images`: any file with an article id and an image id."""
    photos: Path | None = None
    """Folder of the photos' files; None: there are none, all photos are refused."""
    layout: str | None = None
    """A name in `layouts.LAYOUTS`, or `layouts.GENERIC`; None: each file's header shows it."""
    generic: Generic | None = None
    """What `layouts.GENERIC` needs to know; with that layout only."""

    def __post_init__(self) -> None:
        if self.layout not in (None, GENERIC, *LAYOUTS):
            raise UserError(
                f"corpus: layout {self.layout!r} is unknown; use {', '.join(LAYOUTS)} or {GENERIC}"
            )
        if (self.layout == GENERIC) != (self.generic is not None):
            raise UserError(f"corpus: `columns` and `layout: {GENERIC}` go together; give both")
        if self.generic is not None:
            named = set(self.generic.columns)
            if not {"article_id", "image_id"} <= named or not {"title", "text"} & named:
                raise UserError(
                    "corpus: `columns` must name article_id, image_id, and title or text"
                )
        apart = (self.articles is not None, self.images is not None)
        if self.pairs and (any(apart) or self.truth is not None):
            raise UserError(
                "corpus: `pairs` hold articles, images and truth already; "
                "leave out `articles`, `images` and `truth`, or `pairs`"
            )
        if not self.pairs and not all(apart):
            raise UserError("corpus: give `pairs`, or both `articles` and `images`")

    @classmethod
    def from_config(cls, corpus: Mapping[str, Any]) -> CorpusSpec:
        """From an entry of the config's `corpora`; `pairs` may be one path or several."""
        pairs = corpus.get("pairs", [])

        def path(role: str) -> Path | None:
            return Path(corpus[role]) if role in corpus else None

        named = "columns" in corpus or "quoting" in corpus
        return cls(
            pairs=tuple(map(Path, [pairs] if isinstance(pairs, str) else pairs)),
            articles=path("articles"),
            images=path("images"),
            truth=path("truth"),
            photos=path("photos"),
            layout=corpus.get("layout"),
            generic=Generic(corpus.get("columns", {}), corpus.get("quoting")) if named else None,
        )


@dataclass(frozen=True)
class Corpus:
    """What was read. Tables are in the forms of `storage.tables`."""

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


def read_articles(spec: CorpusSpec) -> pa.Table:
    """The articles of `read_corpus` alone; no photo is opened, nor its folder looked at.

    Returns:
        `forms.ARTICLES`; its metadata say the layout where that has two schemes of ids.

    Raises:
        UserError: a file cannot be read, is of no known layout or encoding, lacks a column or is
            broken CSV; no row is an article; no pair of the truth names an article and an image.
    """
    door = _entered(spec)
    if not door.articles:
        raise _no_article(spec, door.rejects)
    return _articles_table(door)


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
    door = _entered(spec)
    strangers = Pairing(door).strangers()[0] if spec.truth is not None else ""
    if strangers:
        log.warning("%s: %s", spec.truth, strangers)
    door.open_photos(spec.photos, threads, hashes or {}, known or {})
    pairing = Pairing(door)
    pairs = pairing.truth()
    has_truth = bool(spec.pairs) or spec.truth is not None
    unpaired = sorted(pairing.unpaired.items()) if has_truth else []
    return Corpus(
        articles=_articles_table(door),
        images=_images_table(door),
        qrels=_table(pairs, forms.QRELS),
        rejects=_table(sorted(door.rejects), forms.REJECTS),
        photos=_photos_table(door),
        unpaired=_table(unpaired, forms.UNPAIRED),
        counts=_counts(door.counts),
        has_truth=has_truth,
    )


def photo_names(spec: CorpusSpec) -> list[tuple[str, str]]:
    """For `names.photo_files`: of each image its id and the file that its rows name, or "".

    Files that only refused rows name follow, without an id: they are no other image's.

    Raises:
        UserError: as `read_corpus`; the folder of photos is not looked at.
    """
    naming = _entered(spec).naming()
    rest = naming.named - set(naming.images.values())
    return [*sorted(naming.images.items()), *(("", file) for file in sorted(rest))]


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
        raise _no_article(spec, rejects)
    if not corpus.images.num_rows:
        raise UserError(
            f"{spec.photos}: none of {count['image_rows']:,} rows has a photo there; "
            f"{_refused(rejects, 'image')}"
        )
    if corpus.has_truth and not corpus.qrels.num_rows:
        files = ", ".join(map(str, spec.pairs or [spec.truth]))
        raise UserError(
            f"{files}: none of {count['pair_rows']:,} pairs is left, so nothing can be evaluated; "
            f"{_refused(rejects, 'pair', 'image')}"
        )


def _no_article(spec: CorpusSpec, rejects: Sequence[Sequence[Any]]) -> UserError:
    files = ", ".join(str(path) for path in spec.pairs or [spec.articles])
    return UserError(f"{files}: no row is an article; {_refused(rejects, 'article')}")


def _refused(rejects: Sequence[Sequence[Any]], *kinds: Kind) -> str:
    """Why rows were refused, by reason, with the first of each."""
    first: dict[str, tuple[str, int, str]] = {}
    count: Counter[str] = Counter()
    for file, line, kind, _, reason in sorted(map(tuple, rejects)):
        if kind in kinds:
            name, _, detail = reason.partition(": ")
            first.setdefault(name, (file, line, f" ({detail})" if detail else ""))
            count[name] += 1
    said = [
        f"{name}: {n:,}, first in {first[name][0]}, line {first[name][1]}{first[name][2]}"
        for name, n in count.most_common(3)
    ]
    return "; ".join(said) or "there are none; check the file"


def submission_ids(
    articles: str | os.PathLike[str], ids: Literal["benchmark", "as_read"]
) -> tuple[Callable[[str], str], str]:
    """By which ids a submission names its articles.

    Args:
        articles: the table that `read_articles` gave, written by `tables.write`.
        ids: "benchmark" for the ids that the benchmark's evaluator knows, "as_read" for the
            table's own.

    Returns:
        From the table's id to the submission's; and a line that says what was changed, or "".
    """
    table = tables.read(articles, forms.ARTICLES)
    two_schemes = (pq.read_schema(articles).metadata or {}).get(b"ids") == TWO_SCHEMES.encode()
    changed = sum(benchmark_id(item) != item for item in table["article_id"].to_pylist())
    if not two_schemes or not changed:
        return str, ""
    all_ = f"{changed:,} of {table.num_rows:,} articles have nine-digit ids"
    if ids == "as_read":
        return str, f"{all_}, written as they are: the benchmark's evaluator knows the ten digits"
    return benchmark_id, (
        f"{all_}, written as the ten digits that the benchmark's evaluator knows; "
        "submission_ids: as_read in the corpus' configuration keeps ids of your own"
    )


def image_urls(spec: CorpusSpec) -> pa.Table:
    """Where a corpus' photos can be fetched: for the downloader, and for nothing else.

    A URL names its photo's subject, so it is in no other table and must reach no score.

    Returns:
        `IMAGE_URLS`, a row a photo, sorted by id: photos that `read_corpus` would look for, that
        have a URL, and whose id can be a file's name.

    Raises:
        UserError: as `read_corpus`; the folder of photos need not exist.
    """
    return wanted_photos(spec)[0]


def wanted_photos(spec: CorpusSpec) -> tuple[pa.Table, names.Naming]:
    """`image_urls`, and how the corpus' rows name the photos' files."""
    door = _entered(spec)
    images = door.images
    rows = [
        (image_id, image.url, str(image.path), image.line, image.other_urls)
        for image_id, image in images.items()
        if image.url and is_file_name(image_id)
    ]
    others = sum(image.other_urls for image in images.values())
    log.info("%s of %s photos have a URL", f"{len(rows):,}", f"{len(images):,}")
    if others:
        log.warning("%s rows give a known photo another URL; the first is used", f"{others:,}")
    return _table(sorted(rows), IMAGE_URLS), door.naming()


def _entered(spec: CorpusSpec) -> Door:
    """Every row of every file judged, no photo opened yet."""

    def read(path: Path, role: str, columns: Sequence[str]) -> Source:
        source = read_source(path, spec.layout, spec.generic)
        if spec.generic is not None:  # what the config names must be there, and may be less
            ours = columns if role in ("articles", "truth") else (*columns, "photo", "url")
            columns = [column for column in ours if column in spec.generic.columns]
        for column in columns:
            if column not in source.columns:
                raise missing_column(source, column, role)
        return source

    door = Door()
    columns = ("article_id", "title", "text", "image_id")
    pairs = [read(path, "pairs", columns) for path in spec.pairs]
    apart = [] if spec.articles is None else [spec.articles]
    articles = [read(path, "articles", columns[:3]) for path in apart]
    door.two_schemes = any(source.layout == TWO_SCHEMES for source in (*pairs, *articles))
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
    if spec.images is not None:
        source = read(spec.images, "images", ("image_id",))
        door.open(source, "image")
        door.image_rows.extend((spec.images, row) for row in source.records)
    door.settle_images()
    if spec.truth is not None:
        source = read(spec.truth, "truth", ("article_id", "image_id"))
        door.open(source, "pair")
        door.pairs.extend((spec.truth, row) for row in source.records)
        _demand_pairs(spec.truth, door)
    return door


def _demand_pairs(truth: Path, door: Door) -> None:
    """Refuse a truth of which no pair can be meant for this corpus."""
    if not door.articles or not door.images:
        return
    said, good = Pairing(door).strangers()
    if not good:
        said = said or _refused(door.rejects, "pair", "article", "image")
        raise UserError(
            f"{truth}: no pair names an article and an image of the corpus, so nothing could be "
            f"evaluated: {said}; correct the ids, or leave `truth` out"
        )


def _articles_table(door: Door) -> pa.Table:
    rows = [
        (item.article_id, item.title, item.text, article_digest(item.title, item.text))
        for item in door.articles.values()
    ]
    rows.sort(key=lambda row: tie_key("article", row[3], row[0]))
    found = _table(rows, forms.ARTICLES)
    return found.replace_schema_metadata({"ids": TWO_SCHEMES}) if door.two_schemes else found


def _images_table(door: Door) -> pa.Table:
    rows = [
        (image_id, str(image.file), image.digest)
        for image_id, image in door.images.items()
        if image.digest
    ]
    rows.sort(key=lambda row: tie_key("photo", row[2], row[0]))
    return _table(rows, forms.IMAGES)


def _photos_table(door: Door) -> pa.Table:
    images = door.images.values()
    return _table(
        sorted({(image.sha256, image.digest) for image in images if image.sha256 and image.digest}),
        forms.PHOTOS,
    )


def write_photos(photos: pa.Table, path: str | os.PathLike[str], made_by: str) -> None:
    """Write `forms.PHOTOS` for a later reading of the corpus; `made_by` as in `known_photos`."""
    tables.write(photos.replace_schema_metadata({"made_by": made_by}), path)


def known_photos(path: str | os.PathLike[str], made_by: str) -> dict[str, str]:
    """The `known` of `read_corpus` from an earlier reading's file; nothing where there is none.

    Args:
        path: written by `write_photos`.
        made_by: says which code and libraries read photos; what others found is not believed.
    """
    try:
        found = pq.read_table(path)
        if (found.schema.metadata or {}).get(b"made_by") != made_by.encode():
            return {}
        rows = found.cast(forms.PHOTOS)
    except (OSError, ValueError):  # not there, or damaged: photos can be opened again
        return {}
    return dict(zip(rows["sha256"].to_pylist(), rows["digest"].to_pylist(), strict=True))


def _table(rows: Iterable[Sequence[object]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        {
            column.name: pa.array(values, type=column.type)
            for column, values in zip(schema, columns, strict=True)
        },
        schema=schema,
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


def count_table(corpus: Corpus) -> pa.Table:
    """`Corpus.counts` as `forms.COUNTS`."""
    return _table(corpus.counts.items(), forms.COUNTS)


def reject_counts(rejects: pa.Table) -> pa.Table:
    """Count rejects (`forms.REJECTS`) by kind and class of reason.

    Returns:
        A table of `REJECT_COUNTS`, sorted by kind, then most rows first, then reason.
    """
    counted = Counter(
        (kind, reason_class(reason))
        for kind, reason in zip(
            rejects["kind"].to_pylist(), rejects["reason"].to_pylist(), strict=True
        )
    )
    rows = [(kind, reason, rows) for (kind, reason), rows in counted.items()]
    rows.sort(key=lambda row: (row[0], -row[2], row[1]))
    return _table(rows, REJECT_COUNTS)


def summary_lines(corpus: Corpus) -> list[str]:
    """Lines for the log: one each for articles, photos and pairs, one a class of rejects."""
    count = corpus.counts
    lines = [
        f"{kind}s: {count[f'{kind}_rows']:,} rows = {count[f'{kind}s']:,} kept + "
        f"{count[f'{kind}s_repeated']:,} repeated + {count[f'{kind}s_refused']:,} refused; "
        f"{count[f'{kind}_blank']:,} blank rows skipped"
        for kind in ("article", "image", "pair")
        if kind != "pair" or corpus.has_truth
    ]
    if not corpus.has_truth:
        lines.append("pairs: no truth given, nothing can be evaluated")
    lines += [
        f"refused: {row['kind']}, {row['reason']}: {row['rows']:,}"
        for row in reject_counts(corpus.rejects).to_pylist()
    ]
    return lines
