"""What files and folders hold, as digests that are remembered from one start to the next.

Snakemake goes by time stamps, and these say too much and too little: a touched file is no other
file, a file copied with its old time is, and a folder's time misses a file written over. A digest
says it exactly. So that ten thousand photos are not read at every start, each file's SHA-256 is
kept with its size, times and inode, and the file is read again only when one of these changed.

What is kept is one JSON file, sealed, read and replaced whole, that may be lost at any time: the
price is reading the files once more. It is written only when there is something new to keep.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rematch.errors import UserError
from rematch.storage.digests import (
    UNREAD,
    Files,
    digest_of,
    digest_together,
    looked_at,
    looked_through,
    read_or_not,
    state_of,
)
from rematch.storage.files import replacing

KEPT = "results/.contents.json"
"""Where the workflow keeps its digests."""

SELDOM_S = 30.0
"""How often at most what is noted while jobs run is written."""


class Contents:
    """Digests of files and folders, kept in the JSON file `kept`."""

    def __init__(self, kept: str | os.PathLike[str]) -> None:
        self._kept = Path(kept)
        self._read = False
        self._waiting = False
        self._news = False
        self._written = time.monotonic()
        self._folders: dict[str, Files] = {}
        self._results: dict[str, tuple[list[str | None], str]] = {}

    def of(self, path: str | os.PathLike[str], most: int | None = None) -> str | None:
        """The digest of a file's bytes, or of the names and bytes of a folder's files.

        With `most`, as in `files`; of what is not read counts that it is there.

        Of what is gone the last digest known, so that to delete an intermediate file is no
        change. None of what was never there or cannot be read: who needs it will say so.
        """
        path = Path(path).expanduser()
        self._load()
        try:
            if path.is_dir():
                return digest_together(self._folder(path, most))
            return self._file(str(path.parent), path.name)
        except FileNotFoundError:
            beside, inside = self._folders.get(str(path.parent), {}), self._folders.get(str(path))
            if path.name in beside:
                return beside[path.name][1]
            held = {name: sha for name, (_, sha) in (inside or {}).items()}
            return digest_together(held) if held else None
        except OSError:
            return None

    def files(self, folder: str | os.PathLike[str], most: int | None = None) -> dict[str, str]:
        """SHA-256 of each file of `folder` by its name.

        Left out are subfolders, hidden files and what cannot be read. With `most` also files of
        more bytes, and links out of the folder: such may have no end.

        Raises:
            OSError: the folder cannot be read.
        """
        found = self._folder(folder, most)
        return {name: sha for name, sha in found.items() if not sha.startswith(UNREAD)}

    def _folder(self, folder: str | os.PathLike[str], most: int | None) -> dict[str, str]:
        self._load()
        before = self._folders.get(str(folder), {})
        found = looked_through(folder, before, most)
        if found != before:
            self._folders[str(folder)] = found
            self._new()
        return {name: sha for name, (_, sha) in found.items()}

    def chosen(
        self,
        folder: str | os.PathLike[str],
        choose: Callable[[set[str]], Iterable[str]],
        most: int | None = None,
    ) -> dict[str, str]:
        """SHA-256 of some files of `folder`, hidden or not, by name; of those that can be read.

        Of a folder that is gone what is known of it.

        Args:
            folder: path.
            choose: picks the files among the names of all.
            most: of files of more bytes, and of links out of the folder, the reason that they are
                not read stands for the digest; it begins with `UNREAD`.
        """
        self._load()
        before = self._folders.get(str(folder), {})
        try:
            present = set(os.listdir(folder))
        except FileNotFoundError:
            return {name: before[name][1] for name in choose(set(before))}
        except OSError:
            return {}
        found: Files = {}
        for name in choose(present):
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                if os.path.isfile(path):
                    found[name] = read_or_not(path, before.get(name), most)
        now = {name: file for name, file in before.items() if name in present} | found
        if now != before:
            self._folders[str(folder)] = now
            self._new()
        return {name: sha for name, (_, sha) in found.items()}

    def result(
        self, name: str, paths: Sequence[str | os.PathLike[str]], compute: Callable[[], str]
    ) -> str:
        """What `compute` returns, called again only when what `paths` hold has changed."""
        now = [self.of(path) for path in paths]
        if name not in self._results or self._results[name][0] != now:
            self._results[name] = (now, compute())
            self._new()
        return self._results[name][1]

    def holds(self, path: str | os.PathLike[str], sha256: str) -> bool:
        """Whether a file or folder that is there has this digest. One kept wrongly does no harm."""
        if self.of(path) == sha256:
            return True
        with contextlib.suppress(OSError):
            if digest_of(path) == sha256:
                self.note(path, sha256)
                return True
        return False

    def note(self, path: str | os.PathLike[str], sha256: str, read: float | None = None) -> None:
        """Keep the digest of a file that was written and hashed by a job a moment ago.

        With `read`, the time when: not of a file that changed since. A job of a cluster may be
        over for a minute when it is noticed.
        """
        path = Path(path)
        self._load()
        with contextlib.suppress(OSError):
            found = path.stat()
            # Where times have fractions of a second, nobody writes so soon after.
            since = read is not None and found.st_ctime > read
            if stat.S_ISREG(found.st_mode) and found.st_ctime_ns % 1_000_000_000 and not since:
                known = (state_of(found), sha256)
                self._folders.setdefault(str(path.parent), {})[path.name] = known
                self._news = True
                if time.monotonic() - self._written > SELDOM_S:
                    self._new()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Write what is new once, at the end of the block."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False
            self.flush()

    def flush(self) -> None:
        """Write what is new."""
        if self._news:
            self._new()

    def _file(self, parent: str, name: str) -> str:
        folder = self._folders.get(parent, {})
        known = folder.get(name)
        path = os.path.join(parent, name)
        found = looked_at(path, os.stat(path), known)
        if found != known:
            self._folders.setdefault(parent, {})[name] = found
            self._new()
        return found[1]

    def _load(self) -> None:
        if self._read:
            return
        self._read = True
        # Whatever is wrong with what is kept, the files themselves can be read again.
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            kept: dict[str, Any] = sealed(self._kept.read_bytes())
            folders: dict[str, Files] = {
                folder: {name: (list(stat), str(sha)) for name, (stat, sha) in files.items()}
                for folder, files in kept["folders"].items()
            }
            results = {name: (list(of), str(is_)) for name, (of, is_) in kept["results"].items()}
            self._folders, self._results = folders, results

    def _new(self) -> None:
        self._news = True
        if self._waiting:
            return
        self._news, self._written = False, time.monotonic()
        kept = json.dumps({"folders": self._folders, "results": self._results}).encode()
        # It may be lost, so it need not be on disk.
        with contextlib.suppress(OSError, UserError), replacing(self._kept, lasting=False) as new:
            new.write_bytes(_head(kept) + kept + b"}\n")


def sealed(content: bytes) -> Any:
    """The JSON in the bytes of a file `kept`.

    Raises:
        ValueError: they are not what was written.
    """
    length = len(_head(b""))
    kept = content[length:-2]
    if _head(kept) + kept + b"}\n" != content:
        raise ValueError("the seal does not fit")
    return json.loads(kept)


def _head(kept: bytes) -> bytes:
    return b'{"sha256": "%s",\n"kept": ' % hashlib.sha256(kept).hexdigest().encode()
