"""Which texts are being asked for just now, by all processes that share a translation memory.

A claim is a lock of the kernel's on one byte of a file beside the memory, the text's hash: it
costs no room, ends with its process however that ends, and holds between machines as far as the
file system's locks do.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import logging
import os
import struct
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from rematch.storage import make_folder, open_shared, unusable

log = logging.getLogger(__name__)

FILE = ".asking"

# Locks of an open file, where there are such: those of a process end when it closes any file of
# that name, and do not part its threads.
_OPEN_FILE = sys.platform == "linux" and struct.calcsize("P") == 8
_F_OFD_SETLK = 37


class Claims:
    """The claims of one run on texts of one backend and pair of languages.

    Where there are no locks nobody waits for anybody: texts may be asked for twice.
    """

    def __init__(self, folder: Path, key: Sequence[str]) -> None:
        self._key = key
        self._lock = threading.Lock()
        self._file: int | None = None
        self._path = folder / FILE
        try:
            make_folder(folder)
            self._file = open_shared(self._path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            self._without(error)

    def take(self, texts: Iterable[str]) -> tuple[list[str], list[str]]:
        """Claim what nobody else does: those claimed, and those that another one asks for."""
        mine: list[str] = []
        others: list[str] = []
        with self._lock:
            for text in texts:
                (mine if self._set(text, fcntl.F_WRLCK) else others).append(text)
        return mine, others

    def release(self, texts: Iterable[str]) -> None:
        """Give claims back, once the memory holds the answers or there are none."""
        with self._lock:
            for text in texts:
                self._set(text, fcntl.F_UNLCK)

    def close(self) -> None:
        """Give all back."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _set(self, text: str, kind: int) -> bool:
        if self._file is None:
            return True
        hashed = hashlib.sha256("\0".join((*self._key, text)).encode("utf-8", "surrogatepass"))
        place = int.from_bytes(hashed.digest()[:8], "big") >> 2
        try:
            if _OPEN_FILE:
                what = struct.pack("hhqqi4x", kind, os.SEEK_SET, place, 1, 0)
                fcntl.fcntl(self._file, _F_OFD_SETLK, what)
            else:
                ways = {fcntl.F_WRLCK: fcntl.LOCK_EX | fcntl.LOCK_NB}
                fcntl.lockf(self._file, ways.get(kind, fcntl.LOCK_UN), 1, place)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            self._without(error)
        return True

    def _without(self, error: OSError) -> None:
        said = unusable(self._path, error)
        log.warning("texts that another job asks for are not waited for: %s", said)
        if self._file is not None:
            os.close(self._file)
            self._file = None
