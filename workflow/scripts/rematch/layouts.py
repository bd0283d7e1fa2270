"""Layouts of corpora: from somebody's file to rows, before anything is judged.

A layout is an entry of `LAYOUTS`: the columns that stand for each field of `Record`, and how its
header is recognised. `generic` is none of these: there the config names the columns.

Published layouts
    newsimages2021
        MediaEval NewsImages 2021 (github.com/NewsImagesDataset/NewsImagesDataset): training pairs
        and the test set's truth `article aid url img iid hashvalue title text imgFile`, test
        articles `articleID aid url <empty> <empty> hashvalue title text`, test images
        `img iid imgFile`; photos `<iid>.<extension>`.
    newsimages2023
        MediaEval NewsImages 2023, the GDELT parts: `# article aid url img iid hashvalue title text
        imgFile Date`, tab-separated, in `GDELT-P1-Test-Text.txt`, `...-Img.txt`, `GDELT-P2-...`,
        as a participant published them (github.com/pooja-premnath/MediaEval-2023-NewsImages); the
        training files have these columns at the same places by another participant's code
        (github.com/xxm1215/qust_mediaeval2023). A file of texts leaves the image's columns empty,
        one of images the article's; P2's images have no URL. `# article` is a time stamp that
        different articles share, so an article goes by its `aid`. The text is tags. Names may be
        wrapped in spaces and commas, which participants' code strips. The RT files of 2022 and 2023
        have other columns (`titleEN`, photos named by `hashvalue`) whose full header was not to be
        found: read them as `generic`.
    newsimages2025
        MediaEval NewsImages 2025, `newsarticles.csv` (github.com/Informfully/Challenges): comma,
        quoted, `article_id article_url article_title article_tags image_id image_url`; photos
        `<image_id>.jpg`. There is no text: the tags ("people;people|organisations;...") are read as
        the text, and `fields: title` in a cleaning leaves them out.

Tabs and commas
    Where the header of a published layout has a tab, fields are separated by tabs and quotes are
    characters; else by commas, and quotes are CSV's (RFC 4180).
"""

from __future__ import annotations

import codecs
import csv
import io
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from rematch import photos
from rematch.errors import UserError

log = logging.getLogger(__name__)

FIELDS = "wrong number of fields"

GENERIC = "generic"
"""The layout whose columns the config names."""

DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
"""Of a `generic` file, by the ending of its name; `.parquet` is the other ending."""

_CSV_FAULTS = {
    "unexpected end of data": "a quote is opened and never closed",
    "expected after": "text follows a closing quote",
    "new-line character": "a carriage return stands outside quotes",
}
"""Of csv.Error's messages, in our words."""

Quoting = Literal["csv", "literal"]
Rows = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True)
class Record:
    """One row of a source; a column that the file lacks is an empty string."""

    line: int
    """Line on which the row begins, from 1; in a Parquet file the row's number, from 1."""
    article_id: str = ""
    title: str = ""
    text: str = ""
    image_id: str = ""
    photo: str = ""
    """Name of the photo's file, without folders; empty: look for `<image_id>.<extension>`."""
    url: str = ""
    """Where the photo can be fetched. For the downloader alone: it names the photo's subject."""


@dataclass(frozen=True)
class Source:
    """One file as its layout reads it, before anything is judged."""

    path: Path
    header: tuple[str, ...]
    names: Mapping[str, Sequence[str]]
    """For each field of `Record` that the layout has, the header names that stand for it."""
    columns: frozenset[str]
    """Which fields of `Record` the file has."""
    records: tuple[Record, ...]
    malformed: tuple[tuple[int, str], ...] = ()
    """Line and reason of each row that has no readable fields."""
    blank: int = 0


@dataclass(frozen=True)
class Layout:
    """A published layout."""

    columns: Mapping[str, Sequence[str]]
    """For each field of `Record`, the header names that stand for it."""
    header: str
    """The header in short, for messages."""
    fits: Callable[[Sequence[str]], bool]
    """Whether a header, white space around its names removed, is of this layout."""
    wrapping: str = ""
    """Characters around the header's names that do not belong to them."""


LAYOUTS: dict[str, Layout] = {
    "newsimages2021": Layout(
        columns={
            "article_id": ("article", "articleID"),
            "title": ("title",),
            "text": ("text",),
            "image_id": ("iid",),
            "photo": ("imgFile",),
            "url": ("img",),
        },
        header="article, aid, url, img, iid, hashvalue, title, text, imgFile",
        fits=lambda names: (
            not names[0].startswith("#") and not {"article", "articleID", "iid"}.isdisjoint(names)
        ),
    ),
    "newsimages2023": Layout(
        columns={
            "article_id": ("aid",),
            "title": ("title",),
            "text": ("text",),
            "image_id": ("iid",),
            "photo": ("imgFile",),
            "url": ("img",),
        },
        header="# article, aid, url, img, iid, hashvalue, title, text, imgFile, Date",
        fits=lambda names: names[0].strip("#, ") == "article" and names[0].startswith("#"),
        wrapping="#, ",
    ),
    "newsimages2025": Layout(
        columns={
            "article_id": ("article_id",),
            "title": ("article_title",),
            "text": ("article_tags",),
            "image_id": ("image_id",),
            "url": ("image_url",),
        },
        header="article_id, article_url, article_title, article_tags, image_id, image_url",
        fits=lambda names: {"article_id", "article_title"} <= set(names),
    ),
}
"""By name. A new layout is one entry here, and its name in the config's schema."""


@dataclass(frozen=True)
class Generic:
    """What the config says of the files of a `generic` corpus."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """For each field of `Record` (but `line`), the header's name of it; a file may lack some."""
    quoting: Quoting | None = None
    """None: "csv" for .csv, "literal" for .tsv and .txt."""


def read_source(path: Path, layout: str | None = None, generic: Generic | None = None) -> Source:
    """Read one file of a corpus.

    Args:
        path: the file.
        layout: a name in `LAYOUTS`, or `GENERIC`; None: the published layout that the file's
            header shows.
        generic: needed with `GENERIC`.

    Raises:
        UserError: the file cannot be read or decoded, is empty, is not of the layout or of no known
            one, names a column twice, or is CSV and breaks its rules.
    """
    if layout == GENERIC:
        generic = generic or Generic()
        names: Mapping[str, Sequence[str]] = {key: (name,) for key, name in generic.columns.items()}
        header, rows = _generic_rows(path, generic)
        return _source(path, header, rows, names)
    if path.suffix.lower() == ".parquet":
        raise UserError(
            f"{path}: a Parquet file has no published layout; "
            f"name its columns with `layout: {GENERIC}`"
        )
    text = _read_text(path)
    tabs = "\t" in text.partition("\n")[0]
    header, rows = _headed(path, _plain_rows(text, "\t") if tabs else _csv_rows(text, ",", path))
    known = _recognised(path, header, layout)
    return _source(path, [name.strip(known.wrapping) for name in header], rows, known.columns)


def read_newsimages2021(path: Path) -> Source:
    """Read a file of MediaEval NewsImages 2021: training pairs, test articles or images, truth."""
    return read_source(path, "newsimages2021")


def _recognised(path: Path, header: Sequence[str], name: str | None) -> Layout:
    found = _shown(header)
    if name is not None:
        if not LAYOUTS[name].fits(header):
            raise UserError(
                f"{path}, line 1: the header is {found!r}, and layout {name} has "
                f"{LAYOUTS[name].header!r}; correct `layout`, or leave it out to have it recognised"
            )
        return LAYOUTS[name]
    for layout in LAYOUTS.values():
        if layout.fits(header):
            return layout
    known = "; ".join(f"{name}: {layout.header}" for name, layout in LAYOUTS.items())
    raise UserError(
        f"{path}, line 1: the header {found!r} is of no known layout ({known}); "
        f"name its columns with `layout: {GENERIC}`"
    )


def _shown(header: Sequence[str]) -> str:
    text = ", ".join(header)
    return text if len(text) <= 120 else f"{text[:117]}..."


def missing_column(source: Source, column: str, role: str) -> UserError:
    """What to say where a file lacks a column that its role in the corpus needs."""
    names = " or ".join(repr(name) for name in source.names[column])
    return UserError(
        f"{source.path}, line 1: no column for the {column} of a file of {role}: "
        f"{names} is not in the header {_shown(source.header)!r}; "
        f"check the file, `layout` and `columns`"
    )


def _source(
    path: Path, header: Sequence[str], rows: Rows, names: Mapping[str, Sequence[str]]
) -> Source:
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
    return Source(
        path, tuple(header), names, frozenset(places), tuple(records), tuple(malformed), blank
    )


def split_extension(name: str) -> tuple[str, str]:
    """An image id given as id or as file name: ("12", "") for "12", ("12", "12.jpg") for "12.jpg".

    Ids are kept without extension, as the benchmark's submissions have them.
    """
    for extension in photos.EXTENSIONS:
        if len(name) > len(extension) and name.lower().endswith(extension):
            return name[: -len(extension)], name
    return name, ""


# From bytes to rows


def _generic_rows(path: Path, generic: Generic) -> tuple[list[str], Rows]:
    ending = path.suffix.lower()
    if ending == ".parquet":
        return _parquet_rows(path, set(generic.columns.values()))
    if ending not in DELIMITERS:
        raise UserError(
            f"{path}: layout {GENERIC} tells files by the ending of their name; "
            f"name it {', '.join(DELIMITERS)} or .parquet"
        )
    delimiter = DELIMITERS[ending]
    text = _read_text(path)
    quoted = (generic.quoting or ("csv" if ending == ".csv" else "literal")) == "csv"
    return _headed(
        path, _csv_rows(text, delimiter, path) if quoted else _plain_rows(text, delimiter)
    )


def _headed(path: Path, rows: Rows) -> tuple[list[str], Rows]:
    """The header's names, and the rows below it."""
    _, header = next(rows, (0, []))
    if not header:
        raise UserError(f"{path}: the file is empty; line 1 must name the columns")
    return [name.strip() for name in header], rows


def _plain_rows(text: str, delimiter: str) -> Rows:
    """Rows without quoting; only \\n ends a row (not U+2028, not \\x0b)."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        yield number, line.removesuffix("\r").split(delimiter)


def _csv_rows(text: str, delimiter: str, path: Path) -> Rows:
    """Rows of CSV, with the line on which each begins; a quoted field may hold line ends."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a field may be of any length
    # Strict: otherwise a quote that is never closed swallows every row after it without a word.
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            wrong = next(
                (wrong for said, wrong in _CSV_FAULTS.items() if said in str(error)), str(error)
            )
            raise UserError(
                f"{path}, line {line}: in the row that begins here, {wrong}; "
                'quote the whole field and double the quotes inside it ("")'
            ) from error
        if fields is None:
            return
        yield line, fields


def _parquet_rows(path: Path, wanted: set[str]) -> tuple[list[str], Rows]:
    """Columns as text, missing values as ""; columns that are not wanted are empty."""
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        said = str(error).splitlines()[0]
        raise UserError(f"{path}: cannot be read as Parquet ({said}); check the file") from error
    columns = [
        _as_text(path, name, table.column(place)) if name in wanted else [""] * table.num_rows
        for place, name in enumerate(table.schema.names)
    ]
    rows: Iterable[tuple[str, ...]] = zip(*columns, strict=True)
    return list(table.schema.names), ((n, list(row)) for n, row in enumerate(rows, start=1))


def _as_text(path: Path, name: str, column: pa.ChunkedArray) -> list[str]:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_null(kind)
    ):
        # A number with a fraction would turn id 12 into "12.0".
        raise UserError(f"{path}: column {name!r} holds {kind} and not text; store it as text")
    return ["" if value is None else str(value) for value in column.to_pylist()]


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
