"""What files and folders hold, as digests that are remembered from one start to the next.

Snakemake goes by time stamps, and these say too much and too little: a touched file is no other
file, a file copied with its old time is, and a folder's time misses a file written over. A digest
says it exactly. So that ten thousand photos are not read at every start, each file's SHA-256 is
kept with its size, times and inode, and the file is read again only when one of these changed.

What is kept is one JSON file, read and replaced whole, that may be lost at any time: the price is
reading the files once more. It is written only when there is something new to keep.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rematch.errors import UserError
from rematch.files import replacing, sha256_of

KEPT = "results/.contents.json"
"""Where the workflow keeps its digests."""

SETTLED_NS = 2_000_000_000
"""A file that changed so short a time ago may change again without its times showing it, where
these are coarse; it is read again next time."""

PHOTO_BYTES = 256 * 2**20
"""Largest file that is taken for a photo."""

UNREAD = "unread: "
"""What the reason begins with that stands for a file's SHA-256 where it is not read."""

_Files = dict[str, tuple[list[int], str]]
"""By name: size, times and inode, or nothing where they cannot be relied on; and SHA-256."""


class Contents:
    """Digests of files and folders, kept in the JSON file `kept`."""

    def __init__(self, kept: str | os.PathLike[str]) -> None:
        self._kept = Path(kept)
        self._read = False
        self._folders: dict[str, _Files] = {}
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
                return _digest(self._folder(path, most))
            return self._file(path)
        except FileNotFoundError:
            beside, inside = self._folders.get(str(path.parent), {}), self._folders.get(str(path))
            if path.name in beside:
                return beside[path.name][1]
            return _digest({name: sha for name, (_, sha) in inside.items()}) if inside else None
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
        found: _Files = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # as of a link to itself
                    if entry.name.startswith(".") or not entry.is_file():
                        continue
                    why = _unread(entry, most)
                    known = before.get(entry.name)
                    looked = ([], why) if why else _looked_at(entry.path, entry.stat(), known)
                    found[entry.name] = looked
        if found != before:
            self._folders[str(folder)] = found
            self._write()
        return {name: sha for name, (_, sha) in found.items()}

    def result(
        self, name: str, paths: Sequence[str | os.PathLike[str]], compute: Callable[[], str]
    ) -> str:
        """What `compute` returns, called again only when what `paths` hold has changed."""
        now = [self.of(path) for path in paths]
        if name not in self._results or self._results[name][0] != now:
            self._results[name] = (now, compute())
            self._write()
        return self._results[name][1]

    def _file(self, path: Path) -> str:
        folder = self._folders.get(str(path.parent), {})
        known = folder.get(path.name)
        found = _looked_at(path, path.stat(), known)
        if found != known:
            self._folders[str(path.parent)] = {**folder, path.name: found}
            self._write()
        return found[1]

    def _load(self) -> None:
        if self._read:
            return
        self._read = True
        # Whatever is wrong with what is kept, the files themselves can be read again.
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            kept: dict[str, Any] = json.loads(self._kept.read_bytes())
            folders: dict[str, _Files] = {
                folder: {name: (list(stat), str(sha)) for name, (stat, sha) in files.items()}
                for folder, files in kept["folders"].items()
            }
            results = {name: (list(of), str(is_)) for name, (of, is_) in kept["results"].items()}
            self._folders, self._results = folders, results

    def _write(self) -> None:
        kept = {"folders": self._folders, "results": self._results}
        with contextlib.suppress(OSError, UserError), replacing(self._kept) as beside:
            beside.write_text(json.dumps(kept), "utf-8")


def _unread(entry: os.DirEntry[str], most: int | None) -> str:
    """Why a file of a folder is not read, if it is not."""
    if most is None:
        return ""
    if entry.is_symlink():
        folder = os.path.realpath(os.path.dirname(entry.path))
        if os.path.commonpath([folder, os.path.realpath(entry.path)]) != folder:
            return f"{UNREAD}a link out of the folder"
    size = entry.stat().st_size
    return f"{UNREAD}{size} bytes" if size > most else ""


def _looked_at(
    path: str | os.PathLike[str], found: os.stat_result, known: tuple[list[int], str] | None
) -> tuple[list[int], str]:
    # The change time too: nobody can set it, so a copy that keeps the old times shows.
    now = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
    if known is not None and known[0] == now:
        return known
    sha = sha256_of(path)
    settled = time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > SETTLED_NS
    return (now if settled else [], sha)


def _digest(files: Mapping[str, str]) -> str:
    lines = "".join(f"{name}\0{sha}\n" for name, sha in sorted(files.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
