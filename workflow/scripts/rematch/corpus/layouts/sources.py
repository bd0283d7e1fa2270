"""One file as its layout reads it: rows by field, and those that are none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rematch.corpus.layouts.base import Layout, Record, Source
from rematch.corpus.layouts.declared import in_short, known, recognised
from rematch.corpus.layouts.published import published_rows
from rematch.corpus.rejects import FIELDS
from rematch.corpus.rows import Rows
from rematch.errors import UserError


def read_source(path: Path, layout: Layout | None = None, more: Sequence[str] = ()) -> Source:
    """Read one file of a corpus.

    Args:
        path: the file.
        layout: None: the one that the file's header shows.
        more: further columns, by their names in the header; see `Record.more`.

    Raises:
        UserError: the file cannot be read or decoded, is empty, is not of the layout or of no known
            one, names a column twice, is CSV and breaks its rules, or holds its header again.
    """
    if layout is None:
        header, rows = published_rows(path)
        layout = recognised(path, header)
    else:
        header, rows = layout.rows(path, more)
        if not layout.fits(header):
            raise UserError(
                f"{path}, line 1: the header is {in_short(header)!r}, and layout {layout.name} has "
                f"{layout.header!r}; correct `layout`, or leave it out to have it recognised"
            )
    return _source(path, [name.strip(layout.wrapping) for name in header], rows, layout, more)


def missing_column(source: Source, column: str, role: str) -> UserError:
    """What to say where a file lacks a column that its role in the corpus needs."""
    names = " or ".join(repr(name) for name in source.layout.names[column])
    return UserError(
        f"{source.path}, line 1: no column for the {column} of a file of {role}: "
        f"{names} is not in the header {in_short(source.header)!r}; "
        f"check the file, `layout` and `columns`"
    )


def _source(
    path: Path, header: Sequence[str], rows: Rows, layout: Layout, more: Sequence[str]
) -> Source:
    places = _places(path, header, layout)
    further = [header.index(name) if name in header else None for name in more]
    records: list[Record] = []
    malformed: list[tuple[int, str]] = []
    blank = 0
    columns = [{name.strip("#, ").casefold() for name in header} - {""}]
    columns += [
        {name.casefold() for names in one().names.values() for name in names}
        for one in known().values()
        if one.header
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
            extra = tuple("" if place is None else fields[place] for place in further)
            records.append(Record(line=line, more=extra, **values))
    return Source(
        path=path,
        layout=layout,
        header=tuple(header),
        columns=frozenset(places),
        records=tuple(records),
        malformed=tuple(malformed),
        blank=blank,
    )


def _places(path: Path, header: Sequence[str], layout: Layout) -> dict[str, int]:
    """In which column each field of `Record` stands that the file has."""
    places: dict[str, int] = {}
    for column, known_as in layout.names.items():
        found = [place for place, name in enumerate(header) if name in known_as]
        if len(found) > 1:
            raise UserError(
                f"{path}, line 1: {' and '.join(repr(header[place]) for place in found)} both name "
                f"the {column}; keep one of the two columns"
            )
        if found:
            places[column] = found[0]
    return places


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
