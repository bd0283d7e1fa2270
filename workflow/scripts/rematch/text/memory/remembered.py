"""The translation memory: a folder of append-only files, so that no translation is bought twice.

Every writer owns one file of JSON lines, named after its start and process, and adds whole lines
to it, each batch by a single write that is on disk before the call returns. Nothing is ever
changed or shared between writers, so it needs no database and no locks: many jobs on many
machines may write at once, also over NFS, and a job killed in the middle of a write leaves at
worst a torn last line in a file that nobody appends to again. A line reads

    {"time": 1760000000.0, "backend": "google", "source": "de", "target": "en",
     "text": "Guten Tag", "translation": "Good day", "sum": "0123456789abcdef"}

and `pandas.read_json(file, lines=True, dtype=False)` reads a file. The key
is backend, source language, target language and the exact text. Of several translations of a key
the one of the highest `order` holds (`memory_lines.Record`); where the orders are equal, as in
files from before there were any, the latest one. A line that was damaged is noticed by its sum,
and passed over: its text is asked for again.

Translations from elsewhere come as TSV, see `memory_tsv`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rematch.errors import UserError
from rematch.text.memory.lines import IMPORT, WITHDRAWN, Fault, Record, read_file
from rematch.text.memory.store import Store
from rematch.text.memory.tsv import read_tsv
from rematch.text.memory.writer import Memory

__all__ = [
    "Fill",
    "Imported",
    "Memory",
    "Recalled",
    "Record",
    "damages",
    "fill",
    "import_tsv",
    "read_folder",
    "read_records",
    "read_tsv",
    "recall",
]

log = logging.getLogger(__name__)

SAID = 10
"""Damaged lines that the log names one by one."""


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


def read_folder(folder: str | os.PathLike[str]) -> tuple[list[Record], list[Fault]]:
    """Every record in a memory's folder, those that hold last, and the lines that are none.

    What was withdrawn, and the withdrawals, are left out.

    Raises:
        UserError: a file cannot be read.
    """
    found: list[tuple[int, float, str, int, Record]] = []
    faults: list[Fault] = []
    for path in sorted(Path(folder).glob("*.jsonl")):
        for number, _, line in read_file(path):
            if isinstance(line, Record):
                found.append((line.order, line.time, path.name, number, line))
            else:
                faults.append(line)
    found.sort(key=lambda item: item[:4])
    return _standing(item[-1] for item in found), faults


def _standing(records: Iterable[Record]) -> list[Record]:
    """Records in the order in which they hold, without what was withdrawn."""
    kept: dict[tuple[str, ...], list[Record]] = {}
    places: dict[int, int] = {}
    for place, record in enumerate(records):
        key = (record.backend, record.source, record.target, record.text)
        if record.origin == WITHDRAWN:
            kept.pop(key, None)
        else:
            kept.setdefault(key, []).append(record)
            places[id(record)] = place
    standing = [record for each in kept.values() for record in each]
    return sorted(standing, key=lambda record: places[id(record)])


def read_records(folder: str | os.PathLike[str]) -> list[Record]:
    """Every record in a memory's folder, those that hold last; none if there is no such folder.

    A torn last line, left by a killed writer or being written just now, is passed over. Any
    other line that cannot be read, or was changed since, is passed over with a warning.

    Raises:
        UserError: a file cannot be read.
    """
    records, faults = read_folder(folder)
    warn(faults)
    return records


def warn(faults: Sequence[Fault]) -> None:
    """Name damaged lines in the log: the first ones, and how many there are."""
    damaged = [fault for fault in faults if not fault.torn]
    for fault in faults:
        if fault.torn:
            log.info("%s: its last line is torn and passed over", fault.path)
    for fault in damaged[:SAID]:
        log.warning("%s; passed over, its text is asked for again", fault)
    if len(damaged) > SAID:
        log.warning("%d damaged lines of the translation memory in all", len(damaged))


def damages(path: str | os.PathLike[str]) -> list[str]:
    """What is damaged in the memory at `path`, a folder or a TSV: a line for a person each.

    A last line that a kill cut short is no damage.
    """
    path = Path(path)
    found: list[str] = []
    for file in [path] if path.is_file() else sorted(path.glob("*.jsonl")):
        try:
            if file.suffix == ".jsonl":
                faults = [line for _, _, line in read_file(file) if isinstance(line, Fault)]
                found += [str(fault) for fault in faults if not fault.torn]
            else:
                read_tsv(file)
        except UserError as error:
            found.append(str(error))
    return found


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
    if backend is None and not path.exists():
        raise UserError(
            f"translation memory {path}: no such file or folder; check its path in the config"
        )
    if path.is_file():
        return _last_wins(read_tsv(path))
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

    Importing a file twice adds nothing. With conflicting rows the last one wins. A row that says
    what the backend had answered is kept as a person's word all the same where text and
    translation are equal: it is meant so.

    Raises:
        UserError: the TSV is ill-formed (nothing is added), or the memory cannot be written.
    """
    rows = _last_wins(read_tsv(tsv))
    store = Store(folder, backend, source, target)
    warn(store.faults)
    pairs = rows.translations.items()
    added = [pair for pair in pairs if store.get(pair[0]) != pair[1]]
    meant = [
        (text, said)
        for text, said in pairs
        if store.get(text) == said == text
        if not store.is_imported(text)
    ]
    replaced = sum(store.get(text) is not None for text, _ in added)
    try:
        store.append([*added, *meant], IMPORT)
    finally:
        store.close()
    return Imported(
        new=len(added) - replaced,
        replaced=replaced,
        same=len(rows.translations) - len(added),
        conflicts=rows.conflicts,
    )
