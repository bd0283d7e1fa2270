"""The translation memory as one backend and pair of languages sees it, while others add to it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from rematch.text.memory.lines import (
    ANSWER,
    IMPORT,
    WITHDRAWN,
    Fault,
    Record,
    parsed,
    read_file,
    read_lines,
)
from rematch.text.memory.writer import Memory

_Place = tuple[int, float, str, int]
"""By which records of a text follow each other: order, time, file, byte."""


class Store:
    """What the memory in `folder` holds, and adding to it; safe to share between threads.

    `faults`: lines that are no records, when it was opened. `conflicts`: how often a later
    translation replaced a different one then.

    Raises:
        UserError: a file cannot be read, or the memory cannot be written.
    """

    def __init__(
        self, folder: str | os.PathLike[str], backend: str, source: str, target: str
    ) -> None:
        self.folder = Path(folder)
        self.key = (backend, source, target)
        self.faults: list[Fault] = []
        self._memory = Memory(folder)
        self._lock = threading.Lock()
        self._latest: dict[str, tuple[_Place, Record]] = {}
        self._read: dict[str, int] = {}  # bytes of whole lines, by file
        self._own: set[str] = set()
        self.conflicts = self._load()

    def get(self, text: str) -> str | None:
        """The translation that holds for a text."""
        found = self._latest.get(text)
        return None if found is None or found[1].origin == WITHDRAWN else found[1].translation

    def is_imported(self, text: str) -> bool:
        """Whether a person has put the translation there."""
        found = self._latest.get(text)
        return found is not None and found[1].origin == IMPORT

    def answers(self) -> list[tuple[str, str]]:
        """Text and translation of all that the backend has answered."""
        records = [record for _, record in self._latest.values()]
        return [(each.text, each.translation) for each in records if each.origin == ANSWER]

    def reserve(self) -> None:
        """See `Memory.reserve`."""
        self._memory.reserve()

    def append(self, pairs: Sequence[tuple[str, str]], origin: str = ANSWER) -> None:
        """Keep pairs, which hold from now on; on disk when this returns.

        Raises:
            UserError: see `Memory.append`.
        """
        with self._lock:
            orders = {
                text: self._latest[text][1].order + 1 for text, _ in pairs if text in self._latest
            }
            try:
                self._memory.append(pairs, *self.key, orders, origin)
            finally:
                if self._memory.file is not None:
                    self._own.add(self._memory.file)
            now = time.time()
            for text, translation in pairs:
                order = orders.get(text, 0)
                record = Record(now, *self.key, text, translation, order, origin)
                self._latest[text] = (order, now, "", 0), record

    def withdraw(self, texts: Sequence[str]) -> None:
        """Take back what is held of these texts."""
        self.append([(text, "") for text in texts if self.get(text) is not None], WITHDRAWN)

    def refresh(self) -> None:
        """Take up what others have added since.

        Files are opened, and not asked for their size: an opened one is as new over NFS too.
        """
        for path in sorted(self.folder.glob("*.jsonl")):
            if path.name in self._own:
                continue
            start = self._read.get(path.name, 0)
            for _, end, line in read_lines(path, start):
                if line is None or line.endswith(b"\n"):
                    self._read[path.name] = end
                    found = parsed(line) if line and line.strip() else None
                    if isinstance(found, Record):
                        self._take(found, path.name, end)

    def close(self) -> None:
        """Close the file of this writer."""
        self._memory.close()

    def _load(self) -> int:
        found: list[tuple[_Place, Record]] = []
        for path in sorted(self.folder.glob("*.jsonl")):
            for _, end, line in read_file(path):
                if isinstance(line, Fault):
                    self.faults.append(line)
                    if not line.torn:
                        self._read[path.name] = end
                    continue
                self._read[path.name] = end
                if (line.backend, line.source, line.target) == self.key:
                    found.append(((line.order, line.time, path.name, end), line))
        found.sort(key=lambda item: item[0])
        conflicts = 0
        for place, record in found:
            before = self.get(record.text)
            replaced = before is not None and record.origin != WITHDRAWN
            conflicts += replaced and before != record.translation
            self._latest[record.text] = place, record
        return conflicts

    def _take(self, record: Record, name: str, end: int) -> None:
        if (record.backend, record.source, record.target) != self.key:
            return
        place = (record.order, record.time, name, end)
        with self._lock:
            before = self._latest.get(record.text)
            if before is None or before[0] <= place:
                self._latest[record.text] = place, record
