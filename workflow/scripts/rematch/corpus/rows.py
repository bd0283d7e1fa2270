"""From a file's bytes to rows of text, whatever their columns mean.

What is no text at all, or text that only seems to be read, ends here in one line: an archive, two
encodings in one file, line ends that are none, a column of another type. What a layout makes of the
rows is `corpus.layouts`' matter.
"""

from __future__ import annotations

import codecs
import csv
import io
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rematch.errors import UserError

log = logging.getLogger(__name__)

Rows = Iterator[tuple[int, list[str]]]

FOREIGN = (
    (b"\x1f\x8b", "is packed by gzip; unpack it (gunzip)"),
    (b"PK\x03\x04", "is a zip archive, or a spreadsheet; unpack it, or save it as text"),
    (b"BZh", "is packed by bzip2; unpack it (bunzip2)"),
    (b"\xfd7zXZ\0", "is packed by xz; unpack it (unxz)"),
    (b"\x28\xb5\x2f\xfd", "is packed by zstd; unpack it (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive; unpack it"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet of Excel; save it as text"),
    (b"PAR1", "is Parquet; name it .parquet and its columns with `layout: generic`"),
    (b"%PDF-", "is a PDF; get the table itself"),
    (
        b"version https://git-lfs.github.com/",
        "is a pointer of Git LFS; fetch the file (git lfs pull)",
    ),
)
"""How files begin that are no table in text, and what to do about them."""

MOST_ROWS = 20_000_000
"""In a Parquet file: a damaged or hostile kilobyte can claim any number."""

_CSV_FAULTS = {
    "unexpected end of data": "a quote is opened and never closed",
    "expected after": "text follows a closing quote",
    "new-line character": "a carriage return stands outside quotes",
}
"""Of csv.Error's messages, in our words."""

_MARKS = frozenset("‚„…‘’“”•–—™›‹†´¹²³\u00a0§«®°»".encode("cp1252"))
"""cp1252's quotes, dashes and marks, which may follow an accented letter: MENÜ“, liberté\u00a0»."""

_UTF16 = re.compile(rb"(?:[\t\n\r -~]\0){4}|(?:\0[\t\n\r -~]){4}")
"""Letters of UTF-16, without which no row of it is."""

_BOMS_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def headed(path: Path, rows: Rows) -> tuple[list[str], Rows]:
    """The header's names, and the rows below it."""
    _, header = next(rows, (0, []))
    if not header:
        raise UserError(f"{path}: the file is empty; line 1 must name the columns")
    return [name.strip() for name in header], rows


def plain_rows(text: str, delimiter: str) -> Rows:
    """Rows without quoting; only \\n ends a row (not U+2028, not \\x0b)."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        yield number, line.removesuffix("\r").split(delimiter)


def csv_rows(text: str, delimiter: str, path: Path) -> Rows:
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


# Text


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        UserError: it cannot be read, is no text (see `FOREIGN`), is of no encoding (`decode`) or
            ends its lines with carriage returns alone.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    for start, what in FOREIGN:
        if data.startswith(start):
            raise UserError(f"{path}: {what}")
    if data[:4].count(0) > 1:  # letters of UTF-16 or UTF-32 without a byte order mark
        raise UserError(f"{path}, line 1: the file is UTF-16 or UTF-32; save it as UTF-8")
    wide = _UTF16.search(data) if 0 in data and not data.startswith(_BOMS_16) else None
    if wide is not None:
        line = data.count(b"\n", 0, wide.start() + 1) + 1
        raise UserError(
            f"{path}, line {line}: a part of the file is UTF-16; "
            "save the parts that it was put together from as UTF-8"
        )
    text = decode(data, str(path))
    first = text.partition("\n")[0].removesuffix("\r")
    if "\r" in first.partition('"')[0]:
        raise UserError(
            f"{path}, line 1: lines end with a carriage return alone, so the file is one line; "
            r"save it with line feeds (tr '\r' '\n')"
        )
    return text


def decode(data: bytes, name: str) -> str:
    """A file's bytes as text: UTF-8 with or without byte order mark, else cp1252.

    A file is taken for cp1252 only if it has next to no character in UTF-8, and no lines that are
    UTF-8 throughout: one damaged character in a UTF-8 file, or a part in another encoding, however
    small, would otherwise turn all its umlauts into pairs of letters.

    Raises:
        UserError: neither fits; says line and column (in bytes, from 1) of the offending byte.
    """
    if data.startswith(_BOMS_16):
        raise UserError(f"{name}, line 1: the file is UTF-16; save it as UTF-8")
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode("utf-8").lstrip("\ufeff")  # some tools write it twice
    except UnicodeDecodeError as error:
        wrong, right, whole = _characters(body)
        if len(body) < len(data) or right * 100 > wrong or whole > 1:
            raise UserError(
                f"{name}, {_place(body, error.start)} is not UTF-8, though other parts of the file "
                f"are ({right:,} characters are, {wrong:,} bytes are not); repair that character, "
                "or save the parts that the file was put together from as UTF-8"
            ) from error
    try:
        text = body.decode("cp1252")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name}, {_place(body, error.start)} is neither UTF-8 nor cp1252; "
            "save the file as UTF-8"
        ) from error
    log.info("%s: not UTF-8, read as cp1252", name)
    if right:
        log.warning(
            "%s: read as cp1252; %s characters would be others in UTF-8", name, f"{right:,}"
        )
    return text


def _characters(body: bytes) -> tuple[int, int, int]:
    """How many bytes are not UTF-8, how many characters beyond ASCII are, and of these how many
    stand in lines that are UTF-8 throughout.

    Bytes that are an accented letter and marks in cp1252, and a letter of a rarer script in UTF-8,
    say nothing: no count has them.
    """
    wrong = right = whole = 0
    for line in body.split(b"\n"):
        if line.isascii():
            continue
        readable = line.decode("utf-8", errors="ignore").encode()
        found = _MULTIBYTE.findall(readable)
        sure = sum(c[0] <= 0xC3 or not _MARKS.issuperset(c[1:]) for c in found)
        wrong += len(line) - len(readable)
        right += sure
        whole += sure if len(readable) == len(line) else 0
    return wrong, right, whole


def _place(data: bytes, offset: int) -> str:
    line = data.count(b"\n", 0, offset) + 1
    column = offset - data.rfind(b"\n", 0, offset)
    return f"line {line}, column {column}: byte 0x{data[offset]:02x}"


# Parquet


def parquet_rows(path: Path, wanted: set[str]) -> tuple[list[str], Rows]:
    """Columns as text, missing values as ""; columns that are not wanted are empty.

    Raises:
        UserError: the file is no Parquet, is damaged, claims more than `MOST_ROWS`, or a wanted
            column holds no text; names the row where a value is not UTF-8.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            names = list(file.schema_arrow.names)
            size = file.metadata.num_rows
            if not 0 <= size <= MOST_ROWS:
                raise UserError(
                    f"{path}: it claims {size:,} rows, and {MOST_ROWS:,} are the most; check it"
                )
            # Only these: a column that nobody asks for may be of any type, and damaged.
            table = file.read(columns=sorted(wanted & set(names)))
    except UserError:
        raise
    except (OSError, ValueError, TypeError, KeyError, MemoryError, pa.ArrowException) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: cannot be read as Parquet ({said}); check the file") from error
    if table.num_columns and table.num_rows != size:
        raise UserError(
            f"{path}: {table.num_rows:,} rows and not the {size:,} that it claims; check the file"
        )
    read = {name: iter(table.schema.get_all_field_indices(name)) for name in wanted}
    columns: list[Sequence[str]] = [
        _as_text(path, name, table.column(next(read[name]))) if name in wanted else [""] * size
        for name in names
    ]
    rows: Iterable[tuple[str, ...]] = zip(*columns, strict=True)
    return names, ((n, list(row)) for n, row in enumerate(rows, start=1))


def _as_text(path: Path, name: str, column: pa.ChunkedArray) -> list[str]:
    kind = column.type
    while pa.types.is_dictionary(kind) or isinstance(kind, pa.BaseExtensionType):
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind.storage_type
    textual = any(
        is_one(kind)
        for is_one in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_binary,  # many writers leave out that their bytes are text
            pa.types.is_large_binary,
            pa.types.is_binary_view,
        )
    )
    if not textual and not pa.types.is_integer(kind) and not pa.types.is_null(kind):
        # A number with a fraction would turn id 12 into "12.0".
        raise UserError(f"{path}: column {name!r} holds {kind} and not text; store it as text")
    texts: list[str] = []
    for chunk in column.chunks:
        if textual:
            chunk = chunk.cast(pa.large_binary())  # pyarrow decodes a whole column, or none of it
        for value in chunk.to_pylist():
            try:
                texts.append(value.decode() if textual and value is not None else _said(value))
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{path}, row {len(texts) + 1}: column {name!r} is not UTF-8 from byte "
                    f"{error.start + 1} of the value (0x{value[error.start]:02x}); "
                    "store the column as UTF-8"
                ) from error
    return texts


def _said(value: object) -> str:
    return "" if value is None else str(value)
