"""The lines of the translation memory's files: their form, and what is wrong with one.

A line is a JSON object. `order` and `origin` stand there where they are not 0 and "answer"; `sum`
is the beginning of the SHA-256 of the other values. Lines from before there were sums have none,
and are believed as they are.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rematch.errors import UserError

LONGEST = 16_000_000
"""Bytes of a line. None that a writer made is as long; a longer one is not held in memory."""

ANSWER, IMPORT, WITHDRAWN = "answer", "import", "withdrawn"

_WORDS = ("backend", "source", "target", "text", "translation")


@dataclass(frozen=True)
class Record:
    """One line of the memory; `time` in seconds since 1970, UTC, for people.

    Of two records of a text the one of higher `order` holds: whoever replaces a record writes
    one of an order above it, so that no clock decides. `origin`: "answer" of a backend, "import"
    by a person, or "withdrawn", which takes back what lower orders say.
    """

    time: float
    backend: str
    source: str
    target: str
    text: str
    translation: str
    order: int = 0
    origin: str = ANSWER


@dataclass(frozen=True)
class Fault:
    """A line that is no record. `torn`: a kill cut it short, which is to be expected."""

    path: Path
    line: int
    reason: str
    torn: bool = False

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.reason}"


def encoded(record: Record) -> bytes:
    """The record's line, with its end."""
    fields: dict[str, Any] = {"time": record.time}
    fields |= {name: getattr(record, name) for name in _WORDS}
    if record.order:
        fields["order"] = record.order
    if record.origin != ANSWER:
        fields["origin"] = record.origin
    fields["sum"] = _sum(record)
    return (json.dumps(fields, ensure_ascii=False) + "\n").encode("utf-8")


def parsed(line: bytes) -> Record | str:
    """The record in a line, or what is wrong with it."""
    try:
        fields = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte {error.start + 1})"
    except (ValueError, RecursionError):
        return "not a record of the memory"
    if not isinstance(fields, dict):
        return "not a record of the memory"
    told = fields.pop("sum", None)
    try:
        record = Record(**fields)
    except TypeError:
        return "not a record of the memory"
    if not all(isinstance(fields[name], str) for name in _WORDS) or not _numbers(record):
        return "not a record of the memory"
    try:
        found = _sum(record)
    except UnicodeEncodeError:
        return "half a character (a lone surrogate) in it"
    if told is not None and told != found:
        return "changed since it was written (its sum is another)"
    return record


def _numbers(record: Record) -> bool:
    time, order = record.time, record.order
    return (
        isinstance(time, (int, float))
        and (isinstance(time, int) or math.isfinite(time))
        and type(order) is int
        and record.origin in (ANSWER, IMPORT, WITHDRAWN)
    )


def _sum(record: Record) -> str:
    values = [repr(record.time), *(getattr(record, name) for name in _WORDS)]
    whole = json.dumps([*values, record.order, record.origin], ensure_ascii=False)
    return hashlib.sha256(whole.encode("utf-8")).hexdigest()[:16]


def read_lines(path: Path, start: int = 0) -> Iterator[tuple[int, int, bytes | None]]:
    """The lines of a file from the byte `start` on: number, byte after it, and content.

    The number counts from `start`. The content comes with its end, which a last line may lack;
    it is None if it is longer than `LONGEST`.

    Raises:
        UserError: the file cannot be read, or is no file.
    """
    try:
        # Without this a pipe of that name would be waited for.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(file, "rb") as handle:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise UserError(f"{path}: not a file; remove it from the memory")
            handle.seek(start)
            number = 0
            while line := handle.readline(LONGEST):
                number += 1
                whole = True
                while len(line) == LONGEST and not line.endswith(b"\n"):
                    whole = False
                    line = handle.readline(LONGEST)
                yield number, handle.tell(), line if whole else None
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); make it readable for this user, or "
            f"remove it"
        ) from error


def read_file(path: Path) -> Iterator[tuple[int, int, Record | Fault]]:
    """Number, byte after it, and record or fault of each line that is not empty.

    Raises:
        UserError: see `read_lines`.
    """
    for number, end, line in read_lines(path):
        if line is None:
            yield number, end, Fault(path, number, f"longer than {LONGEST:,} bytes")
            continue
        if not line.strip():
            continue
        found = parsed(line)
        if isinstance(found, Record):
            yield number, end, found
        else:
            # A line that a kill cut short lacks its end, and what closes it.
            torn = not line.endswith(b"\n") and b'"}' not in line[-4:]
            yield number, end, Fault(path, number, found, torn)
