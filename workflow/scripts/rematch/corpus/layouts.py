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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rematch.corpus.rows import (
    Rows,
    csv_rows,
    decode as decode,
    headed,
    parquet_rows,
    plain_rows,
    read_text,
)
from rematch.errors import UserError

FIELDS = "wrong number of fields"

GENERIC = "generic"
"""The layout whose columns the config names."""

DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
"""Of a `generic` file, by the ending of its name; `.parquet` is the other ending."""

Quoting = Literal["csv", "literal"]


@dataclass(frozen=True)
class Record:
    """One row of a source; a column that the file lacks is an empty string."""

    line: int
    """Line on which the row begins, from 1; in a Parquet file the row's number, from 1."""
    article_id: str = ""
    title: str = ""
    text: str = ""
    image_id: str = ""
    """As it stands: an id, or the name of a file; see `corpus.identities`."""
    photo: str = ""
    """Name of the photo's file, without folders, where a column of its own gives it."""
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
    layout: str = ""
    """The name of its layout."""


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
            one, names a column twice, is CSV and breaks its rules, or holds its header again.
    """
    if layout == GENERIC:
        generic = generic or Generic()
        names: Mapping[str, Sequence[str]] = {key: (name,) for key, name in generic.columns.items()}
        header, rows = _generic_rows(path, generic)
        return _source(path, header, rows, names, GENERIC)
    if path.suffix.lower() == ".parquet":
        raise UserError(
            f"{path}: a Parquet file has no published layout; "
            f"name its columns with `layout: {GENERIC}`"
        )
    text = read_text(path)
    tabs = "\t" in text.partition("\n")[0]
    header, rows = headed(path, plain_rows(text, "\t") if tabs else csv_rows(text, ",", path))
    layout = _recognised(path, header, layout)
    known = LAYOUTS[layout]
    names = known.columns
    return _source(path, [name.strip(known.wrapping) for name in header], rows, names, layout)


def read_newsimages2021(path: Path) -> Source:
    """Read a file of MediaEval NewsImages 2021: training pairs, test articles or images, truth."""
    return read_source(path, "newsimages2021")


def _recognised(path: Path, header: Sequence[str], name: str | None) -> str:
    found = _shown(header)
    if name is not None:
        if not LAYOUTS[name].fits(header):
            raise UserError(
                f"{path}, line 1: the header is {found!r}, and layout {name} has "
                f"{LAYOUTS[name].header!r}; correct `layout`, or leave it out to have it recognised"
            )
        return name
    for name, layout in LAYOUTS.items():
        if layout.fits(header):
            return name
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
    path: Path,
    header: Sequence[str],
    rows: Rows,
    names: Mapping[str, Sequence[str]],
    layout: str,
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
    columns = [{name.strip("#, ").casefold() for name in header} - {""}]
    columns += [
        {name.casefold() for names in known.columns.values() for name in names}
        for known in LAYOUTS.values()
    ]
    for line, fields in rows:
        if not any(value.strip() for value in fields):
            blank += 1
            continue
        wrong = _glued(fields, header, columns)
        if wrong:
            raise UserError(f"{path}, line {line}: {wrong}")
        if len(fields) != len(header):
            malformed.append((line, f"{FIELDS}: {len(fields)}, and {len(header)} in the header"))
        else:
            values = {column: fields[place] for column, place in places.items()}
            records.append(Record(line=line, **values))
    return Source(
        path=path,
        header=tuple(header),
        names=names,
        columns=frozenset(places),
        records=tuple(records),
        malformed=tuple(malformed),
        blank=blank,
        layout=layout,
    )


def _glued(fields: Sequence[str], header: Sequence[str], columns: Sequence[set[str]]) -> str:
    """What is wrong with a row that is no row: a header, or lines of another file's making.

    `columns`: names of columns in this file's header, and in each published layout, folded.
    """
    again = {name.strip('\ufeff#," \t\r').casefold() for name in fields} - {""}
    n = len(header)
    if (
        again >= columns[0]
        or any(len(again & known) > 2 for known in columns[1:])
        or (len(fields) == 2 * n - 1 > 1 and [f.strip() for f in fields[n:]] == list(header[1:]))
    ):
        return (
            "a header stands here again, as where two files are put together; "
            "remove it if both have the same columns, else give the files apart"
        )
    if fields[0].startswith("\ufeff") or (
        len(fields) == 2 * n - 1 > n and "\ufeff" in fields[n - 1]
    ):
        return (
            "a byte order mark stands here, as where two files are put together; "
            "remove it, and see that a new line begins there"
        )
    breaks = sum(field.count("\r") for field in fields)
    if breaks and len(fields) != n and len(fields) - 1 == (n - 1) * (breaks + 1):
        return (
            f"{breaks + 1:,} lines end here with a carriage return alone, so they are one; "
            "save the file with line feeds"
        )
    return ""


def _generic_rows(path: Path, generic: Generic) -> tuple[list[str], Rows]:
    ending = path.suffix.lower()
    if ending == ".parquet":
        return parquet_rows(path, set(generic.columns.values()))
    if ending not in DELIMITERS:
        read_text(path)  # an archive is no matter of names
        raise UserError(
            f"{path}: layout {GENERIC} tells files by the ending of their name; "
            f"name it {', '.join(DELIMITERS)} or .parquet"
        )
    delimiter = DELIMITERS[ending]
    text = read_text(path)
    quoted = (generic.quoting or ("csv" if ending == ".csv" else "literal")) == "csv"
    return headed(path, csv_rows(text, delimiter, path) if quoted else plain_rows(text, delimiter))
