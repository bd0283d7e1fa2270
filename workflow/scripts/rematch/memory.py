"""The translation memory: a folder of append-only files, so that no translation is bought twice.

Every writer owns one file of JSON lines, named after its start and process, and adds whole lines
to it, each batch by a single write that is on disk before the call returns. Nothing is ever
changed or shared between writers, so it needs no database and no locks: many jobs on many
machines may write at once, also over NFS, and a job killed in the middle of a write leaves at
worst a torn last line in a file that nobody appends to again. A line reads

    {"time": 1760000000.0, "backend": "google", "source": "de", "target": "en",
     "text": "Guten Tag", "translation": "Good day"}

and `pandas.read_json(file, lines=True, dtype=False)` reads a file. The key
is backend, source language, target language and the exact text. Where a key has several
translations the latest one holds.

Translations from elsewhere come as TSV: UTF-8, header `source<TAB>target`, one pair a line,
quotes are ordinary characters.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rematch.errors import UserError

log = logging.getLogger(__name__)

TSV_HEADER = ("source", "target")


@dataclass(frozen=True)
class Record:
    """One line of the memory; `time` in seconds since 1970, UTC."""

    time: float
    backend: str
    source: str
    target: str
    text: str
    translation: str


@dataclass(frozen=True)
class Recalled:
    """What a memory holds for one pair of languages.

    `conflicts`: how often a later translation replaced a different one of the same text.
    """

    translations: Mapping[str, str]
    conflicts: int


@dataclass(frozen=True)
class Fill:
    """How much a memory holds of one backend and pair of languages.

    A plain TSV says neither, so its rows count under backend "tsv" with empty languages.
    """

    backend: str
    source: str
    target: str
    texts: int
    characters: int
    conflicts: int


@dataclass(frozen=True)
class Imported:
    """What `import_tsv` did: distinct texts that were new, replaced, or there already."""

    new: int
    replaced: int
    same: int
    conflicts: int


class Memory:
    """Adds translations to the memory in `folder`; safe to share between threads.

    Raises:
        UserError: the folder or the file cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._lock = threading.Lock()
        self._file: int | None = None

    def append(
        self, pairs: Sequence[tuple[str, str]], backend: str, source: str, target: str
    ) -> None:
        """Keep (text, translation) pairs; they are on disk when this returns."""
        if not pairs:
            return
        now = time.time()
        lines = "".join(
            json.dumps(
                {
                    "time": now,
                    "backend": backend,
                    "source": source,
                    "target": target,
                    "text": text,
                    "translation": translation,
                },
                ensure_ascii=False,
            )
            + "\n"
            for text, translation in pairs
        ).encode("utf-8")
        with self._lock:
            try:
                if self._file is None:
                    self._file = self._create()
                left = memoryview(lines)
                while left:  # a regular file takes all at once, unless a signal or quota cuts it
                    left = left[os.write(self._file, left) :]
                os.fsync(self._file)
            except OSError as error:
                # The file may end in half a line now. It is not used again.
                self._close()
                raise UserError(
                    f"translation memory {self.folder}: cannot be written "
                    f"({error.strerror}); make it writable and run again"
                ) from error

    def close(self) -> None:
        """Close the file; a later `append` starts another."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _create(self) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        started = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        name = f"{started}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        file = os.open(self.folder / name, flags, 0o644)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # else a power cut may lose the name of a file that is on disk
        finally:
            os.close(folder)
        return file


def read_records(folder: str | os.PathLike[str]) -> list[Record]:
    """Every record in a memory's folder, oldest first; none if there is no such folder.

    A torn last line, left by a killed writer or being written just now, is passed over. Any
    other line that cannot be read is passed over with a warning that names it.
    """
    found: list[tuple[float, str, int, Record]] = []
    for path in sorted(Path(folder).glob("*.jsonl")):
        lines = path.read_bytes().split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            record = _parse(line)
            if record is not None:
                found.append((record.time, path.name, number, record))
            elif number == len(lines):
                log.info("%s: its last line is torn and passed over", path)
            else:
                log.warning("%s, line %d: not a record of the memory; passed over", path, number)
    found.sort(key=lambda item: item[:3])
    return [record for _, _, _, record in found]


def _parse(line: bytes) -> Record | None:
    try:
        fields = json.loads(line)
        record = Record(**fields)
    except (ValueError, TypeError):
        return None
    names = ("backend", "source", "target", "text", "translation")
    if not all(isinstance(fields[name], str) for name in names):
        return None
    return record if isinstance(record.time, (int, float)) else None


def read_tsv(path: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """The (source, target) rows of a TSV in the file's order; empty lines are passed over.

    Raises:
        UserError: the file is not UTF-8, or its header or a row is not of the form, naming the
            file, the line and the column.
    """
    path = Path(path)
    rows: list[tuple[str, str]] = []
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); check the path of the translations"
        ) from error
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        where = f"{path}, line {number}"
        try:
            line = raw.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            column = TSV_HEADER[min(raw[: error.start].count(b"\t"), 1)]
            raise UserError(
                f"{where}, column {column!r}: not UTF-8 (byte {error.start + 1} of the line); "
                f"save the file as UTF-8"
            ) from error
        fields = tuple(line.split("\t"))
        if number == 1:
            if fields != TSV_HEADER:
                raise UserError(
                    f"{where}: the header is {line[:60]!r}; it must be 'source', a tab, 'target'"
                )
            continue
        if not line:
            continue
        if len(fields) == 1:
            raise UserError(
                f"{where}, column 'target': missing; write the source text, a tab, its translation"
            )
        if len(fields) > 2:
            raise UserError(
                f"{where}, column {len(fields)}: there are only two columns; "
                f"replace the tabs inside a text by spaces"
            )
        for name, field in zip(TSV_HEADER, fields, strict=True):
            if not field.strip():
                raise UserError(f"{where}, column {name!r}: empty; fill it or delete the line")
        rows.append((fields[0], fields[1]))
    return rows


def recall(
    path: str | os.PathLike[str], source: str, target: str, backend: str | None = None
) -> Recalled:
    """What the memory at `path` holds from `source` to `target`.

    Args:
        path: with `backend`, a memory's folder, and only that backend's records count. Without
            it every record of the language pair counts, after them the rows of the folder's
            TSVs in the order of their names; or `path` is one TSV.

    Raises:
        UserError: a TSV is ill-formed; or, without `backend`, nothing is at `path`.
    """
    path = Path(path)
    pairs: list[tuple[str, str]] = []
    if backend is None and not path.exists():
        raise UserError(
            f"translation memory {path}: no such file or folder; check its path in the config"
        )
    if path.is_file():
        pairs = read_tsv(path)
    else:
        pairs = [
            (record.text, record.translation)
            for record in read_records(path)
            if (record.source, record.target) == (source, target)
            and (backend is None or record.backend == backend)
        ]
        if backend is None:
            for tsv in sorted(path.glob("*.tsv")):
                pairs += read_tsv(tsv)
    return _last_wins(pairs)


def _last_wins(pairs: Sequence[tuple[str, str]]) -> Recalled:
    translations: dict[str, str] = {}
    conflicts = 0
    for text, translation in pairs:
        conflicts += translations.get(text, translation) != translation
        translations[text] = translation
    return Recalled(translations, conflicts)


def fill(path: str | os.PathLike[str]) -> list[Fill]:
    """What the memory at `path` (folder or TSV) holds, sorted by backend and languages.

    `texts` counts distinct texts, `characters` those of their sources.
    """
    path = Path(path)
    groups: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    if not path.is_file():
        for record in read_records(path):
            key = (record.backend, record.source, record.target)
            groups.setdefault(key, []).append((record.text, record.translation))
    for tsv in [path] if path.is_file() else sorted(path.glob("*.tsv")):
        groups.setdefault(("tsv", "", ""), []).extend(read_tsv(tsv))
    fills = []
    for key, pairs in sorted(groups.items()):
        held = _last_wins(pairs)
        characters = sum(map(len, held.translations))
        fills.append(Fill(*key, len(held.translations), characters, held.conflicts))
    return fills


def import_tsv(
    folder: str | os.PathLike[str],
    tsv: str | os.PathLike[str],
    backend: str,
    source: str,
    target: str,
) -> Imported:
    """Add a TSV's rows to the memory as translations by `backend`; they replace older ones.

    Importing a file twice adds nothing. With conflicting rows the last one wins.

    Raises:
        UserError: the TSV is ill-formed (nothing is added), or the memory cannot be written.
    """
    rows = _last_wins(read_tsv(tsv))
    held = recall(folder, source, target, backend).translations
    added = [pair for pair in rows.translations.items() if held.get(pair[0]) != pair[1]]
    memory = Memory(folder)
    try:
        memory.append(added, backend, source, target)
    finally:
        memory.close()
    replaced = sum(text in held for text, _ in added)
    return Imported(
        new=len(added) - replaced,
        replaced=replaced,
        same=len(rows.translations) - len(added),
        conflicts=rows.conflicts,
    )
