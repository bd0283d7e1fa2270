"""News corpora at the door: from somebody's files to articles, photos, truth and refused rows.

What a layout is, is said once, by a function in `LAYOUTS` that turns a file into a `Source`;
everything after that is common to all layouts. The tables of articles, photos and truth do not
depend on the order of rows or files, nor their order on the names of articles and photos; see
`tie_key`. (One exception cannot be helped: of two rows that claim one id, the first is kept.)

What is kept of a text
    Every character, as decoded. The TSV layout alone takes its own marks away: a byte order
    mark at the start of the file, the tabs between fields, the line feed that ends a row and one
    carriage return straight before it. Quotes are characters. White space at either end of a
    field, soft hyphens, no-break spaces, NUL and other control characters, U+2028 and a carriage
    return elsewhere stay; a field may be of any length. Repairs belong to the cleaning.

What is refused
    A refused thing is one row of the table of rejects, with its file and line; the reason is
    "class: detail", the class one of the constants below or of `rematch.photos`. A row of
    articles without title and text (the paper's "NA" rows) or without an article id is refused
    whole: in a file of pairs its photo and its pair go with it. A photo that is missing or does
    not open is refused and its article stays. A pair of which one side was refused is left out
    of the truth; it has a row of its own among the rejects only if its line has none already.
    Blank rows (all fields empty or white space) are counted and skipped.
"""

from __future__ import annotations

import codecs
import hashlib
import logging
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from rematch import photos, tables
from rematch.errors import UserError

log = logging.getLogger(__name__)

FIELDS = "wrong number of fields"
NO_ARTICLE_ID = "no article id"
NO_IMAGE_ID = "no image id"
NO_CONTENT = "no title and no text"
CONTROL_IN_ID = "control character in id"
ARTICLE_TAKEN = "article id taken"
IMAGE_TAKEN = "image id taken"
UNSAFE_NAME = "unsafe photo name"
UNKNOWN_ARTICLE = "unknown article"
UNKNOWN_IMAGE = "unknown image"
ARTICLE_REFUSED = "article refused"
IMAGE_REFUSED = "image refused"

Kind = Literal["article", "image", "pair"]

REJECT_COUNTS = pa.schema([("kind", pa.string()), ("reason", pa.string()), ("rows", pa.int64())])
"""Refused things by kind and class of reason."""


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
    """The `tie_key` of every row of `tables.ARTICLES` or `tables.IMAGES`, by id."""
    ids = table["article_id" if kind == "article" else "image_id"].to_pylist()
    digests = table["digest"].to_pylist()
    return {item: tie_key(kind, digest, item) for item, digest in zip(ids, digests, strict=True)}


@dataclass(frozen=True)
class Record:
    """One row of a source; a column that the file lacks is an empty string."""

    line: int
    article_id: str = ""
    title: str = ""
    text: str = ""
    image_id: str = ""
    photo: str = ""
    """Name of the photo's file, without folders; empty: look for `<image_id>.<extension>`."""


@dataclass(frozen=True)
class Source:
    """One file as its layout reads it, before anything is judged."""

    path: Path
    columns: frozenset[str]
    """Which fields of `Record` the file has."""
    records: tuple[Record, ...]
    malformed: tuple[tuple[int, str], ...] = ()
    """Line and reason of each row that has no readable fields."""
    blank: int = 0


def decode(data: bytes, name: str) -> str:
    """A file's bytes as text: UTF-8 with or without byte order mark, else cp1252.

    A file is taken for cp1252 only if UTF-8 is not what most of its non-ASCII bytes are: one
    damaged character in a UTF-8 file would otherwise turn all its umlauts into pairs of letters.

    Raises:
        UserError: neither fits; says line and column (in bytes, from 1) of the offending byte.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UserError(f"{name}, line 1: the file is UTF-16; save it as UTF-8")
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        readable = body.decode("utf-8", errors="ignore")
        wrong = len(body) - len(readable.encode())
        right = sum(not character.isascii() for character in readable)
        if len(body) < len(data) or right > wrong:
            raise UserError(
                f"{name}, {_place(body, error.start)} is not UTF-8, though the rest of the file "
                "is; repair that character"
            ) from error
    try:
        text = body.decode("cp1252")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name}, {_place(body, error.start)} is neither UTF-8 nor cp1252; "
            "save the file as UTF-8"
        ) from error
    log.info("%s: not UTF-8, read as cp1252", name)
    return text


def _place(data: bytes, offset: int) -> str:
    line = data.count(b"\n", 0, offset) + 1
    column = offset - data.rfind(b"\n", 0, offset)
    return f"line {line}, column {column}: byte 0x{data[offset]:02x}"


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    return decode(data, str(path))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number, from 1, and fields of each row; only \\n ends a row (not U+2028, not \\x0b)."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        yield number, line.removesuffix("\r").split("\t")


def read_tsv(path: Path, names: Mapping[str, Sequence[str]]) -> Source:
    """Read a tab-separated file with a header and no quoting.

    Args:
        path: the file.
        names: for each field of `Record`, the header names that stand for it. Other columns are
            not read; an image id may be a file name (see `split_extension`).

    Raises:
        UserError: the file cannot be read or decoded, is empty, or names a column twice.
    """
    rows = _rows(_read_text(path))
    try:
        _, header = next(rows)
    except StopIteration:
        raise UserError(f"{path}: the file is empty; line 1 must name the columns") from None
    header = [name.strip() for name in header]
    places: dict[str, int] = {}
    for column, known in names.items():
        found = [place for place, name in enumerate(header) if name in known]
        if len(found) > 1:
            raise UserError(
                f"{path}, line 1: {' and '.join(repr(header[place]) for place in found)} both name "
                f"the {column}; keep one of the two columns"
            )
        if found:
            places[column] = found[0]
    records: list[Record] = []
    malformed: list[tuple[int, str]] = []
    blank = 0
    for line, fields in rows:
        if not any(value.strip() for value in fields):
            blank += 1
        elif len(fields) != len(header):
            malformed.append((line, f"{FIELDS}: {len(fields)}, and {len(header)} in the header"))
        else:
            values = {column: fields[place] for column, place in places.items()}
            if "image_id" in values:
                values["image_id"], file = split_extension(values["image_id"])
                values["photo"] = values.get("photo", "") or file
            records.append(Record(line=line, **values))
    return Source(path, frozenset(places), tuple(records), tuple(malformed), blank)


def split_extension(name: str) -> tuple[str, str]:
    """An image id given as id or as file name: ("12", "") for "12", ("12", "12.jpg") for "12.jpg".

    Ids are kept without extension, as the benchmark's submissions have them.
    """
    for extension in photos.EXTENSIONS:
        if len(name) > len(extension) and name.lower().endswith(extension):
            return name[: -len(extension)], name
    return name, ""


def read_newsimages2021(path: Path) -> Source:
    """MediaEval NewsImages 2021: training pairs, the decoupled test set, and its truth.

    `article aid url img iid hashvalue title text imgFile`, or `articleID aid url <empty> <empty>
    hashvalue title text`, or `img iid imgFile`: the columns are found by their names.
    """
    return read_tsv(
        path,
        {
            "article_id": ("article", "articleID"),
            "title": ("title",),
            "text": ("text",),
            "image_id": ("iid",),
            "photo": ("imgFile",),
        },
    )


LAYOUTS: dict[str, Callable[[Path], Source]] = {"newsimages2021": read_newsimages2021}
"""Layout name -> reader of one file. A new layout is one function and one line here."""


@dataclass(frozen=True)
class CorpusSpec:
    """Where a corpus lies: files of pairs, or one of articles and one of images.

    Raises:
        UserError: neither or both of these are given, `truth` stands beside `pairs`, or the
            layout is unknown.
    """

    pairs: tuple[Path, ...] = ()
    """Files with an article and its photo in each row; they hold the truth themselves."""
    articles: Path | None = None
    images: Path | None = None
    truth: Path | None = None
    """Pairs for `articles` and `images`: any file with an article id and an image id."""
    photos: Path | None = None
    """Folder of the photos' files; None: there are none, all photos are refused."""
    layout: str = "newsimages2021"

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise UserError(f"corpus: layout {self.layout!r} is unknown; use {', '.join(LAYOUTS)}")
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

        return cls(
            pairs=tuple(map(Path, [pairs] if isinstance(pairs, str) else pairs)),
            articles=path("articles"),
            images=path("images"),
            truth=path("truth"),
            photos=path("photos"),
        )


@dataclass(frozen=True)
class Corpus:
    """What was read. Tables are in the forms of `rematch.tables`."""

    articles: pa.Table
    """`tables.ARTICLES`, sorted by `tie_key("article", ...)`."""
    images: pa.Table
    """`tables.IMAGES`, sorted by `tie_key("photo", ...)`: photos that open."""
    qrels: pa.Table
    """`tables.QRELS`, sorted by ids: pairs whose article and photo are both here."""
    rejects: pa.Table
    """`tables.REJECTS`, sorted by file and line."""
    counts: dict[str, int]
    """For each of article, image and pair, `<kind>_rows` = `<kind>s` + `<kind>s_repeated` +
    `<kind>s_refused`; blank rows, counted in `<kind>_blank`, are beside these. A row repeats an
    earlier one if it names the same thing again. `articles_refused` and `images_refused` are the
    rejects' rows of that kind, `pairs_refused` also holds pairs whose line was refused."""
    has_truth: bool
    """Whether a truth was given, however many of its pairs were kept."""


@dataclass
class _Image:
    path: Path
    line: int
    photo: str
    digest: str = ""
    file: Path | None = None


@dataclass
class _Door:
    """What has come in so far."""

    articles: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # title, text, place
    images: dict[str, _Image] = field(default_factory=dict)
    pairs: list[tuple[Path, Record]] = field(default_factory=list)
    rejects: list[tuple[str, int, str, str, str]] = field(default_factory=list)
    refused: dict[Kind, set[str]] = field(
        default_factory=lambda: {"article": set(), "image": set(), "pair": set()}
    )
    counts: Counter[str] = field(default_factory=Counter)

    def refuse(self, path: Path, line: int, kind: Kind, item_id: str, reason: str) -> None:
        self.rejects.append((str(path), line, kind, item_id, reason))
        self.refused[kind].add(item_id)
        self.counts[f"{kind}s_refused"] += 1

    def open(self, source: Source, kind: Kind) -> None:
        self.counts[f"{kind}_blank"] += source.blank
        self.counts[f"{kind}_rows"] += len(source.malformed)
        for line, reason in source.malformed:
            self.refuse(source.path, line, kind, "", reason)

    def article(self, path: Path, row: Record) -> bool:
        """Take an article in; False if the row is refused."""
        self.counts["article_rows"] += 1
        wrong = _wrong_id(row.article_id, NO_ARTICLE_ID)
        if not wrong and not row.title.strip() and not row.text.strip():
            wrong = NO_CONTENT
        if not wrong and row.article_id in self.articles:
            title, text, place = self.articles[row.article_id]
            if (title, text) == (row.title, row.text):
                self.counts["articles_repeated"] += 1
                return True
            wrong = f"{ARTICLE_TAKEN}: with other title or text in {place}"
        if wrong:
            self.refuse(path, row.line, "article", row.article_id, wrong)
            return False
        self.articles[row.article_id] = (row.title, row.text, f"{path}, line {row.line}")
        self.counts["articles"] += 1
        return True

    def image(self, path: Path, row: Record) -> None:
        """Note a photo to be opened, or refuse the row's."""
        self.counts["image_rows"] += 1
        wrong = _wrong_id(row.image_id, NO_IMAGE_ID)
        name = row.photo or row.image_id
        if not wrong and (name in (".", "..") or any(mark in name for mark in "/\\\0")):
            wrong = f"{UNSAFE_NAME}: {name!r} would leave the folder"
        known = self.images.get(row.image_id)
        if not wrong and known and known.photo and row.photo and known.photo != row.photo:
            wrong = f"{IMAGE_TAKEN}: by {known.photo!r} in {known.path}, line {known.line}"
        if wrong:
            self.refuse(path, row.line, "image", row.image_id, wrong)
        elif known:
            known.photo = known.photo or row.photo
            self.counts["images_repeated"] += 1
        else:
            self.images[row.image_id] = _Image(path, row.line, row.photo)

    def open_photos(self, folder: Path | None, threads: int) -> None:
        """Find and open every photo noted; refuse those that cannot be."""
        present: set[str] = set()
        if folder is not None:
            try:
                present = set(os.listdir(folder))
            except OSError as error:
                raise UserError(
                    f"corpus: the folder of photos {folder} cannot be read ({error.strerror}); "
                    "check `photos`"
                ) from error
        missing: list[str] = []
        found: list[tuple[str, _Image, Path]] = []
        for image_id, image in self.images.items():
            name = _find(image_id, image.photo, present)
            if folder is not None and name:
                found.append((image_id, image, folder / name))
                continue
            wanted = image.photo or f"{image_id}{photos.EXTENSIONS[0]}"
            why = f"no file {wanted!r}" if folder is not None else "no folder of photos was given"
            missing.append(wanted)
            self.refuse(image.path, image.line, "image", image_id, f"{photos.MISSING}: {why}")
        if missing:
            log.warning(
                "%s of %s photos missing%s; first three: %s",
                f"{len(missing):,}",
                f"{len(self.images):,}",
                f" in {folder}" if folder is not None else ": no folder of photos was given",
                ", ".join(missing[:3]),
            )
        if not found:
            return
        results = photos.examine([file for _, _, file in found], threads)
        for (image_id, image, file), result in zip(found, results, strict=True):
            if result.reason:
                self.refuse(image.path, image.line, "image", image_id, result.reason)
            else:
                image.digest, image.file = result.digest, file
                self.counts["images"] += 1

    def truth(self) -> list[tuple[str, str]]:
        """The pairs both sides of which are here; call it after `open_photos`."""
        kept: set[tuple[str, str]] = set()
        # Before any pair is judged: a line that was refused already is not refused twice.
        refused_lines = {(file, line) for file, line, *_ in self.rejects}
        for path, row in self.pairs:
            self.counts["pair_rows"] += 1
            pair = (row.article_id, row.image_id)
            if (str(path), row.line) in refused_lines:
                self.counts["pairs_refused"] += 1
                continue
            wrong = self._wrong_pair(row)
            if wrong:
                self.refuse(path, row.line, "pair", " ".join(pair), wrong)
            elif pair in kept:
                self.counts["pairs_repeated"] += 1
            else:
                kept.add(pair)
                self.counts["pairs"] += 1
        return sorted(kept)

    def _wrong_pair(self, row: Record) -> str:
        if not row.article_id.strip():
            return NO_ARTICLE_ID
        if not row.image_id.strip():
            return NO_IMAGE_ID
        if row.article_id not in self.articles:
            refused = row.article_id in self.refused["article"]
            return f"{ARTICLE_REFUSED if refused else UNKNOWN_ARTICLE}: {row.article_id!r}"
        image = self.images.get(row.image_id)
        if image is None or not image.digest:
            refused = row.image_id in self.refused["image"]
            return f"{IMAGE_REFUSED if refused else UNKNOWN_IMAGE}: {row.image_id!r}"
        return ""


def _wrong_id(item_id: str, missing: str) -> str:
    if not item_id.strip():
        return missing
    if any(unicodedata.category(character) == "Cc" for character in item_id):
        return f"{CONTROL_IN_ID}: {item_id!r}"
    return ""


def _find(image_id: str, photo: str, present: set[str]) -> str:
    """The photo's file: the name the row gives, else the id with an extension, else "".

    Names are looked up among the folder's own, so no name can lead out of it.
    """
    by_id = [image_id + extension for extension in photos.EXTENSIONS]
    by_id += [image_id + extension.upper() for extension in photos.EXTENSIONS]
    return next((name for name in (photo, *by_id) if name in present), "")


def read_corpus(spec: CorpusSpec, threads: int) -> Corpus:
    """Read a corpus, opening every photo.

    Args:
        spec: where it lies and in which layout.
        threads: how many threads decode photos; the result does not depend on it.

    Returns:
        The corpus. Photos that are missing are no error: they are refused, and said in one line
        of the log.

    Raises:
        UserError: a file or the folder of photos cannot be read, has an unknown encoding or lacks
            a column.
    """
    read = LAYOUTS[spec.layout]
    door = _Door()
    for path in spec.pairs:
        source = _need(read(path), "pairs", ("article_id", "title", "text", "image_id"))
        door.open(source, "article")
        for row in source.records:
            if door.article(path, row):
                door.image(path, row)
            door.pairs.append((path, row))
    if spec.articles is not None:
        source = _need(read(spec.articles), "articles", ("article_id", "title", "text"))
        door.open(source, "article")
        for row in source.records:
            door.article(spec.articles, row)
    if spec.images is not None:
        source = _need(read(spec.images), "images", ("image_id",))
        door.open(source, "image")
        for row in source.records:
            door.image(spec.images, row)
    if spec.truth is not None:
        source = _need(read(spec.truth), "truth", ("article_id", "image_id"))
        door.open(source, "pair")
        door.pairs.extend((spec.truth, row) for row in source.records)
    door.open_photos(spec.photos, threads)
    pairs = door.truth()
    return Corpus(
        articles=_articles_table(door),
        images=_images_table(door),
        qrels=_table(pairs, tables.QRELS),
        rejects=_table(sorted(door.rejects), tables.REJECTS),
        counts=_counts(door.counts),
        has_truth=bool(spec.pairs) or spec.truth is not None,
    )


def _need(source: Source, role: str, columns: Sequence[str]) -> Source:
    for column in columns:
        if column not in source.columns:
            raise UserError(
                f"{source.path}, line 1: no column for the {column} of a file of {role}; "
                "check the header and the corpus' layout"
            )
    return source


def _articles_table(door: _Door) -> pa.Table:
    rows = [
        (article_id, title, text, article_digest(title, text))
        for article_id, (title, text, _) in door.articles.items()
    ]
    rows.sort(key=lambda row: tie_key("article", row[3], row[0]))
    return _table(rows, tables.ARTICLES)


def _images_table(door: _Door) -> pa.Table:
    rows = [
        (image_id, str(image.file), image.digest)
        for image_id, image in door.images.items()
        if image.digest
    ]
    rows.sort(key=lambda row: tie_key("photo", row[2], row[0]))
    return _table(rows, tables.IMAGES)


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


def reason_class(reason: str) -> str:
    """The stable part of a reject's reason: what stands before the first ": "."""
    return reason.split(": ", 1)[0]


def reject_counts(rejects: pa.Table) -> pa.Table:
    """Count rejects (`tables.REJECTS`) by kind and class of reason.

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
