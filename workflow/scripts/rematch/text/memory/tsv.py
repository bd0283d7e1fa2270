"""Translations from elsewhere as TSV: UTF-8, header `source<TAB>target`, one pair a line."""

from __future__ import annotations

import os
from pathlib import Path

from rematch.errors import UserError
from rematch.text.memory.lines import LONGEST, read_lines

HEADER = ("source", "target")


def read_tsv(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """The (source, target) rows of a TSV in the file's order; empty lines are passed over.

    Quotes are ordinary characters.

    Raises:
        UserError: the file cannot be read or is not UTF-8, or its header or a row is not of the
            form, naming the file, the line and the column.
    """
    path = Path(path)
    rows: list[tuple[str, str]] = []
    empty = True
    for number, _, raw in read_lines(path):
        where = f"{path}, line {number}"
        if raw is None:
            raise UserError(f"{where}: longer than {LONGEST:,} bytes; is it a TSV of texts?")
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
            empty = False
        fields = _fields(raw, where)
        if number == 1:
            _demand_header(fields, where)
        elif fields != ("",):
            rows.append(_pair(fields, where))
    if empty:
        _demand_header(("",), f"{path}, line 1")
    return rows


def _fields(raw: bytes, where: str) -> tuple[str, ...]:
    raw = raw.removesuffix(b"\n").removesuffix(b"\r")
    try:
        return tuple(raw.decode("utf-8").split("\t"))
    except UnicodeDecodeError as error:
        column = HEADER[min(raw[: error.start].count(b"\t"), 1)]
        raise UserError(
            f"{where}, column {column!r}: not UTF-8 (byte {error.start + 1} of the line); "
            f"save the file as UTF-8"
        ) from error


def _demand_header(fields: tuple[str, ...], where: str) -> None:
    if fields != HEADER:
        line = "\t".join(fields)
        raise UserError(
            f"{where}: the header is {line[:60]!r}; it must be 'source', a tab, 'target'"
        )


def _pair(fields: tuple[str, ...], where: str) -> tuple[str, str]:
    if len(fields) == 1:
        raise UserError(
            f"{where}, column 'target': missing; write the source text, a tab, its translation"
        )
    if len(fields) > 2:
        raise UserError(
            f"{where}, column {len(fields)}: there are only two columns; "
            f"replace the tabs inside a text by spaces"
        )
    for name, field in zip(HEADER, fields, strict=True):
        if not field.strip():
            raise UserError(f"{where}, column {name!r}: empty; fill it or delete the line")
    return fields[0], fields[1]
