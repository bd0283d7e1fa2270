"""Adding to the translation memory: one file a writer, whole lines, on disk before the next."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rematch.errors import UserError
from rematch.storage import is_full, make_folder, open_shared, unusable
from rematch.text.memory.lines import ANSWER, Record, encoded

ROOM = 500_000
"""Bytes held ready, so that answers on their way find room on a disk that has become full."""


class Memory:
    """Adds translations to the memory in `folder`; safe to share between threads.

    Raises:
        UserError: the folder or the file cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._lock = threading.Lock()
        self._file: int | None = None
        self._name: str | None = None
        self._room: tuple[Path, int] | None = None

    @property
    def file(self) -> str | None:
        """The name of the file that was written last, if any."""
        return self._name

    def reserve(self) -> None:
        """See that there is room for what will be paid for, and hold some ready.

        Raises:
            UserError: the folder is full or cannot be written.
        """
        with self._lock:
            try:
                make_folder(self.folder)
                self._remove_left_room()
                path = self.folder / f".{self._new_stem()}.room"
                file = open_shared(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
                self._room = path, file
                with contextlib.suppress(OSError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _write(file, os.urandom(ROOM))
                os.fsync(file)
            except OSError as error:
                self._free_room()
                raise self._unwritable(error) from error

    def append(
        self,
        pairs: Sequence[tuple[str, str]],
        backend: str,
        source: str,
        target: str,
        orders: Mapping[str, int] | None = None,
        origin: str = ANSWER,
    ) -> None:
        """Keep (text, translation) pairs; they are on disk when this returns.

        `orders`: the `Record.order` of a text, 0 where it has none.

        Raises:
            UserError: they cannot be written; or the room held ready had to be used for them, so
                that they are kept, and nothing more should be asked for.
        """
        if not pairs:
            return
        now, orders = time.time(), orders or {}
        lines = b"".join(
            encoded(
                Record(now, backend, source, target, *pair, orders.get(pair[0], 0), origin),
            )
            for pair in pairs
        )
        with self._lock:
            try:
                self._add(lines)
            except OSError as error:
                # The file may end in half a line now. It is not used again.
                self._close()
                if is_full(error) and self._room is not None:
                    self._free_room()
                    with contextlib.suppress(OSError):
                        self._add(lines)
                raise self._unwritable(error) from error

    def close(self) -> None:
        """Close the file; a later `append` starts another."""
        with self._lock:
            self._close()
            self._free_room()

    def _add(self, lines: bytes) -> None:
        if self._file is None:
            self._file = self._create()
        _write(self._file, lines)
        os.fsync(self._file)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _free_room(self) -> None:
        if self._room is not None:
            path, file = self._room
            self._room = None
            path.unlink(missing_ok=True)
            os.close(file)

    def _remove_left_room(self) -> None:
        """Remove what killed writers held ready; a living one has its file locked."""
        for path in self.folder.glob(".*.room"):
            with contextlib.suppress(OSError):
                file = os.open(path, os.O_WRONLY)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                finally:
                    os.close(file)

    def _create(self) -> int:
        make_folder(self.folder)
        self._name = f"{self._new_stem()}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        file = open_shared(self.folder / self._name, flags)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # else a power cut may lose the name of a file that is on disk
        finally:
            os.close(folder)
        return file

    @staticmethod
    def _new_stem() -> str:
        started = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        return f"{started}-{os.getpid()}-{secrets.token_hex(4)}"

    def _unwritable(self, error: OSError) -> UserError:
        remedy = str(unusable(self.folder, error)).rpartition("; ")[2]
        if is_full(error):
            remedy = "free some space and run again: what was answered is kept"
        said = error.strerror or type(error).__name__
        return UserError(f"translation memory {self.folder}: cannot be written ({said}); {remedy}")


def _write(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:  # a regular file takes all at once, unless a signal or quota cuts it
        left = left[os.write(file, left) :]
